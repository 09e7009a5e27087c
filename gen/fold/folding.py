"""Fold a dense layer on a dataflow engine: how many inputs and neurons it processes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from tospike.hw.params import MAX_FOLD, MAX_PRODUCTS, ceil_div, require


@dataclass(frozen=True, kw_only=True)
class Fold:
    """``simd`` inputs of ``pe`` neurons at a time; results leave ``output_lanes`` at a time."""

    inputs: int
    outputs: int
    simd: int
    pe: int

    @property
    def words(self) -> int:
        """Cycles per group of neurons."""
        return ceil_div(self.inputs, self.simd)

    @property
    def cycles(self) -> int:
        """Cycles per frame."""
        return self.words * ceil_div(self.outputs, self.pe)

    @property
    def output_lanes(self) -> int:
        """The fewest lanes, and requantisers, with which a group's results leave before the next group's arrive."""
        return next(lanes for lanes in range(1, self.pe + 1) if self.pe % lanes == 0 and self.pe // lanes <= self.words)

    @property
    def cost(self) -> tuple[int, int, int]:
        """Resources, the most expensive first: multipliers, requantisers, accumulator adders."""
        return self.simd * self.pe, self.output_lanes, self.pe


def folds(inputs: int, outputs: int, *, input_lanes: int) -> Iterator[Fold]:
    """Yield all useful foldings of a layer whose input link has ``input_lanes`` lanes."""
    for simd in _useful_simd(inputs, input_lanes):
        for pe in sorted({ceil_div(outputs, groups) for groups in range(1, outputs + 1)}):
            fold = Fold(inputs=inputs, outputs=outputs, simd=simd, pe=pe)
            if simd * pe <= MAX_PRODUCTS and fold.cycles <= MAX_FOLD:
                yield fold


def cheapest_fold(inputs: int, outputs: int, *, input_lanes: int, cycles: int, name: str) -> Fold:
    """Return the cheapest folding that takes at most ``cycles`` per frame.

    Raises
    ------
    InputError
        There is none; ``name`` is the layer's, for the message.
    """
    fitting = [fold for fold in folds(inputs, outputs, input_lanes=input_lanes) if fold.cycles <= cycles]
    require(
        bool(fitting),
        f"layer {name!r} of {inputs} x {outputs} cannot be computed in {cycles} cycles: give a larger --fold",
    )
    return min(fitting, key=lambda fold: (fold.cost, fold.cycles))


def _useful_simd(inputs: int, lanes: int) -> list[int]:
    """Return the word sizes that beats can be converted to: divisors of a beat, and multiples that save a word."""
    divisors = {simd for simd in range(1, lanes + 1) if lanes % simd == 0}
    beats = ceil_div(inputs, lanes)
    multiples = {lanes * ceil_div(beats, words) for words in range(1, beats + 1)}
    return sorted(divisors | multiples)
