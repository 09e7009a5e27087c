"""Stages that operators of a graph may still be folded into."""

from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.onnx.order import Image
from tospike.hw.params import IntFormat, require
from tospike.sim.network import (
    Activation,
    Add,
    Array,
    AveragePool2d,
    Conv2d,
    Dense,
    Pointwise,
    QuantGrid,
    Stage,
    Synapses,
)

WEIGHTS = IntFormat(bits=9, signed=True)
"""Format of the widest weights: an unsigned byte less its zero point."""


@dataclass(kw_only=True, eq=False)
class LayerDraft:
    """A stage that operators may still be folded into."""

    name: str
    synapses: Synapses
    sources: tuple[int, ...]
    sole: bool
    """Whether nothing else takes its inputs."""
    low: float | None = None
    """Lower bound of its activations; 0: a ReLU."""
    high: float | None = None
    grid: QuantGrid | None = None
    function: Pointwise | None = None
    """Computed before the bounds."""
    moves: bool = False
    """Whether it only moves values, or adds ones of which all but one are 0."""
    image: Image | None = None
    """Shape in which its values are an image, if it is not that of its synapses."""

    @property
    def is_linear(self) -> bool:
        """Whether its sums have no activation yet."""
        return self.low is None and self.high is None and self.grid is None and self.function is None

    @property
    def adds_up(self) -> bool:
        """Whether its sums of values that are not negative are not negative."""
        synapses = self.synapses
        if isinstance(synapses, Dense | Conv2d | Add):
            return bool((synapses.weight >= 0).all() and (synapses.bias >= 0).all())
        return True

    @property
    def keeps_zero(self) -> bool:
        """Whether a sum of 0 gives 0: without bias, such a channel is 0 whatever the input."""
        bounded = (self.low is None or self.low <= 0) and (self.high is None or self.high >= 0)
        return bounded and self.grid is None and self.function is None

    def weigh(self) -> None:
        """Turn a mean into a convolution with equal weights, which can be scaled."""
        pool = self.synapses
        if not isinstance(pool, AveragePool2d):
            return
        channels, taps = pool.channels, pool.window.taps
        self.synapses = Conv2d(
            shape=pool.shape,
            weight=np.full((channels, 1, *pool.window.kernel), 1 / taps),
            bias=np.zeros(channels),
            stride=pool.window.stride,
            padding=pool.window.padding,
            groups=channels,
            grid=QuantGrid(scale=np.full(channels, 1 / taps), qmin=-1, qmax=1),
        )

    def scale(self, factor: Array, shift: Array) -> None:
        """Fold ``y = factor * x + shift``, (channels,) each, into weights and bias."""
        synapses = self.synapses
        assert isinstance(synapses, Dense | Conv2d)
        column = (-1,) + (1,) * (synapses.weight.ndim - 1)
        self.synapses = replace(
            synapses,
            weight=synapses.weight * factor.reshape(column),
            bias=synapses.bias * factor + shift,
            grid=_scaled_grid(synapses.grid, factor),
        )

    def clip(self, low: float | None, high: float | None, name: str) -> None:
        """Fold bounds of the activations, after those that it has.

        Raises
        ------
        InputError
            One value is left.
        """
        least = [bound for bound in (self.low, low) if bound is not None]
        most = [bound for bound in (self.high, high) if bound is not None]
        self.low, self.high = max(least, default=None), min(most, default=None)
        none = self.low is not None and self.high is not None and self.low >= self.high
        require(not none, f"{name} leaves no values between {self.low} and {self.high}: export other bounds")

    def select(self, rows: Array) -> None:
        """Replace its output channels by those at ``rows``; -1 is a channel that is always 0."""
        synapses = self.synapses
        assert isinstance(synapses, Dense | Conv2d)
        there = rows >= 0
        column = there.reshape(-1, *[1] * (synapses.weight.ndim - 1))
        grid = synapses.grid
        if grid is not None:
            scale = np.broadcast_to(grid.scale, len(synapses.weight))
            grid = replace(grid, scale=np.where(there, scale[rows], 1.0))
        self.synapses = replace(
            synapses,
            weight=np.where(column, synapses.weight[rows], 0.0),
            bias=np.where(there, synapses.bias[rows], 0.0),
            grid=grid,
        )

    def settle_weights(self) -> str:
        """Drop the grid of weights whose integers do not fit the hardware, and return a warning; empty if they fit.

        Such integers result from quantisers with a zero point beyond their range.
        """
        synapses = self.synapses
        if not isinstance(synapses, Dense | Conv2d):
            return ""
        finite = bool(np.isfinite(synapses.weight).all() and np.isfinite(synapses.bias).all())
        require(finite, f"node {self.name!r} has infinite or NaN weights or biases after folding")
        if synapses.grid is None:
            return ""
        column = (-1,) + (1,) * (synapses.weight.ndim - 1)
        scale = np.reshape(synapses.grid.scale, column if synapses.grid.scale.ndim else ())
        integers = np.rint(synapses.weight / scale)
        low, high = int(integers.min()), int(integers.max())
        if WEIGHTS.holds(low) and WEIGHTS.holds(high):
            return ""
        self.synapses = replace(synapses, grid=None)
        return (
            f"node {self.name!r} has integer weights from {low} to {high}, which do not fit {WEIGHTS.bits} signed "
            "bits: they are quantised again; with a zero point within the range of their integers, they would be exact"
        )

    def stage(self, index: int) -> Stage:
        """Return the stage, as number ``index`` of the network."""
        is_relu = self.low == 0
        neuron = Activation(
            relu=is_relu,
            minimum=None if is_relu else self.low,
            maximum=self.high,
            grid=self.grid,
            function=self.function,
        )
        sources = () if self.sources == (index - 1,) else self.sources
        return Stage(name=self.name, synapses=self.synapses, neuron=neuron, sources=sources)


def _scaled_grid(grid: QuantGrid | None, factor: Array) -> QuantGrid | None:
    """Return the grid of weights times ``factor`` (channels,); negative factors mirror the integers."""
    if grid is None:
        return None
    low = min(grid.qmin, -grid.qmax) if (factor < 0).any() else grid.qmin
    high = max(grid.qmax, -grid.qmin) if (factor < 0).any() else grid.qmax
    size = np.where(factor == 0, 1.0, np.abs(factor))  # a dead channel's weights are zero on any grid
    return QuantGrid(scale=grid.scale * size, qmin=low, qmax=high)


def keeps(new: QuantGrid, old: QuantGrid | None) -> bool:
    """Return whether rounding to ``new`` changes no value on ``old``."""
    if old is None:
        return False
    exact = (old.zero_point, old.after, old.rounding) == (new.zero_point, new.after, new.rounding)
    return exact and float(old.scale) == float(new.scale) and new.qmin <= old.qmin and old.qmax <= new.qmax
