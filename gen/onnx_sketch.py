"""A network while it is imported: operators become stages, or are folded into the stage before them."""

from dataclasses import dataclass, field, replace

import numpy as np

from tospike.hw.params import require
from tospike.sim.network import (
    Activation,
    Array,
    Conv2d,
    Dense,
    Grid,
    InputSpec,
    MaxPool2d,
    Network,
    Shape,
    Stage,
    Synapses,
)

INPUT = -1
"""The network's input where the index of a stage is meant."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Values on their way: what a stage sends, possibly reshaped."""

    stage: int
    shape: Shape
    """Of one sample."""
    shared: bool
    """More than one operator takes it, so that nothing can be folded into the stage behind it any more."""


@dataclass(kw_only=True, eq=False)
class _Draft:
    """A stage that operators may still be folded into."""

    name: str
    synapses: Synapses
    sources: tuple[int, ...]
    sole: bool
    """Nothing else takes its inputs."""
    relu: bool = False
    maximum: float | None = None
    grid: Grid | None = None

    @property
    def is_linear(self) -> bool:
        """Whether nothing follows the sums yet."""
        return not self.relu and self.maximum is None and self.grid is None

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


def _scaled_grid(grid: Grid | None, factor: Array) -> Grid | None:
    """The grid of weights that are multiplied by ``factor`` (channels,); negative factors mirror the integers."""
    if grid is None:
        return None
    low = min(grid.low, -grid.high) if (factor < 0).any() else grid.low
    high = max(grid.high, -grid.low) if (factor < 0).any() else grid.high
    size = np.where(factor == 0, 1.0, np.abs(factor))  # a dead channel's weights are zero on any grid
    return Grid(scale=grid.scale * size, low=low, high=high)


@dataclass(kw_only=True, eq=False)
class Sketch:
    """The stages so far, and what happens to the input."""

    inputs: int
    scale: float = 1.0
    offset: float = 0.0
    grid: Grid | None = None
    drafts: list[_Draft] = field(default_factory=list)

    def add(self, name: str, synapses: Synapses, *tensors: Tensor) -> int:
        """A new stage that takes ``tensors``; its index."""
        sources = tuple(tensor.stage for tensor in tensors)
        sole = not any(tensor.shared for tensor in tensors)
        self.drafts.append(_Draft(name=name, synapses=synapses, sources=sources, sole=sole))
        return len(self.drafts) - 1

    def scale_channels(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> int:
        """``y = factor * x + shift``, (channels,) each: folded into the stage before or the input, or a new stage."""
        if tensor.stage == INPUT:
            gain, bias = float(factor[0]), float(shift[0])
            uniform = bool((factor == gain).all() and (shift == bias).all())
            if not tensor.shared and self.grid is None and uniform and gain > 0:
                self.scale /= gain
                self.offset -= bias * self.scale
                return INPUT
        elif not tensor.shared and self.drafts[tensor.stage].is_linear:
            draft = self.drafts[tensor.stage]
            if isinstance(draft.synapses, Dense | Conv2d) and draft.synapses.channels == len(factor):
                draft.scale(factor, shift)
                return tensor.stage
        return self._channelwise(name, tensor, factor, shift)

    def activate(self, name: str, tensor: Tensor, *, relu: bool, maximum: float | None) -> int:
        """ReLU, clipping or both."""
        stage = self._behind_pools(tensor)
        if stage is None or stage == INPUT or self.drafts[stage].grid is not None:
            target = stage = self._identity(name, tensor)
        else:
            target, stage = stage, tensor.stage
        draft = self.drafts[target]
        draft.relu = draft.relu or relu
        bounds = [bound for bound in (draft.maximum, maximum) if bound is not None]
        draft.maximum = min(bounds, default=None)
        return stage

    def round(self, name: str, tensor: Tensor, grid: Grid) -> int:
        """Round to a trained quantiser's grid."""
        source = self._pool_source(tensor.stage)
        if _same(self.grid_of(source), grid):
            return tensor.stage  # rounding twice is rounding once, and a pool selects
        target = self._behind_pools(tensor)
        if target is None or self.grid_of(target) is not None:
            stage = self._identity(name, tensor)
            self.drafts[stage].grid = grid
            return stage
        if target == INPUT:
            self.grid = grid
        else:
            self.drafts[target].grid = grid
        return tensor.stage

    def grid_of(self, stage: int) -> Grid | None:
        """The grid that the values of a stage, or the input, are on."""
        return self.grid if stage == INPUT else self.drafts[stage].grid

    def is_on(self, tensor: Tensor, grid: Grid) -> bool:
        """Whether the values have been rounded to that grid."""
        return _same(self.grid_of(self._pool_source(tensor.stage)), grid)

    def network(self, name: str) -> Network:
        """The network, once all operators are in."""
        require(len(self.drafts) >= 1, "there are no layers: nothing to compute")
        spec = InputSpec(inputs=self.inputs, scale=self.scale, offset=self.offset, grid=self.grid)
        return Network(name=name, input=spec, stages=tuple(self._stage(i) for i in range(len(self.drafts))))

    def _stage(self, index: int) -> Stage:
        draft = self.drafts[index]
        return Stage(
            name=draft.name,
            synapses=draft.synapses,
            neuron=Activation(relu=draft.relu, maximum=draft.maximum, grid=draft.grid),
            sources=() if draft.sources == (index - 1,) else draft.sources,
        )

    def _pool_source(self, stage: int) -> int:
        while stage != INPUT and isinstance(self.drafts[stage].synapses, MaxPool2d):
            stage = self.drafts[stage].sources[0]
        return stage

    def _behind_pools(self, tensor: Tensor) -> int | None:
        """The stage that an activation can be folded into: monotone functions commute with max-pooling.

        ``None`` if something else takes the values on the way.
        """
        stage, shared = tensor.stage, tensor.shared
        while not shared and stage != INPUT and isinstance(self.drafts[stage].synapses, MaxPool2d):
            stage, shared = self.drafts[stage].sources[0], not self.drafts[stage].sole
        return None if shared else stage

    def _identity(self, name: str, tensor: Tensor) -> int:
        channels = tensor.shape[0]
        return self._channelwise(name, tensor, np.ones(channels), np.zeros(channels))

    def _channelwise(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> int:
        """A depthwise convolution of one tap; its weights are 1, -1 and 0 on a grid of their own."""
        height, width = tensor.shape[1:] if len(tensor.shape) == 3 else (1, 1)
        synapses = Conv2d(
            shape=(len(factor), height, width),
            weight=factor.reshape(-1, 1, 1, 1),
            bias=shift,
            groups=len(factor),
            grid=Grid(scale=np.where(factor == 0, 1.0, np.abs(factor)), low=-1, high=1),
        )
        return self.add(name, synapses, tensor)


def _same(one: Grid | None, other: Grid) -> bool:
    if one is None:
        return False
    exact = (one.low, one.high, one.zero, one.ties_up) == (other.low, other.high, other.zero, other.ties_up)
    return exact and float(one.scale) == float(other.scale)
