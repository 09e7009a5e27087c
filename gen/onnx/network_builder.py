"""Build a network operator by operator: each becomes a stage, or is folded into the stage before it."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from tospike.gen.onnx.order import arranged, inverse
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.hw.params import InputError, IntFormat, require
from tospike.sim.network import (
    Activation,
    Array,
    Conv2d,
    Dense,
    InputSpec,
    MaxPool2d,
    Network,
    QuantGrid,
    Stage,
    Synapses,
)

WEIGHTS = IntFormat(bits=8, signed=True)
"""Format of the widest weights."""


@dataclass(kw_only=True, eq=False)
class LayerDraft:
    """A stage that operators may still be folded into."""

    name: str
    synapses: Synapses
    sources: tuple[int, ...]
    sole: bool
    """Whether nothing else takes its inputs."""
    relu: bool = False
    maximum: float | None = None
    grid: QuantGrid | None = None

    @property
    def is_linear(self) -> bool:
        """Whether its sums have no activation yet."""
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


def _settle_weights(draft: LayerDraft) -> str:
    """Drop the grid of weights whose integers do not fit the hardware, and return a warning; empty if they fit.

    Such integers result from quantisers with a zero point, and from -128 times a negative factor.
    """
    synapses = draft.synapses
    if not isinstance(synapses, Dense | Conv2d):
        return ""
    finite = bool(np.isfinite(synapses.weight).all() and np.isfinite(synapses.bias).all())
    require(finite, f"node {draft.name!r} has infinite or NaN weights or biases after folding")
    if synapses.grid is None:
        return ""
    column = (-1,) + (1,) * (synapses.weight.ndim - 1)
    integers = np.rint(synapses.weight / np.reshape(synapses.grid.scale, column if synapses.grid.scale.ndim else ()))
    low, high = int(integers.min()), int(integers.max())
    if WEIGHTS.holds(low) and WEIGHTS.holds(high):
        return ""
    draft.synapses = replace(synapses, grid=None)
    return (
        f"node {draft.name!r} has integer weights from {low} to {high}, which do not fit {WEIGHTS.bits} signed bits: "
        "they are quantised again; quantised symmetrically (zero point 0, or 128 if unsigned; without -128 if a factor "
        "is negative), they would be exact"
    )


def _scaled_grid(grid: QuantGrid | None, factor: Array) -> QuantGrid | None:
    """Return the grid of weights times ``factor`` (channels,); negative factors mirror the integers."""
    if grid is None:
        return None
    low = min(grid.qmin, -grid.qmax) if (factor < 0).any() else grid.qmin
    high = max(grid.qmax, -grid.qmin) if (factor < 0).any() else grid.qmax
    size = np.where(factor == 0, 1.0, np.abs(factor))  # a dead channel's weights are zero on any grid
    return QuantGrid(scale=grid.scale * size, qmin=low, qmax=high)


@dataclass(kw_only=True, eq=False)
class NetworkBuilder:
    """The stages so far, and the operations on the input."""

    inputs: int
    scale: float = 1.0
    offset: float = 0.0
    affine: tuple[tuple[float, float], ...] = ()
    """Gain and bias of each operator on the input; ``scale`` and ``offset`` combine them."""
    grid: QuantGrid | None = None
    order: Array | None = None
    """The index in a sample of each input; ``None``: in order."""
    drafts: list[LayerDraft] = field(default_factory=list)

    def add(self, name: str, synapses: Synapses, *tensors: Tensor) -> int:
        """Add a stage that takes ``tensors``, and return its index."""
        sources = tuple(tensor.stage for tensor in tensors)
        sole = not any(tensor.shared for tensor in tensors)
        self.drafts.append(LayerDraft(name=name, synapses=synapses, sources=sources, sole=sole))
        return len(self.drafts) - 1

    def order_of(self, tensor: Tensor) -> Array | None:
        """Return the index of each value of a tensor in its stage's output; ``None``: in order."""
        if tensor.stage != INPUT or self.order is None:
            return tensor.order
        return arranged(inverse(self.order)[np.arange(self.inputs) if tensor.order is None else tensor.order])

    def in_order(self, tensor: Tensor) -> bool:
        """Return whether a tensor's values are in order; the input is reordered to make it so, if nothing takes it
        yet."""
        if tensor.stage == INPUT and not any(INPUT in draft.sources for draft in self.drafts):
            self.order = tensor.order
        return self.order_of(tensor) is None

    def image_shape(self, tensor: Tensor) -> tuple[int, int, int]:
        """Return the image shape of a tensor's values, for a stage that does not depend on their positions."""
        shape = tensor.shape
        if self.order_of(tensor) is not None:
            # channels first, as the stage sends them
            shape = (shape[2], *shape[:2]) if tensor.stage == INPUT else self.drafts[tensor.stage].synapses.output_shape
        return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (math.prod(shape), 1, 1)

    def scale_values(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> int:
        """Add ``y = factor * x + shift``, one for each value of a tensor, and return the stage: the one that sends
        them, if it can be folded, or a new one.

        Raises
        ------
        InputError
            The values of an image's channel are scaled differently.
        """
        if tensor.stage == INPUT:
            gain, bias = float(factor[0]), float(shift[0])
            uniform = bool((factor == gain).all() and (shift == bias).all())
            if not tensor.shared and self.grid is None and uniform and gain > 0:
                self.scale /= gain
                self.offset -= bias * self.scale
                self.affine = (*self.affine, (gain, bias))
                return INPUT
            if len(tensor.shape) == 3 and not _is_uniform(factor, shift, tensor.shape[0]):
                self.in_order(tensor.transposed((2, 0, 1)))  # channels are last: put them first
        order = self.order_of(tensor)
        if order is not None:
            factor, shift = factor[inverse(order)], shift[inverse(order)]
        if tensor.stage != INPUT and not tensor.shared and self.drafts[tensor.stage].is_linear:
            draft = self.drafts[tensor.stage]
            channels = draft.synapses.channels
            if isinstance(draft.synapses, Dense | Conv2d) and _is_uniform(factor, shift, channels):
                draft.scale(*(vector.reshape(channels, -1)[:, 0] for vector in (factor, shift)))
                return tensor.stage
        return self._channelwise(name, tensor, factor, shift)

    def activate(self, name: str, tensor: Tensor, *, relu: bool, maximum: float | None) -> int:
        """Add a ReLU, clipping or both, and return the stage that sends the result."""
        stage = self._foldable_stage(tensor)
        if stage is None or stage == INPUT or self.drafts[stage].grid is not None:
            target = stage = self._identity(name, tensor)
        else:
            target, stage = stage, tensor.stage
        draft = self.drafts[target]
        draft.relu = draft.relu or relu
        bounds = [bound for bound in (draft.maximum, maximum) if bound is not None]
        draft.maximum = min(bounds, default=None)
        return stage

    def round(self, name: str, tensor: Tensor, grid: QuantGrid) -> int:
        """Add rounding to a trained quantiser's grid, and return the stage that sends the result."""
        source = self._pool_source(tensor.stage)
        if _keeps(grid, self.grid_of(source)):
            return tensor.stage  # rounding again changes nothing, and a pool only selects
        target = self._foldable_stage(tensor)
        if target is None or self.grid_of(target) is not None:
            stage = self._identity(name, tensor)
            self.drafts[stage].grid = grid
            return stage
        if target == INPUT:
            self.grid = grid
        else:
            self.drafts[target].grid = grid
        return tensor.stage

    def grid_of(self, stage: int) -> QuantGrid | None:
        """Return the grid of the values of a stage, or of the input."""
        return self.grid if stage == INPUT else self.drafts[stage].grid

    def is_scaled(self, tensor: Tensor, scale: float, zero: float) -> bool:
        """Return whether the values have been rounded to a grid of that scale and zero point."""
        grid = self.grid_of(self._pool_source(tensor.stage))
        return grid is not None and (float(grid.scale), grid.zero_point) == (scale, zero)

    def narrow(self, name: str, tensor: Tensor, low: int | None, high: int | None) -> int:
        """Clip the integers of a quantiser, and return the stage that sends the result."""
        grid = self.grid_of(self._pool_source(tensor.stage))
        assert grid is not None  # integers come only from quantisers
        low = grid.qmin if low is None else max(grid.qmin, low)
        high = grid.qmax if high is None else min(grid.qmax, high)
        require(low < high, f"{name} leaves only integers from {low} to {high}: export it with other bounds")
        narrowed = replace(grid, qmin=low, qmax=high)
        stage = self._foldable_stage(tensor)
        if stage is None:
            return self.round(name, tensor, narrowed)
        if stage == INPUT:
            self.grid = narrowed
        else:
            self.drafts[stage].grid = narrowed
        return tensor.stage

    def network(self, name: str) -> Network:
        """Return the network, after all operators have been added."""
        require(len(self.drafts) >= 1, "there are no layers: nothing to compute")
        order = () if self.order is None else tuple(int(index) for index in self.order)
        spec = InputSpec(
            inputs=self.inputs, scale=self.scale, offset=self.offset, affine=self.affine, grid=self.grid, order=order
        )
        warnings = tuple(filter(None, map(_settle_weights, self.drafts)))
        stages = tuple(self._stage(i) for i in range(len(self.drafts)))
        return Network(name=name, input=spec, stages=stages, warnings=warnings)

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

    def _foldable_stage(self, tensor: Tensor) -> int | None:
        """Return the stage into which an activation can be folded, before any max-pools: monotone functions commute
        with them. ``None`` if something else takes the values in between.
        """
        stage, shared = tensor.stage, tensor.shared
        while not shared and stage != INPUT and isinstance(self.drafts[stage].synapses, MaxPool2d):
            stage, shared = self.drafts[stage].sources[0], not self.drafts[stage].sole
        return None if shared else stage

    def _identity(self, name: str, tensor: Tensor) -> int:
        size = math.prod(tensor.shape)
        return self._channelwise(name, tensor, np.ones(size), np.zeros(size))

    def _channelwise(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> int:
        """Add a depthwise convolution of one tap, with weights of 1, -1 and 0 on a grid of their own."""
        shape = self.image_shape(tensor)
        if not _is_uniform(factor, shift, shape[0]):
            raise InputError(f"node {name!r} scales the values of a channel differently, which is not supported")
        factor, shift = (vector.reshape(shape[0], -1)[:, 0] for vector in (factor, shift))
        synapses = Conv2d(
            shape=shape,
            weight=factor.reshape(-1, 1, 1, 1),
            bias=shift,
            groups=len(factor),
            grid=QuantGrid(scale=np.where(factor == 0, 1.0, np.abs(factor)), qmin=-1, qmax=1),
        )
        return self.add(name, synapses, tensor)


def _is_uniform(factor: Array, shift: Array, channels: int) -> bool:
    """Return whether all values of a channel have the same factor and shift."""
    parts = [vector.reshape(channels, -1) for vector in (factor, shift)]
    return all(bool((part == part[:, :1]).all()) for part in parts)


def _keeps(new: QuantGrid, old: QuantGrid | None) -> bool:
    """Return whether rounding to ``new`` changes no value on ``old``."""
    if old is None:
        return False
    exact = (old.zero_point, old.after, old.rounding) == (new.zero_point, new.after, new.rounding)
    return exact and float(old.scale) == float(new.scale) and new.qmin <= old.qmin and old.qmax <= new.qmax
