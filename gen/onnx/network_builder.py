"""Build a network operator by operator: each becomes a stage, or is folded into the stage before it."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from tospike.gen.onnx.drafts import LayerDraft, keeps
from tospike.gen.onnx.order import Image, Placement, arranged, image_of, inverse, is_permutation, placement, repetition
from tospike.gen.onnx.tensor import INPUT, NOTHING, Scaling, Tensor
from tospike.hw.params import require
from tospike.sim.network import (
    Add,
    Array,
    AveragePool2d,
    Conv2d,
    Dense,
    InputSpec,
    MaxPool2d,
    Network,
    Pointwise,
    QuantGrid,
    Shape,
    Synapses,
)

MATRIX = 1 << 20
"""Most weights of a layer that only reorders values."""


@dataclass(kw_only=True, eq=False)
class NetworkBuilder:
    """The stages so far, and the operations on the input."""

    shape: Shape
    """Shape of the input for one sample, with the batch."""
    scale: float = 1.0
    offset: float = 0.0
    affine: tuple[tuple[float, float], ...] = ()
    """Gain and bias of each operator on the input; ``scale`` and ``offset`` combine them."""
    grid: QuantGrid | None = None
    integers: QuantGrid | None = None
    """The values of an input of an integer type, until a DequantizeLinear tells what they represent."""
    order: Array | None = None
    """The index in a sample of each input; ``None``: in order."""
    image: Image | None = None
    """Shape of the input as an image, once it has been reordered."""
    drafts: list[LayerDraft] = field(default_factory=list)

    def add(self, name: str, synapses: Synapses, *tensors: Tensor) -> int:
        """Add a stage that takes ``tensors``, and return its index."""
        sources = tuple(tensor.stage for tensor in tensors)
        sole = not any(tensor.shared for tensor in tensors)
        taken = {draft.name for draft in self.drafts}
        again = next(n for n in range(len(taken) + 1) if (f"{name}_{n}" if n else name) not in taken)
        name = f"{name}_{again}" if again else name
        self.drafts.append(LayerDraft(name=name, synapses=synapses, sources=sources, sole=sole))
        return len(self.drafts) - 1

    def stage_tensor(self, stage: int, shape: Shape, *, shared: bool = False) -> Tensor:
        """Return the whole output of a stage, in order."""
        return Tensor(stage=stage, shape=shape, shared=shared)

    # ------------------------------------------------------------------------------------------------------ layout

    def outputs(self, stage: int) -> int:
        """Return the number of values of a stage, or of the input."""
        return math.prod(self.shape) if stage == INPUT else self.drafts[stage].synapses.outputs

    def image_at(self, stage: int) -> Image:
        """Return the shape in which a stage sends its values, or the input's; a vector has one position."""
        if stage == INPUT:
            return self.image or image_of(self.shape)
        if (image := self.drafts[stage].image) is not None:
            return image
        shape = self.drafts[stage].synapses.output_shape
        return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)

    def order_of(self, tensor: Tensor) -> Array | None:
        """Return the index of each value of a tensor in its stage's output; ``None``: in order."""
        if tensor.stage != INPUT or self.order is None:
            return tensor.order
        order = tensor.places.reshape(-1)
        return arranged(np.where(order == NOTHING, NOTHING, inverse(self.order)[order]))

    def is_whole(self, tensor: Tensor) -> bool:
        """Return whether a tensor holds all values of its stage, each once."""
        return tensor.order is None or is_permutation(tensor.order, self.outputs(tensor.stage))

    def fits(self, tensor: Tensor) -> bool:
        """Return whether a tensor's values are in order, and as an image have the shape in which its stage sends them;
        a vector can be taken as an image, and an image as a vector."""
        in_order = self.in_order(tensor)
        images = self.image_at(tensor.stage), image_of(tensor.shape)
        return in_order and (images[0] == images[1] or (1, 1) in (images[0][1:], images[1][1:]))

    def in_order(self, tensor: Tensor) -> bool:
        """Return whether a tensor's values are in order; the input is reordered to make it so, if nothing takes it
        yet."""
        if tensor.stage == INPUT and not self._is_taken and self.is_whole(tensor):
            self.order, self.image = tensor.order, image_of(tensor.shape)
        return self.order_of(tensor) is None

    def placement_of(self, tensor: Tensor, image: Image) -> Placement | None:
        """Return how a tensor, as an image, comes from the image that its stage sends; ``None`` if that is not a
        `Placement`."""
        if tensor.stage == INPUT and not self._is_taken and len(self.shape) in (3, 4):
            last_first = np.moveaxis(np.arange(math.prod(self.shape)).reshape(self.shape), -1, 1)
            self.order, self.image = arranged(last_first.reshape(-1)), image_of(last_first.shape)
            if found := placement(self._ordered(tensor), self.image_at(INPUT), image):
                return found
            self.order = self.image = None
        return placement(self._ordered(tensor), self.image_at(tensor.stage), image)

    def ordered(self, name: str, tensor: Tensor) -> Tensor:
        """Return a tensor's values in order, by a stage that moves them if nothing else does.

        Raises
        ------
        InputError
            No stage of a sensible size moves them.
        """
        tensor = self.settled(name, tensor)
        if self.fits(tensor):
            return replace(tensor, order=None)
        require(not tensor.is_code, f"node {name!r} moves the integers of a QuantizeLinear: move real values instead")
        image = image_of(tensor.shape)
        found = self.placement_of(tensor, image)
        synapses: Synapses | None = found.convolution() if found else None
        if synapses is None:
            synapses = repetition(self._ordered(tensor), self.image_at(tensor.stage), image)
        if synapses is None:
            inputs = self.outputs(tensor.stage)
            require(
                inputs * tensor.size <= MATRIX,
                f"node {name!r} takes values that a Transpose, Reshape or the like has reordered, which no layer "
                "undoes: export the network with channels first",
            )
            weight = (self._ordered(tensor)[:, None] == np.arange(inputs)).astype(np.float64)
            grid = QuantGrid(scale=np.ones(len(weight)), qmin=-1, qmax=1)
            synapses = Dense(weight=weight, bias=np.zeros(len(weight)), grid=grid)
        stage = self.add(f"{name}_order", synapses, tensor)
        self.drafts[stage].moves = True
        return self.stage_tensor(stage, tensor.shape, shared=tensor.shared)

    def _ordered(self, tensor: Tensor) -> Array:
        order = self.order_of(tensor)
        return np.arange(tensor.size) if order is None else order

    @property
    def _is_taken(self) -> bool:
        return any(INPUT in draft.sources for draft in self.drafts)

    # ------------------------------------------------------------------------------------------------------ values

    def scaled(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> Tensor:
        """Return ``factor * x + shift``, one for each value of a tensor: folded into the stage that sends them, by a
        new one, or left to what takes them."""
        if tensor.scaling is None and self.is_whole(tensor):
            stage = self._scaling_stage(name, tensor, factor, shift)
            if stage is not None:
                order = tensor.order if stage == tensor.stage else self.order_of(tensor)
                return replace(tensor, stage=stage, order=order, shared=tensor.shared and stage == tensor.stage)
        before = tensor.scaling or Scaling(factor=np.ones(tensor.size), shift=np.zeros(tensor.size))
        both = Scaling(factor=factor * before.factor, shift=factor * before.shift + shift)
        return replace(tensor, scaling=both)

    def settled(self, name: str, tensor: Tensor) -> Tensor:
        """Return a tensor whose scaling, if it has one, has been done by a stage."""
        if tensor.scaling is None:
            return tensor
        plain = replace(tensor, scaling=None)
        if not self.is_whole(plain):
            plain = self.ordered(name, plain)
        order = self.order_of(plain)
        factor, shift = tensor.scaling.factor, tensor.scaling.shift
        if order is not None:
            factor, shift = factor[inverse(order)], shift[inverse(order)]
        image = self.image_at(plain.stage)
        each = image if _is_uniform(factor, shift, image[0]) else (tensor.size, 1, 1)
        stage = self._channelwise(f"{name}_scale", plain, each, factor, shift)
        self.drafts[stage].image = image
        return replace(plain, stage=stage, order=order, shared=False)

    def _scaling_stage(self, name: str, tensor: Tensor, factor: Array, shift: Array) -> int | None:
        if tensor.stage == INPUT:
            gain, bias = float(factor[0]), float(shift[0])
            uniform = bool((factor == gain).all() and (shift == bias).all())
            if not tensor.shared and self.grid is None and uniform and gain > 0:
                self.scale /= gain
                self.offset -= bias * self.scale
                self.affine = (*self.affine, (gain, bias))
                return INPUT
            if len(tensor.shape) > 2 and not _is_uniform(factor, shift, image_of(tensor.shape)[0]):
                last_first = np.moveaxis(np.arange(tensor.size).reshape(tensor.shape), -1, 1)
                moved = last_first.reshape(-1)
                if _is_uniform(factor[moved], shift[moved], last_first.shape[1]):
                    self.in_order(tensor.picked(last_first, outputs=tensor.size))  # channels were last
        order = self.order_of(tensor)
        if order is not None:
            factor, shift = factor[inverse(order)], shift[inverse(order)]
        if tensor.stage != INPUT and not tensor.shared and self.drafts[tensor.stage].is_linear:
            draft = self.drafts[tensor.stage]
            channels = draft.synapses.channels
            if isinstance(draft.synapses, Dense | Conv2d | AveragePool2d) and _is_uniform(factor, shift, channels):
                draft.weigh()
                draft.scale(*(vector.reshape(channels, -1)[:, 0] for vector in (factor, shift)))
                return tensor.stage
        image = self.image_at(tensor.stage)
        if image[1:] == (1, 1) or not _is_uniform(factor, shift, image[0]):
            return None
        return self._channelwise(name, tensor, image, factor, shift)

    def activate(self, name: str, tensor: Tensor, low: float | None, high: float | None) -> Tensor:
        """Return values with bounds, by the stage that sends them or a new one."""
        tensor = self.settled(name, tensor)
        if not self.is_whole(tensor) and ((low is not None and low > 0) or (high is not None and high < 0)):
            tensor = self.ordered(name, tensor)
        stage = self._foldable_stage(tensor)
        if stage is None or stage == INPUT or self.drafts[stage].grid is not None:
            tensor = self._identity(name, tensor)
            stage = tensor.stage
        self.drafts[stage].clip(low, high, f"node {name!r}")
        return tensor

    def function(self, name: str, tensor: Tensor, function: Pointwise) -> Tensor:
        """Return a function of each value, by the stage that sends them or a new one."""
        tensor = self.settled(name, tensor)
        if not self.is_whole(tensor) and float(function(np.zeros(1))[0]) != 0.0:
            tensor = self.ordered(name, tensor)
        stage = self._foldable_stage(tensor)
        moves = stage != tensor.stage and not function.keeps_order
        if stage is None or stage == INPUT or moves or not self.drafts[stage].is_linear:
            tensor = self._identity(name, tensor)
            stage = tensor.stage
        self.drafts[stage].function = function
        return tensor

    def round(self, name: str, tensor: Tensor, grid: QuantGrid) -> Tensor:
        """Return values rounded to a trained quantiser's grid."""
        tensor = self.settled(name, tensor)
        source = self._pool_source(tensor.stage)
        if keeps(grid, self.grid_of(source)):
            return tensor  # rounding again changes nothing, and a pool only selects
        target = self._foldable_stage(tensor)
        if target is None or self.grid_of(target) is not None:
            tensor = self._identity(name, tensor)
            self.drafts[tensor.stage].grid = grid
        elif target == INPUT:
            self.grid = grid
        else:
            self._set_grid(target, grid)
        return tensor

    def _set_grid(self, stage: int, grid: QuantGrid) -> None:
        """Round the values of a stage; those of a concatenation before they are joined, so that the sum is exact."""
        draft = self.drafts[stage]
        draft.grid = grid
        if draft.moves and isinstance(draft.synapses, Add) and draft.sole and draft.low is draft.high is None:
            for source in draft.sources:
                if source != INPUT and self.drafts[source].grid is None:
                    self._set_grid(source, grid)

    def _keep_grids(self) -> None:
        """Let stages that only move values on a grid, with zeros between them, keep it."""
        for draft in self.drafts[:-1]:
            found = [self.grid_of(self._pool_source(source)) for source in draft.sources]
            grid = found[0]
            if not draft.moves or draft.grid is not None or grid is None or len(found) > 1:
                continue
            zero = grid.zero_point
            if zero == round(zero) and grid.qmin <= zero <= grid.qmax:
                draft.grid = QuantGrid(
                    scale=grid.scale, qmin=grid.qmin, qmax=grid.qmax, zero_point=zero, after=round(zero)
                )

    def grid_of(self, stage: int) -> QuantGrid | None:
        """Return the grid of the values of a stage, or of the input."""
        return self.grid or self.integers if stage == INPUT else self.drafts[stage].grid

    def code_of(self, tensor: Tensor) -> QuantGrid:
        """Return the grid of a tensor of integers."""
        grid = self.grid_of(self._pool_source(tensor.stage))
        assert grid is not None  # integers come only from quantisers
        return grid

    def dequantized(self, name: str, tensor: Tensor, scale: float, zero: float) -> Tensor:
        """Return the real values ``scale * (q - zero)`` of a tensor of integers q."""
        real, grid = replace(tensor, is_code=False), self.code_of(tensor)
        if grid is self.integers and self.grid is None:
            self.scale, self.offset, self.affine = 1 / scale, zero, ((1.0, -zero), (scale, 0.0))
            self.grid = QuantGrid(
                scale=np.asarray(scale), qmin=grid.qmin, qmax=grid.qmax, zero_point=zero, after=int(zero)
            )
            return real
        if (float(grid.scale), grid.zero_point) == (scale, zero):
            return real
        # another scale than the quantiser's: a factor and a shift of the values
        factor = scale / float(grid.scale)
        shift = scale * (grid.zero_point - zero)
        return self.scaled(name, real, np.full(tensor.size, factor), np.full(tensor.size, shift))

    def is_positive(self, stage: int) -> bool:
        """Return whether no value of a stage can be negative."""
        stage = self._pool_source(stage)
        if stage == INPUT:
            return False
        draft = self.drafts[stage]
        if isinstance(draft.synapses, AveragePool2d) and draft.is_linear:
            return self.is_positive(draft.sources[0])
        return draft.low is not None and draft.low >= 0 and draft.grid is None

    def is_unsigned(self, stage: int) -> bool:
        """Return whether the values of a stage are positive sums of values on grids without negative ones."""
        stage = self._pool_source(stage)
        grid = self.grid_of(stage)
        if grid is not None or stage == INPUT:
            return grid is not None and grid.qmin >= grid.zero_point
        draft = self.drafts[stage]
        return self.is_positive(stage) or (draft.adds_up and all(map(self.is_unsigned, draft.sources)))

    def narrow(self, name: str, tensor: Tensor, low: int | None, high: int | None) -> Tensor:
        """Return the integers of a quantiser with bounds."""
        grid = self.code_of(tensor)
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
        return tensor

    # ----------------------------------------------------------------------------------------------------- results

    def network(self, name: str) -> Network:
        """Return the network, after all operators have been added."""
        require(len(self.drafts) >= 1, "there are no layers: nothing to compute")
        order = () if self.order is None else tuple(int(index) for index in self.order)
        spec = InputSpec(
            inputs=math.prod(self.shape),
            scale=self.scale,
            offset=self.offset,
            affine=self.affine,
            grid=self.grid,
            order=order,
        )
        self._keep_grids()
        warnings = tuple(filter(None, (draft.settle_weights() for draft in self.drafts)))
        stages = tuple(draft.stage(index) for index, draft in enumerate(self.drafts))
        return Network(name=name, input=spec, stages=stages, warnings=warnings)

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

    def _identity(self, name: str, tensor: Tensor) -> Tensor:
        """Return the same values, by a stage of their own."""
        if not self.is_whole(tensor):
            tensor = self.ordered(name, tensor)
        size, order = self.outputs(tensor.stage), self.order_of(tensor)
        stage = self._channelwise(name, tensor, self.image_at(tensor.stage), np.ones(size), np.zeros(size))
        return replace(tensor, stage=stage, order=order, shared=False)

    def _channelwise(self, name: str, tensor: Tensor, image: Image, factor: Array, shift: Array) -> int:
        """Add a depthwise convolution of one tap, with weights of 1, -1 and 0 on a grid of their own."""
        factor, shift = (vector.reshape(image[0], -1)[:, 0] for vector in (factor, shift))
        synapses = Conv2d(
            shape=image,
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
