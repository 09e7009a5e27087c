"""Fold a layer on a dataflow engine: how many inputs and neurons it processes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tospike.hw.params import (
    MAX_FOLD,
    MAX_PRODUCTS,
    ImageWindow,
    InputError,
    ceil_div,
    fits_lanes,
    require,
)

ROTATED = 4
"""Values of kernel rows side by side whose way from the ring of rows costs about as much as an accumulator."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """``simd`` inputs of ``pe`` neurons at a time; results leave `output_lanes` at a time."""

    inputs: int
    outputs: int
    simd: int
    pe: int
    window: ImageWindow | None = None
    """The window of a convolution, whose words have ``simd`` values."""

    @property
    def words(self) -> int:
        """Cycles per group of neurons."""
        return ceil_div(self.inputs, self.simd)

    @property
    def frame_cycles(self) -> int:
        """Cycles per frame, or window."""
        return self.words * ceil_div(self.outputs, self.pe)

    @property
    def cycles(self) -> int:
        """Cycles per sample."""
        return self.frame_cycles * (1 if self.window is None else self.window.positions)

    @property
    def output_lanes(self) -> int:
        """The fewest lanes, and requantisers, with which a group's results leave before the next group's arrive; 0 if
        there are none."""
        whole = self.window is not None and self.window.positions > 1  # windows end with a whole beat
        return next(
            (
                lanes
                for lanes in range(1, self.pe + 1)
                if self.pe % lanes == 0 and self.pe // lanes <= self.words and not (whole and self.outputs % lanes)
            ),
            0,
        )

    @property
    def cost(self) -> tuple[int, int, int]:
        """Resources, the most expensive first: multipliers, requantisers, accumulator adders."""
        rotated = self.simd // ROTATED if self.window is not None and self.window.rows_at_once > 1 else 0
        return self.simd * self.pe, self.output_lanes, self.pe + rotated


def folds(inputs: int, outputs: int, *, input_lanes: int) -> Iterator[Fold]:
    """Yield all useful foldings of a dense layer whose input link has ``input_lanes`` lanes."""
    for simd in _useful_simd(inputs, input_lanes):
        yield from _groupings(Fold(inputs=inputs, outputs=outputs, simd=simd, pe=1))


def window_folds(window: ImageWindow, outputs: int, *, input_lanes: int) -> Iterator[Fold]:
    """Yield all foldings of a convolution whose input link has ``input_lanes`` lanes."""
    for lanes in window_lanes(window, input_lanes):
        for rows in sorted({1, window.kernel[0]}):
            try:
                here = replace(window, lanes=lanes, rows_at_once=rows)
            except InputError:  # its line buffer is too deep
                continue
            yield from _groupings(Fold(inputs=here.values, outputs=outputs, simd=here.width, pe=1, window=here))


def window_lanes(window: ImageWindow, input_lanes: int) -> list[int]:
    """Return the lanes that a line buffer can have behind a link."""
    channels = window.shape[0]
    return [n for n in range(1, channels + 1) if channels % n == 0 and fits_lanes(n, input_lanes)]


def cheapest_fold(inputs: int, outputs: int, *, input_lanes: int, cycles: int, name: str) -> Fold:
    """Return the cheapest folding of a dense layer that takes at most ``cycles`` per sample.

    Raises
    ------
    InputError
        There is none; ``name`` is the layer's, for the message.
    """
    return _cheapest(folds(inputs, outputs, input_lanes=input_lanes), cycles, f"layer {name!r} of {inputs} x {outputs}")


def cheapest_window_fold(window: ImageWindow, outputs: int, *, input_lanes: int, cycles: int, name: str) -> Fold:
    """Return the cheapest folding of a convolution that takes at most ``cycles`` per sample.

    Raises
    ------
    InputError
        There is none; ``name`` is the layer's, for the message.
    """
    what = f"layer {name!r} of {window.positions} windows of {window.values} x {outputs}"
    return _cheapest(window_folds(window, outputs, input_lanes=input_lanes), cycles, what)


def fewest_lanes(window: ImageWindow, *, input_lanes: int, cycles: int, name: str) -> int:
    """Return the fewest lanes with which a pool takes at most ``cycles`` per sample.

    Raises
    ------
    InputError
        There are none; ``name`` is the layer's, for the message.
    """
    values = window.positions * window.values
    possible = window_lanes(window, input_lanes)
    fitting = [n for n in possible if values // n <= cycles]
    require(
        bool(fitting),
        f"layer {name!r} of {window.positions} windows of {window.taps} x {window.shape[0]} cannot be pooled in "
        f"{cycles} cycles behind {input_lanes} lanes: give --fold {values // possible[-1]} or more",
    )
    return fitting[0]


def _groupings(fold: Fold) -> Iterator[Fold]:
    """Yield a folding with each useful number of neurons per group."""
    for pe in sorted({ceil_div(fold.outputs, groups) for groups in range(1, fold.outputs + 1)}):
        grouped = replace(fold, pe=pe)
        if grouped.simd * pe <= MAX_PRODUCTS and grouped.frame_cycles <= MAX_FOLD and grouped.output_lanes:
            yield grouped


def _cheapest(possible: Iterator[Fold], cycles: int, what: str) -> Fold:
    found = list(possible)
    fitting = [fold for fold in found if fold.cycles <= cycles]
    least = min((fold.cycles for fold in found), default=0)
    way_out = f"give --fold {least} or more" if least else "it is too large for any folding"
    require(bool(fitting), f"{what} cannot be computed in {cycles} cycles: {way_out}")
    return min(fitting, key=lambda fold: (fold.cost, fold.cycles))


def _useful_simd(inputs: int, lanes: int) -> list[int]:
    """Return the word sizes that beats can be converted to: divisors of a beat, and multiples that save a word."""
    divisors = {simd for simd in range(1, lanes + 1) if lanes % simd == 0}
    beats = ceil_div(inputs, lanes)
    multiples = {lanes * ceil_div(beats, words) for words in range(1, beats + 1)}
    return sorted(divisors | multiples)
