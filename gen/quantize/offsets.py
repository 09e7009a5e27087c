"""Move the constant parts of an ANN's activations into the biases of their readers.

If a channel's least value over all inputs is above 0 (for example, if it is constant because of a large bias), its
layer's grid must include that value, which costs all other channels levels. So the constant part becomes a bias of the
channel's readers::

    relu(w x + b) = relu(w x + b - c) + c        for all x, where w x + b >= c >= 0

The rest of the channel starts at 0. The network's results are the same, apart from floating-point rounding.
`docs/explanation/quantisation.md` says where nothing can be moved.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError
from tospike.sim.network import Activation, Add, AveragePool2d, Conv2d, Dense, MaxPool2d, Network, Stage, SumPool2d
from tospike.sim.network.pointwise import WIDE

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Range = tuple[Floats, Floats]
"""(channels,) least and greatest values."""

NEGLIGIBLE = 2.0**-24
"""A channel that varies by no more than this fraction of its value is constant, as it is in float32."""
POINTS = 1025
"""Points at which a function is looked at to find its range: it may rise and fall."""


def move_offsets(
    network: Network, ends: tuple[float, float], *, never_zero: Collection[str] = ()
) -> tuple[Network, tuple[int, ...]]:
    """Return the network with the constant parts of its channels moved into the biases of their readers.

    Parameters
    ----------
    network
        A network of :class:`Activation` stages.
    ends
        The least and the greatest value of an input.
    never_zero
        Names of stages whose weights will be +1 and -1. In all others, weights of constant inputs become 0.

    Returns
    -------
    The network, and the number of channels of each stage with an offset moved. Unchanged stages are the same objects.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # infinity and NaN are not moved
        mover = _Mover(network=network, stages=list(network.stages), ranges=[])
        counts = tuple(
            mover.visit(index, ends, drop=network.stages[index].name not in never_zero)
            for index in range(len(network.stages))
        )
    return replace(network, stages=tuple(mover.stages)), counts


def _activations(neuron: Activation, sums: Range) -> Range:
    """Return the range of the activations of sums within a range."""
    if neuron.function is None:
        low, high = (np.asarray(neuron(end), dtype=np.float64) for end in sums)
        return low, high
    first, last = (np.clip(end, WIDE.min(), WIDE.max()) for end in sums)
    values = neuron(np.linspace(first, last, POINTS))
    return np.nanmin(values, axis=0), np.nanmax(values, axis=0)


@dataclass(kw_only=True, eq=False)
class _Mover:
    """Moves offsets, stage by stage in order."""

    network: Network
    stages: list[Stage]
    """The stages, with the changes so far."""
    ranges: list[Range]
    """The output range of each stage visited."""

    def visit(self, index: int, ends: tuple[float, float], *, drop: bool) -> int:
        """Move the offsets of stage ``index``, and return for how many channels. ``drop`` weights of constant inputs
        first."""
        given = [self._given(index, source, ends) for source in self.network.sources(index)]
        if drop:
            self._drop(index, given[0])
        stage = self.stages[index]
        neuron = stage.neuron
        if not isinstance(neuron, Activation):
            raise InputError(f"stage {stage.name!r} is quantised: give the network as trained")
        sums = _sum_range(stage, given)
        low, high = _activations(neuron, sums)
        offset = np.zeros_like(low)
        is_plain = neuron.grid is None and neuron.function is None
        if is_plain and not isinstance(stage.synapses, MaxPool2d | AveragePool2d):
            movable = self._movable(index) & np.isfinite(low) & np.isfinite(high)
            constant = movable & _is_zeroable(stage) & (high - low <= NEGLIGIBLE * np.maximum(abs(low), abs(high)))
            clips = np.zeros_like(movable) if neuron.maximum is None else sums[1] > neuron.maximum
            clips |= np.zeros_like(movable) if neuron.minimum is None else sums[0] < neuron.minimum
            offset = np.where(movable & ~clips, _least(stage, low, high), 0.0)
            offset = np.where(constant, (low + high) / 2, offset)
            self._subtract(index, offset, constant)
            self._add_to_readers(index, offset)
            low, high = (np.where(constant, 0.0, end - offset) for end in (low, high))
        self.ranges.append((low, high))
        return int(np.count_nonzero(offset))

    def _given(self, index: int, source: int, ends: tuple[float, float]) -> Range:
        """Return (inputs,) the range of each input from ``source``."""
        low, high = self.ranges[source] if source >= 0 else (np.array([end]) for end in ends)
        each = self.stages[index].synapses.inputs // len(low)
        return np.repeat(low, each), np.repeat(high, each)

    def _drop(self, index: int, given: Range) -> None:
        """Turn weights of constant inputs into a bias: they would only make the weight scale coarser."""
        synapses = self.stages[index].synapses
        if not isinstance(synapses, Dense | Conv2d) or synapses.grid is not None:
            return
        low, high = given
        weight: Floats = synapses.weight
        if isinstance(synapses, Conv2d):
            low, high = (_per_output(synapses, end) for end in _by_channel(given, synapses.shape[0]))
            weight = weight.sum(axis=(2, 3))
        movement = abs(synapses.weight.reshape(*weight.shape, -1)).sum(axis=2) * (high - low)
        total = movement.sum(axis=1, keepdims=True)
        still = (movement <= NEGLIGIBLE * total) & np.isfinite(total)
        if isinstance(synapses, Conv2d) and any(synapses.padding):
            still &= (low == 0) & (high == 0)
        if isinstance(synapses, Dense) or synapses.groups == 1:
            still[:] = still.all(axis=0)
        if (weight[still] != 0).any():
            middle = np.where(still, (low + high) / 2, 0.0)
            kept = ~still.reshape(*still.shape, *[1] * (synapses.weight.ndim - 2))
            self._replace(
                index, weight=np.where(kept, synapses.weight, 0), bias=synapses.bias + (weight * middle).sum(axis=1)
            )

    def _readers(self, index: int) -> list[tuple[int, int]]:
        """Return the readers of a stage's output, and as which of its sources each of them reads it."""
        later = range(index + 1, len(self.stages))
        return [(to, at) for to in later for at, source in enumerate(self.network.sources(to)) if source == index]

    def _movable(self, index: int) -> Mask:
        """Return (channels,) whether all readers of a channel can take an offset into their bias."""
        channels, readers = self.stages[index].synapses.channels, self._readers(index)
        takes = [self._takes(channels, to) for to, _ in readers]
        return np.full(channels, bool(readers)) & np.all(takes, axis=0) if readers else np.zeros(channels, dtype=bool)

    def _takes(self, channels: int, reader: int) -> Mask:
        synapses, neuron = self.stages[reader].synapses, self.stages[reader].neuron
        if isinstance(synapses, Dense):
            return np.ones(channels, dtype=bool)
        if synapses.shape[0] != channels:  # a vector read as an image
            return np.zeros(channels, dtype=bool)
        if isinstance(synapses, MaxPool2d | AveragePool2d):  # without a bias: their readers have one
            padded = isinstance(synapses, AveragePool2d) and any(synapses.window.padding)
            passes = neuron == Activation(relu=False) and not padded
            return self._movable(reader) if passes else np.zeros(channels, dtype=bool)
        padded = not isinstance(synapses, Add) and any(synapses.window.padding)
        return np.full(channels, not padded)

    def _subtract(self, index: int, offset: Floats, constant: Mask) -> None:
        synapses = self.stages[index].synapses
        assert not isinstance(synapses, MaxPool2d | AveragePool2d)
        bias = np.where(constant, 0.0, synapses.bias - offset)
        if isinstance(synapses, Dense | Conv2d) and synapses.weight[constant].any():
            column = constant.reshape(-1, *[1] * (synapses.weight.ndim - 1))
            self._replace(index, weight=np.where(column, 0, synapses.weight))
        if (bias != synapses.bias).any():
            self._replace(index, bias=bias)

    def _add_to_readers(self, index: int, offset: Floats) -> None:
        if not offset.any():
            return
        for reader, position in self._readers(index):
            synapses = self.stages[reader].synapses
            match synapses:
                case Dense():
                    more = synapses.weight @ np.repeat(offset, synapses.inputs // len(offset))
                case Conv2d():
                    more = (synapses.weight.sum(axis=(2, 3)) * _per_output(synapses, offset)).sum(axis=1)
                case SumPool2d():
                    more = synapses.window.taps * offset
                case Add():
                    more = synapses.weight[position] * offset
                case _:
                    self._add_to_readers(reader, offset)
                    continue
            self._replace(reader, bias=synapses.bias + more)

    def _replace(self, index: int, **arrays: Floats) -> None:
        stage = self.stages[index]
        synapses: Any = stage.synapses
        self.stages[index] = replace(stage, synapses=replace(synapses, **arrays))


def _is_zeroable(stage: Stage) -> bool:
    return isinstance(stage.synapses, Dense | Conv2d) and stage.synapses.grid is None


def _least(stage: Stage, low: Floats, high: Floats) -> Floats:
    """Return (channels,) the value nearest to 0 in the range of each channel."""
    offset = np.where(low > 0, low, np.where(high < 0, high, 0.0))
    if isinstance(stage.synapses, SumPool2d | Add):  # a change of the bias's sign could make results negative
        bias = stage.synapses.bias
        offset = np.clip(offset, np.minimum(bias, 0), np.maximum(bias, 0))
    return offset


def _sum_range(stage: Stage, given: list[Range]) -> Range:
    """Return (channels,) the range of a stage's sums with bias, from the (inputs,) ranges of its sources."""
    synapses = stage.synapses
    if isinstance(synapses, Dense):
        return _weighted(synapses.weight, synapses.bias, *given[0])
    images = [_by_channel(values, synapses.shape[0]) for values in given]
    if isinstance(synapses, Add):
        products = [
            _sorted(weight * low, weight * high) for weight, (low, high) in zip(synapses.weight, images, strict=True)
        ]
        low, high = (first + second + synapses.bias for first, second in zip(*products, strict=True))
        return low, high
    low, high = images[0]
    if not isinstance(synapses, MaxPool2d) and any(synapses.window.padding):
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    if isinstance(synapses, Conv2d):
        weight = synapses.weight.reshape(*synapses.weight.shape[:2], -1)
        rows = weight.reshape(len(weight), -1)
        taps = weight.shape[2]
        ends = (np.repeat(_per_output(synapses, end), taps, axis=1) for end in (low, high))
        return _weighted(rows, synapses.bias, *ends)
    if isinstance(synapses, SumPool2d):
        return synapses.window.taps * low + synapses.bias, synapses.window.taps * high + synapses.bias
    return low, high


def _weighted(weight: Floats, bias: Floats, low: Floats, high: Floats) -> Range:
    least, most = _sorted(weight * low, weight * high)
    return bias + least.sum(axis=1), bias + most.sum(axis=1)


def _sorted(first: Floats, second: Floats) -> Range:
    """Return the elementwise minimum and maximum."""
    return np.minimum(first, second), np.maximum(first, second)


def _by_channel(values: Range, channels: int) -> Range:
    low, high = (end.reshape(channels, -1) for end in values)
    return low.min(axis=1), high.max(axis=1)


def _per_output(synapses: Conv2d, of_input: Floats) -> Floats:
    """Return (input channels,) as (output channels, input channels that each reads), those of its group."""
    if synapses.groups == 1:
        return np.broadcast_to(of_input, synapses.weight.shape[:2])
    return np.repeat(of_input.reshape(synapses.groups, -1), len(synapses.weight) // synapses.groups, axis=0)
