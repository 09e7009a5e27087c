"""ONNX to a float network: chains of Gemm or MatMul, Add, Relu, Flatten."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tospike.hw.params import InputError, require
from tospike.sim.network import Activation, Dense, InputSpec, Network, Stage

Floats = NDArray[np.float64]

SUPPORTED = "Gemm, MatMul, Add, Relu, Flatten, Reshape to (batch, n), Identity and Constant"


def import_onnx(path: str | Path, *, name: str | None = None) -> Network:
    """Import a dense ANN.

    Parameters
    ----------
    path
        An ONNX file: one input (batch, ...) of static size, one output, a chain of the operators in ``SUPPORTED``,
        float weights in initializers or Constant nodes. Each Gemm or MatMul becomes a stage, with the Add that follows
        it as its bias and the Relu after that as its neuron.
    name
        Name of the network; by default made from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.Activation` stages.

    Raises
    ------
    InputError
        The file is no ONNX, or holds something else; the message names the node.
    """
    file = Path(path)
    graph = _read(file)
    try:
        return _Chain(graph).network(name or identifier(file.stem))
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def identifier(text: str) -> str:
    """``text`` as an identifier: other characters become underscores."""
    word = re.sub(r"\W", "_", text, flags=re.ASCII)
    return word if word[:1].isalpha() or word[:1] == "_" else f"n_{word}"


def _read(path: Path) -> onnx.GraphProto:
    try:
        graph = onnx.load(path).graph
    except (DecodeError, OSError, ValueError, onnx.checker.ValidationError) as error:
        detail = str(error).strip().splitlines()
        raise InputError(
            f"{path} is no readable ONNX model ({detail[0] if detail else type(error).__name__}): export it again"
        ) from error
    require(len(graph.node) >= 1, f"{path} is no readable ONNX model (it has no nodes): export it again")
    return graph


@dataclass
class _Open:
    """A matrix product whose bias and neuron are still to come."""

    name: str
    weight: Floats
    bias: Floats


@dataclass
class _Chain:
    """The walk along the graph: the tensor reached, the shape of a sample there, and the stages so far."""

    graph: onnx.GraphProto
    constants: dict[str, Floats] = field(init=False)
    tensor: str = field(init=False)
    shape: tuple[int, ...] = field(init=False)
    open: _Open | None = field(init=False, default=None)
    stages: list[Stage] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.constants = {t.name: onnx.numpy_helper.to_array(t) for t in self.graph.initializer}
        inputs = [value for value in self.graph.input if value.name not in self.constants]
        for what, values in (("inputs", inputs), ("outputs", self.graph.output)):
            names = ", ".join(value.name for value in values)
            require(len(values) == 1, f"{len(values)} {what} ({names}): export a model with one input and one output")
        self.tensor = inputs[0].name
        sizes = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim]
        require(
            len(sizes) >= 2 and all(size >= 1 for size in sizes[1:]),
            f"input {self.tensor!r} has no static shape (batch, values): export it with fixed sizes",
        )
        self.shape = tuple(sizes[1:])

    def network(self, name: str) -> Network:
        inputs = int(np.prod(self.shape))
        for node in self.graph.node:
            self._step(node)
        require(
            self.tensor == self.graph.output[0].name,
            f"output {self.graph.output[0].name!r} is not what the chain of nodes ends in ({self.tensor!r})",
        )
        if self.open:
            self._close(relu=False)
        require(len(self.stages) >= 1, "there is no Gemm or MatMul: nothing to compute")
        return Network(name=name, input=InputSpec(inputs=inputs), stages=tuple(self.stages))

    def _step(self, node: onnx.NodeProto) -> None:
        label = f"node {(node.name or node.output[0])!r} ({node.op_type})"
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        handlers: dict[str, Callable[[onnx.NodeProto, str, dict[str, Any]], None]] = {
            "Gemm": self._gemm,
            "MatMul": self._matmul,
            "Add": self._add,
            "Relu": self._relu,
            "Flatten": self._flatten,
            "Reshape": self._reshape,
            "Identity": lambda node, label, attributes: None,
        }
        if node.op_type == "Constant" and node.domain == "":
            require("value" in attributes, f"{label} is not a tensor: export weights as initializers")
            self.constants[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])
            return
        if node.op_type not in handlers or node.domain not in ("", "ai.onnx"):
            raise InputError(f"{label} is not supported: use {SUPPORTED}")
        data = [name for name in node.input if name and name not in self.constants]
        require(
            data == [self.tensor],
            f"{label} takes {', '.join(data) or 'no data'} where the chain is at {self.tensor!r}: "
            "branches and products of two inputs are not supported",
        )
        handlers[node.op_type](node, label, attributes)
        self.tensor = node.output[0]

    def _constant(self, name: str, label: str) -> Floats:
        array = self.constants[name]
        require(array.dtype.kind == "f", f"{label}: {name!r} is {array.dtype}, not a float tensor")
        require(bool(np.isfinite(array).all()), f"{label}: {name!r} holds NaN or infinity: train or export it again")
        return array.astype(np.float64)

    def _operand(self, node: onnx.NodeProto, label: str) -> Floats:
        require(node.input[0] == self.tensor, f"{label} has its weights on the left: export it as data times weights")
        weight = self._constant(node.input[1], label)
        good = weight.ndim == 2 and weight.size >= 1
        require(good, f"{label}: {node.input[1]!r} has shape {weight.shape}, not 2 dimensions")
        return weight

    def _product(self, node: onnx.NodeProto, label: str, weight: Floats) -> None:
        """Open a stage with ``weight`` (outputs, inputs)."""
        require(len(self.shape) == 1, f"{label} gets samples of shape {self.shape}: put a Flatten before it")
        require(
            weight.shape[1] == self.shape[0],
            f"{label} takes {weight.shape[1]} values but gets {self.shape[0]}",
        )
        if self.open:
            self._close(relu=False)
        self.open = _Open(node.name or node.output[0], weight, np.zeros(len(weight)))
        self.shape = (len(weight),)

    def _bias(self, name: str, label: str, factor: float) -> None:
        """Add a vector that broadcasts over the batch to the open stage's bias."""
        vector = self._constant(name, label)
        if self.open is None:
            raise InputError(f"{label} does not follow a Gemm or MatMul: fold it into one")
        size = len(self.open.bias)
        require(
            vector.size in (1, size) and vector.ndim <= 2 and vector.size == max((1, *vector.shape[-1:])),
            f"{label}: {name!r} of shape {vector.shape} is no bias for {size} values",
        )
        self.open.bias = self.open.bias + factor * vector.reshape(-1)

    def _gemm(self, node: onnx.NodeProto, label: str, attributes: dict[str, Any]) -> None:
        require(not attributes.get("transA", 0), f"{label} has transA: export it with samples in rows")
        weight = self._operand(node, label)
        if not attributes.get("transB", 0):
            weight = weight.T
        self._product(node, label, attributes.get("alpha", 1.0) * weight)
        if len(node.input) > 2 and node.input[2]:
            self._bias(node.input[2], label, attributes.get("beta", 1.0))

    def _matmul(self, node: onnx.NodeProto, label: str, _: dict[str, Any]) -> None:
        self._product(node, label, self._operand(node, label).T)

    def _add(self, node: onnx.NodeProto, label: str, _: dict[str, Any]) -> None:
        self._bias(next(name for name in node.input if name != self.tensor), label, 1.0)

    def _relu(self, node: onnx.NodeProto, label: str, _: dict[str, Any]) -> None:
        require(self.open is not None, f"{label} does not follow a Gemm or MatMul")
        self._close(relu=True)

    def _close(self, *, relu: bool) -> None:
        assert self.open is not None
        synapses = Dense(weight=self.open.weight, bias=self.open.bias)
        self.stages.append(Stage(name=self.open.name, synapses=synapses, neuron=Activation(relu=relu)))
        self.open = None

    def _flatten(self, node: onnx.NodeProto, label: str, attributes: dict[str, Any]) -> None:
        axis = attributes.get("axis", 1)
        require(
            axis in (1, -len(self.shape)), f"{label} has axis {axis}: only axis 1, which keeps the batch, is supported"
        )
        self.shape = (int(np.prod(self.shape)),)

    def _reshape(self, node: onnx.NodeProto, label: str, _: dict[str, Any]) -> None:
        target = self.constants[node.input[1]].tolist()
        size = int(np.prod(self.shape))
        require(
            isinstance(target, list) and len(target) == 2 and target[1] in (size, -1),
            f"{label} reshapes to {target}: only (batch, {size}) is supported",
        )
        self.shape = (size,)
