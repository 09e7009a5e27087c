"""Tensors of an ONNX graph, as values of a stage."""

import math
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.onnx.order import arranged
from tospike.sim.network import Array, Shape

INPUT = -1
"""The network's input, where an index of a stage is expected."""
NOTHING = -1
"""A value that is 0 whatever the input, where an index of a value is expected."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """A factor and a shift for each value of a tensor, to be applied by what takes it."""

    factor: Array
    shift: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """Values of the output of a stage: reshaped, reordered, selected, padded with zeros, scaled."""

    stage: int
    shape: Shape
    """Shape in the file for a batch of one sample: the first axis, if it is the batch, has size 1."""
    shared: bool
    """Whether several operators take it, so that nothing more can be folded into its stage."""
    order: Array | None = None
    """The index of each value in the stage's output, or `NOTHING`; ``None``: all values in order."""
    is_code: bool = False
    """Whether its values are the integers of a quantiser, not the real values that they represent."""
    scaling: Scaling | None = None
    """What is still to be done to its values, if no stage has done it."""

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def places(self) -> Array:
        """The index of each value in the stage's output, in the tensor's shape."""
        order = np.arange(self.size) if self.order is None else self.order
        return order.reshape(self.shape)

    def reshaped(self, shape: Shape) -> "Tensor":
        """Return the same values in another shape."""
        return replace(self, shape=shape)

    def moved(self, places: Array, *, outputs: int) -> "Tensor":
        """Return other values of the same stage, which has ``outputs`` values: an index, or `NOTHING`, for each.

        A tensor with a `scaling` moves by `picked`.
        """
        order = arranged(places.reshape(-1)) if places.size == outputs else places.reshape(-1)
        return replace(self, shape=places.shape, order=order)

    def picked(self, index: Array, *, outputs: int) -> "Tensor":
        """Return the values at ``index`` (flat, or `NOTHING`), with their scaling, in the shape of ``index``."""
        there = index != NOTHING
        picked = self.moved(np.where(there, self.places.reshape(-1)[index], NOTHING), outputs=outputs)
        if self.scaling is None:
            return picked
        vectors = ((self.scaling.factor, 1.0), (self.scaling.shift, 0.0))
        factor, shift = (np.where(there, vector[index], other).reshape(-1) for vector, other in vectors)
        return replace(picked, scaling=Scaling(factor=factor, shift=shift))
