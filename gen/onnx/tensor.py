"""Values on their way through an ONNX graph."""

import math
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.onnx.order import arranged
from tospike.sim.network import Array, Shape

INPUT = -1
"""The network's input where the index of a stage is meant."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """What a stage sends, possibly reshaped or transposed."""

    stage: int
    shape: Shape
    """Of one sample, in the file's layout."""
    shared: bool
    """More than one operator takes it, so that nothing can be folded into the stage behind it any more."""
    order: Array | None = None
    """Which of the values that the stage sends each of these is; ``None``: they come in order."""
    is_code: bool = False
    """It is the integers of a quantiser, not what they stand for."""

    def reshaped(self, shape: Shape) -> "Tensor":
        """Return the same values in another shape."""
        return replace(self, shape=shape)

    def transposed(self, axes: tuple[int, ...]) -> "Tensor":
        """With the axes of a sample in another order."""
        order = np.arange(math.prod(self.shape)) if self.order is None else self.order
        moved = order.reshape(self.shape).transpose(axes)
        return replace(self, shape=moved.shape, order=arranged(moved.reshape(-1)))
