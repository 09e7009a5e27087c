"""Nodes that do the same whatever the version of their operator, for an evaluator that knows only the latest ones."""

from collections.abc import Mapping

import numpy as np
import onnx

from tospike.gen.onnx.graph import Graph, attributes, integer_bounds, label
from tospike.hw.params import require
from tospike.sim.network import Array, Shape

Nodes = list[onnx.NodeProto]


def explicit(node: onnx.NodeProto, shapes: Mapping[str, Shape], graph: Graph) -> Nodes:
    """Return nodes that compute what ``node`` does; ``shapes`` are those of tensors before them, if known."""
    if node.op_type in ("Softmax", "LogSoftmax", "Hardmax") and graph.opset < 13:
        return _last_axis(node, shapes)
    if node.op_type == "QuantizeLinear":
        return _quantize(node, graph)
    if node.op_type == "DequantizeLinear":
        return _dequantize(node, graph)
    return [node]


def _last_axis(node: onnx.NodeProto, shapes: Mapping[str, Shape]) -> Nodes:
    """Before opset 13, a Softmax covers its axis and all later ones."""
    axis, shape = int(attributes(node).get("axis", 1)), shapes.get(node.input[0])
    make, (taken,), (given,) = onnx.helper.make_node, node.input, node.output
    if shape is None or axis % len(shape) == len(shape) - 1:
        return [make(node.op_type, [taken], [given], name=node.name, axis=-1)]
    flat, covered, sizes = f"{given}_flat", f"{given}_covered", f"{given}_shape"
    return [
        make("Flatten", [taken], [flat], axis=axis),
        make(node.op_type, [flat], [covered], name=node.name, axis=-1),
        _constant(sizes, np.array([-1, *shape[1:]])),
        make("Reshape", [covered, sizes], [given]),
    ]


def _quantize(node: onnx.NodeProto, graph: Graph) -> Nodes:
    scale, zero = _parameters(node, graph)
    bounds = integer_bounds(zero.dtype)
    require(bounds is not None, f"{label(node)} quantises to {zero.dtype}: only integers are supported")
    make, (given,) = onnx.helper.make_node, node.output
    names = [f"{given}_{part}" for part in ("scale", "zero", "low", "high")]
    values = [np.float32(value) for value in (scale, zero, *(bounds or ()))]
    return [
        *(_constant(name, value) for name, value in zip(names, values, strict=True)),
        make("Div", [node.input[0], names[0]], [f"{given}_scaled"]),
        make("Round", [f"{given}_scaled"], [f"{given}_rounded"]),
        make("Add", [f"{given}_rounded", names[1]], [f"{given}_moved"]),
        make("Clip", [f"{given}_moved", *names[2:]], [f"{given}_levels"]),
        make("Cast", [f"{given}_levels"], [given], to=onnx.helper.np_dtype_to_tensor_dtype(zero.dtype)),
    ]


def _dequantize(node: onnx.NodeProto, graph: Graph) -> Nodes:
    scale, zero = _parameters(node, graph)
    make, (given,) = onnx.helper.make_node, node.output
    names = [f"{given}_{part}" for part in ("scale", "zero")]
    return [
        *(_constant(name, np.float32(value)) for name, value in zip(names, (scale, zero), strict=True)),
        make("Cast", [node.input[0]], [f"{given}_levels"], to=onnx.TensorProto.FLOAT),
        make("Sub", [f"{given}_levels", names[1]], [f"{given}_centred"]),
        make("Mul", [f"{given}_centred", names[0]], [given]),
    ]


def _parameters(node: onnx.NodeProto, graph: Graph) -> tuple[Array, Array]:
    """Return the only scale and the only zero point of a node."""
    values = [graph.constants[name].value for name in node.input[1:] if name in graph.constants]
    one = len(values) == len([name for name in node.input[1:] if name]) and all(value.size == 1 for value in values)
    require(one, f"{label(node)} has other than one constant scale and zero point: give one")
    scale, *zero = (value.reshape(()) for value in values)
    return scale, zero[0] if zero else np.zeros((), np.uint8)


def _constant(name: str, value: Array | np.float32) -> onnx.NodeProto:
    return onnx.helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(np.asarray(value)))
