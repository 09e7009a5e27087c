"""The state of an import: the graph, the network so far, and which values of it each tensor holds."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from tospike.gen.onnx.graph import Constant, Graph, integer_bounds
from tospike.gen.onnx.network_builder import NetworkBuilder
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network import Array, QuantGrid, Shape

MOST_LEVELS = 256
"""Most values of an integer type that an activation has."""


@dataclass(kw_only=True, eq=False)
class ImportContext:
    """The state that handlers of operators read and change."""

    graph: Graph
    builder: NetworkBuilder = field(init=False)
    tensors: dict[str, Tensor] = field(init=False, default_factory=dict)
    answers: dict[str, str] = field(init=False, default_factory=dict)
    """Tensors that are computed from the network's outputs, not by hardware: the node in messages that began it."""
    stand_ins: dict[str, list[onnx.NodeProto]] = field(init=False, default_factory=dict)
    """Nodes that compute the answers of a node, by its first output."""

    def __post_init__(self) -> None:
        self.builder = NetworkBuilder(shape=self.graph.dims)
        self.send(self.graph.input, INPUT, self.graph.dims)
        if (bounds := integer_bounds(self.graph.input_type)) and bounds[1] - bounds[0] < MOST_LEVELS:
            self.builder.integers = QuantGrid(scale=np.asarray(1.0), qmin=bounds[0], qmax=bounds[1])
            self.tensors[self.graph.input] = replace(self.tensors[self.graph.input], is_code=True)

    def send(self, name: str, stage: int, shape: Shape) -> None:
        """Record that tensor ``name`` is the output of ``stage``, in the given shape with the batch."""
        self.tensors[name] = Tensor(stage=stage, shape=shape, shared=self.graph.uses[name] > 1)

    def pass_on(self, node: onnx.NodeProto, tensor: Tensor, output: int = 0) -> None:
        """Record that the node outputs ``tensor``."""
        name = node.output[output]
        self.tensors[name] = replace(tensor, shared=self.graph.uses[name] > 1 or tensor.shared)

    def data(
        self,
        node: onnx.NodeProto,
        name: str,
        index: int = 0,
        *,
        takes_codes: bool = False,
        takes_scaling: bool = False,
    ) -> Tensor:
        """Return the operand that depends on the network's input."""
        source = node.input[index]
        if source in self.answers:
            raise InputError(
                f"{self.answers[source]} is not the last node, but {name} takes its result: no hardware computes it, "
                "so it is supported only after the last layer"
            )
        tensor = self.tensors.get(source)
        if tensor is None:
            raise InputError(f"{name} takes {source!r} as its data, which no supported node outputs")
        require(
            takes_codes or not tensor.is_code,
            f"{name} takes the integers of a QuantizeLinear: export the network with a DequantizeLinear after it",
        )
        return tensor if takes_scaling else self.builder.settled(stage_name(node), tensor)

    def axis(self, axis: int, tensor: Tensor, name: str) -> int:
        """Return an axis of a tensor, counted from the first one."""
        rank = len(tensor.shape)
        require(-rank <= axis < rank, f"{name} has axis {axis} of a tensor of {rank} dimensions")
        return axis % rank

    def require_batch(self, name: str, *, kept: bool) -> None:
        """Refuse a node that mixes the samples of a graph with a fixed number of them."""
        require(
            kept or self.graph.batch <= 1,
            f"{name} moves or mixes the {self.graph.batch} samples that the network was exported for: export it for 1",
        )

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

    def integers(self, node: onnx.NodeProto, index: int, name: str) -> list[int] | None:
        """Return an operand of constant integers; ``None`` if the node has none."""
        if len(node.input) <= index or not node.input[index]:
            return None
        source = node.input[index]
        require(source in self.graph.constants, f"{name}: {source!r} depends on the input: export it fixed")
        value = self.graph.constants[source].value
        require(value.dtype.kind in "iu", f"{name}: {source!r} is {value.dtype}: give integers")
        return [int(item) for item in value.reshape(-1)]

    def values(self, node: onnx.NodeProto, index: int, name: str, tensor: Tensor) -> tuple[Tensor, Array]:
        """Return a constant with one value for each value of ``tensor``, and the tensor, both broadcast."""
        array = self.constant(node, index, name).value
        message = f"{name}: {node.input[index]!r} of shape {array.shape} is not a vector for {tensor.shape}"
        try:
            shape = np.broadcast_shapes(array.shape, tensor.shape)
        except ValueError:
            raise InputError(message) from None
        tensor = self.broadcast(tensor, shape, name)
        return tensor, np.broadcast_to(array, shape).reshape(-1)

    def broadcast(self, tensor: Tensor, shape: Shape, name: str) -> Tensor:
        """Return a tensor's values repeated to a shape."""
        if math.prod(shape) == tensor.size:
            return tensor.reshaped(shape)
        require(math.prod(shape) <= SAMPLE_VALUES, f"{name} has {math.prod(shape)} values: at most {SAMPLE_VALUES} fit")
        self.require_batch(name, kept=len(shape) == len(tensor.shape) and shape[0] == 1)
        index = np.broadcast_to(np.arange(tensor.size).reshape(tensor.shape), shape)
        return tensor.picked(index, outputs=self.builder.outputs(tensor.stage))

    def pick(self, tensor: Tensor, index: Array) -> Tensor:
        """Return the values of a tensor at a flat ``index`` (-1: zero), in its shape."""
        return tensor.picked(index, outputs=self.builder.outputs(tensor.stage))


def stage_name(node: onnx.NodeProto) -> str:
    """Return the name of the stage for a node."""
    return str(node.name or node.output[0])
