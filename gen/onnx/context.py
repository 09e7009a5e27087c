"""The state of an import: the graph, the network so far, and which values of it each tensor holds."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from tospike.gen.onnx.graph import Constant, Graph
from tospike.gen.onnx.network_builder import NetworkBuilder
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, Shape


@dataclass(kw_only=True, eq=False)
class ImportContext:
    """The state that handlers of operators read and change."""

    graph: Graph
    builder: NetworkBuilder = field(init=False)
    tensors: dict[str, Tensor] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.builder = NetworkBuilder(inputs=math.prod(self.graph.shape))
        self.send(self.graph.input, INPUT, self.graph.shape)

    def send(self, name: str, stage: int, shape: Shape) -> None:
        """Record that tensor ``name`` is the output of ``stage``, in the given shape."""
        self.tensors[name] = Tensor(stage=stage, shape=shape, shared=self.graph.uses[name] > 1)

    def pass_on(self, node: onnx.NodeProto, tensor: Tensor, stage: int) -> None:
        """Record that the node outputs ``tensor``, possibly reshaped or with an operation folded into ``stage``."""
        name = node.output[0]
        shared = self.graph.uses[name] > 1 or (tensor.shared and stage == tensor.stage)
        order = tensor.order if stage == tensor.stage else self.builder.order_of(tensor)
        self.tensors[name] = replace(tensor, stage=stage, shared=shared, order=order)

    def data(self, node: onnx.NodeProto, name: str, index: int = 0, *, takes_codes: bool = False) -> Tensor:
        """Return the operand that depends on the network's input."""
        tensor = self.tensors.get(node.input[index])
        if tensor is None:
            raise InputError(f"{name} takes {node.input[index]!r} as its data, which no supported node outputs")
        require(
            takes_codes or not tensor.is_code,
            f"{name} takes the integers of a QuantizeLinear: export the network with a DequantizeLinear after it",
        )
        return tensor

    def image(self, node: onnx.NodeProto, name: str) -> Tensor:
        """Return the operand of a window over (channels, height, width)."""
        tensor = self.data(node, name, takes_codes=node.op_type == "MaxPool")
        require(len(tensor.shape) == 3, f"{name} gets samples of shape {tensor.shape}, not (channels, height, width)")
        require(
            self.builder.in_order(tensor),
            f"{name} takes values of the previous layer that a Transpose has reordered: export the network with "
            "channels first",
        )
        return tensor

    def constant(self, node: onnx.NodeProto, index: int, name: str) -> Constant:
        """Return a float operand that does not depend on the network's input, in float64."""
        source = node.input[index]
        require(
            source in self.graph.constants, f"{name}: {source!r} depends on the input, but weights must be constant"
        )
        constant = self.graph.constants[source]
        array = constant.value
        require(array.dtype.kind == "f", f"{name}: {source!r} is {array.dtype}, not a float tensor")
        require(bool(np.isfinite(array).all()), f"{name}: {source!r} holds NaN or infinity: train or export it again")
        return replace(constant, value=array.astype(np.float64))

    def values(self, node: onnx.NodeProto, index: int, name: str, tensor: Tensor) -> Array:
        """Return a constant that broadcasts over the batch, with one value for each value of ``tensor``."""
        array = self.constant(node, index, name).value
        shape = (1, *tensor.shape)
        full = (1,) * (len(shape) - array.ndim) + array.shape
        good = len(full) == len(shape) and all(size in (1, want) for size, want in zip(full, shape, strict=True))
        require(
            good,
            f"{name}: {node.input[index]!r} of shape {array.shape} is not a vector for {tensor.shape[0]} channels",
        )
        return np.broadcast_to(array.reshape(full), shape).reshape(-1)

    def scale(self, node: onnx.NodeProto, tensor: Tensor, factor: Array, shift: Array) -> None:
        """Let the node output ``factor * x + shift``, with one factor and shift for each value of ``tensor``."""
        self.pass_on(node, tensor, self.builder.scale_values(stage_name(node), tensor, factor, shift))


def stage_name(node: onnx.NodeProto) -> str:
    """Return the name of the stage for a node."""
    return str(node.name or node.output[0])
