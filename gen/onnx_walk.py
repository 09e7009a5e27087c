"""The state of an import: the graph, the network so far, and which of its values each tensor holds."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from tospike.gen.onnx_graph import Constant, Graph
from tospike.gen.onnx_sketch import INPUT, Sketch, Tensor
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, Shape


@dataclass(kw_only=True, eq=False)
class Walk:
    """What the handlers of operators read and change."""

    graph: Graph
    sketch: Sketch = field(init=False)
    tensors: dict[str, Tensor] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.sketch = Sketch(inputs=math.prod(self.graph.shape))
        self.send(self.graph.input, INPUT, self.graph.shape)

    def send(self, name: str, stage: int, shape: Shape, *, shared: bool = False) -> None:
        """Tensor ``name`` is what ``stage`` sends, in the given shape."""
        self.tensors[name] = Tensor(stage=stage, shape=shape, shared=shared or self.graph.uses[name] > 1)

    def pass_on(self, node: onnx.NodeProto, tensor: Tensor, stage: int, shape: Shape | None = None) -> None:
        """``tensor`` goes on, perhaps changed by what was folded into ``stage``, perhaps reshaped."""
        shared = tensor.shared and stage == tensor.stage
        self.send(node.output[0], stage, tensor.shape if shape is None else shape, shared=shared)

    def data(self, node: onnx.NodeProto, name: str, index: int = 0) -> Tensor:
        """The operand that depends on the network's input."""
        tensor = self.tensors.get(node.input[index])
        if tensor is None:
            raise InputError(f"{name} takes {node.input[index]!r}, which no supported node gives, as its data")
        return tensor

    def constant(self, node: onnx.NodeProto, index: int, name: str) -> Constant:
        """A float operand that does not depend on the network's input, in float64."""
        source = node.input[index]
        require(source in self.graph.constants, f"{name}: {source!r} depends on the input where weights are needed")
        constant = self.graph.constants[source]
        array = constant.value
        require(array.dtype.kind == "f", f"{name}: {source!r} is {array.dtype}, not a float tensor")
        require(bool(np.isfinite(array).all()), f"{name}: {source!r} holds NaN or infinity: train or export it again")
        return replace(constant, value=array.astype(np.float64))

    def channels(self, node: onnx.NodeProto, index: int, name: str, shape: Shape) -> Array:
        """A constant that broadcasts over the batch, and over the image, as (channels,)."""
        array = self.constant(node, index, name).value
        rank = len(shape) + 1
        wanted = (1, shape[0]) + (1,) * (rank - 2)
        full = (1,) * max(rank - array.ndim, 0) + array.shape
        good = len(full) == rank and all(size in (1, want) for size, want in zip(full, wanted, strict=True))
        require(good, f"{name}: {node.input[index]!r} of shape {array.shape} is no vector for {shape[0]} channels")
        return np.broadcast_to(array.reshape(-1), (shape[0],))


def stage_name(node: onnx.NodeProto) -> str:
    """The name of the stage that a node becomes."""
    return str(node.name or node.output[0])
