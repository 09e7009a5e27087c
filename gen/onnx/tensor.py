"""Tensors of an ONNX graph, as outputs of stages."""

import math
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.onnx.order import arranged
from tospike.sim.network import Array, Shape

INPUT = -1
"""The network's input, where an index of a stage is expected."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """The output of a stage, possibly reshaped or transposed."""

    stage: int
    shape: Shape
    """Shape of a sample, in the file's layout."""
    shared: bool
    """Whether several operators take it, so that nothing more can be folded into its stage."""
    order: Array | None = None
    """The index of each value in the stage's output; ``None``: in order."""
    is_code: bool = False
    """Whether its values are the integers of a quantiser, not the real values that they represent."""

    def reshaped(self, shape: Shape) -> "Tensor":
        """Return the same values in another shape."""
        return replace(self, shape=shape)

    def transposed(self, axes: tuple[int, ...]) -> "Tensor":
        """Return the same values with the axes of a sample permuted."""
        order = np.arange(math.prod(self.shape)) if self.order is None else self.order
        moved = order.reshape(self.shape).transpose(axes)
        return replace(self, shape=moved.shape, order=arranged(moved.reshape(-1)))
