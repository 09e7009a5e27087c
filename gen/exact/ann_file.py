"""The quantised ANN of an exact pair, as an ONNX model with QuantizeLinear and DequantizeLinear."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.exact.levels import ExactLayer, ExactLayers
from tospike.sim.network import Dense

OPSET = 13
BETWEEN = 0.5
"""Added to the bias of a hidden layer, in its unit: sums are integers, and the rounding of the activation then meets no
tie, on which readers differ. It is halfway between the sums on either side of a threshold."""


class _Graph:
    """Collects nodes and constants; activations are levels, so their scale is 1."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Any) -> str:
        """Add a constant, and return its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def rounded(self, values: str, scale: float) -> str:
        """Round values to multiples of ``scale`` that 8 unsigned bits hold."""
        names = [self.constant(f"{values}_scale", np.float32(scale)), self.constant(f"{values}_zero", np.uint8(0))]
        codes = self.node("QuantizeLinear", [values, *names], f"{values}_codes")
        return self.node("DequantizeLinear", [codes, *names], f"{values}_rounded")


def ann_bytes(exact: ExactLayers) -> bytes:
    """Return the contents of an ONNX file."""
    graph, unit = _Graph(), exact.input_unit
    shape: tuple[int, ...] = exact.shape
    values = graph.rounded("x", unit)
    bottom = graph.constant("bottom", np.float32(0))
    levels = graph.constant("levels", np.float32(exact.options.steps))
    for layer in exact.layers:
        values = _layer(graph, layer, values, shape, unit)
        shape, unit = tuple(layer.synapses.output_shape), 1.0
        if layer.threshold is not None:
            values = graph.rounded(graph.node("Clip", [values, bottom, levels], f"{layer.name}_active"), unit)
    graph.node("Identity", [values], "y")
    onnx_graph = helper.make_graph(
        graph.nodes,
        exact.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *exact.shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", *shape])],
        initializer=graph.constants,
    )
    model = helper.make_model(onnx_graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _layer(graph: _Graph, layer: ExactLayer, values: str, shape: tuple[int, ...], unit: float) -> str:
    """Add a layer whose inputs have a scale of ``unit``; its sums are in levels, those of the last layer in sums."""
    name, synapses = layer.name, layer.synapses
    scale = 1 / ((layer.threshold or 1) * unit)
    names = [
        graph.constant(f"{name}_integers", synapses.weight.astype(np.int8, casting="same_kind")),
        graph.constant(f"{name}_scale", np.float32(scale)),
        graph.constant(f"{name}_zero", np.int8(0)),
    ]
    weight = graph.node("DequantizeLinear", names, f"{name}_weight")
    bias = synapses.bias + (0 if layer.threshold is None else BETWEEN)
    offset = graph.constant(f"{name}_bias", (bias * scale * unit).astype(np.float32))
    if isinstance(synapses, Dense):
        if len(shape) > 1:
            values = graph.node("Flatten", [values], f"{name}_flat", axis=1)
        return graph.node("Gemm", [values, weight, offset], name, transB=1)
    return graph.node(
        "Conv",
        [values, weight, offset],
        name,
        strides=list(synapses.stride),
        pads=list(synapses.padding),
        group=synapses.groups,
    )
