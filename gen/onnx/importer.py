"""Import ONNX models as float networks: convolutions, dense layers, pools, residual additions, trained quantisers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tospike.gen.emit.names import identifier
from tospike.gen.files.reading import reading
from tospike.gen.onnx import arithmetic, layers, quantizers, shapes
from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.graph import STANDARD, Constant, attributes, label, read_graph
from tospike.gen.onnx.grids import QONNX
from tospike.hw.params import InputError, require
from tospike.sim.network import Network

Handler = Callable[[ImportContext, onnx.NodeProto, str, dict[str, Any]], None]

OPERATORS: dict[str, Handler] = {
    "Conv": layers.conv,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "MaxPool": layers.pool,
    "AveragePool": layers.pool,
    "GlobalAveragePool": layers.global_pool,
    "ReduceMean": layers.reduce_mean,
    "Add": arithmetic.arithmetic,
    "Sub": arithmetic.arithmetic,
    "Mul": arithmetic.arithmetic,
    "Div": arithmetic.arithmetic,
    "BatchNormalization": arithmetic.batch_normalization,
    "Relu": arithmetic.relu,
    "Clip": arithmetic.clip,
    "Softmax": arithmetic.softmax,
    "LogSoftmax": arithmetic.softmax,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Squeeze": shapes.squeeze,
    "Unsqueeze": shapes.unsqueeze,
    "Transpose": shapes.transpose,
    "Identity": arithmetic.alias,
    "Dropout": arithmetic.alias,
    "QuantizeLinear": quantizers.quantize_linear,
    "DequantizeLinear": quantizers.dequantize_linear,
}
"""Handlers of ONNX's own operators; nodes with only constant inputs are computed instead."""

QONNX_OPERATORS: dict[str, Handler] = {
    "Quant": quantizers.quant,
    "IntQuant": quantizers.quant,
    "BipolarQuant": quantizers.bipolar_quant,
    "MultiThreshold": quantizers.multi_threshold,
}

QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
"""Not folded even if their inputs are constant: the importer keeps the grid of weights."""

SUPPORTED = f"{', '.join(OPERATORS)}, Constant, or QONNX's {', '.join(QONNX_OPERATORS)}"


def import_onnx(path: str | Path, *, name: str | None = None) -> Network:
    """Import an ANN.

    Parameters
    ----------
    path
        An ONNX file: one input (batch, ...) of static size, one output, nodes of `OPERATORS` and `QONNX_OPERATORS`,
        float weights in initializers, Constant nodes or weight quantisers. Conv, Gemm, MatMul, pools and the addition
        of two branches become stages; per-channel arithmetic, batch normalisation, activations and quantisers are
        folded into the stage before them, or become depthwise stages if something else takes its values.
    name
        Name of the network; by default derived from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.Activation` stages; trained quantisers are its grids.

    Raises
    ------
    InputError
        The file is not an ONNX model, or contains something unsupported; the message names the node.
    """
    file = Path(path)
    with reading(file, "ONNX model", "export it again"):
        graph = read_graph(file)
        network = _network(ImportContext(graph=graph), name or identifier(file.stem))
        return replace(network, input=replace(network.input, time_bins=graph.time_bins))


def _network(context: ImportContext, name: str) -> Network:
    for node in context.graph.nodes:
        _step(context, node)
    output = context.tensors.get(context.graph.output)
    last = len(context.builder.drafts) - 1
    if output is None or output.stage != last:
        raise InputError(
            f"output {context.graph.output!r} is not the result of the last layer: export the network without other "
            "branches"
        )
    require(
        not output.is_code and context.builder.order_of(output) is None,
        f"output {context.graph.output!r} is the integers of a QuantizeLinear, or a Transpose of the last layer's "
        "outputs: export the network with float outputs, classes in their order",
    )
    taken = {source for draft in context.builder.drafts for source in draft.sources} | {last}
    for index, draft in enumerate(context.builder.drafts):
        require(index in taken, f"nothing uses the output of node {draft.name!r}: export the network without it")
    return context.builder.network(name)


def _step(context: ImportContext, node: onnx.NodeProto) -> None:
    name, graph = label(node), context.graph
    require(node.domain in (*STANDARD, *QONNX), f"{name} of domain {node.domain!r} is not supported: use {SUPPORTED}")
    standard = node.domain in STANDARD
    handler = (OPERATORS if standard else QONNX_OPERATORS).get(node.op_type)
    if standard and node.op_type == "Shape" and node.input[0] in context.tensors:
        sizes = [graph.batch, *context.tensors[node.input[0]].shape]  # Reshape keeps a batch of 0
        graph.constants[node.output[0]] = Constant(value=np.array(sizes, dtype=np.int64))
    elif standard and graph.is_constant(node) and node.op_type not in QUANTIZERS:
        graph.fold(node)
    elif handler is None:
        raise InputError(f"{name} is not supported: use {SUPPORTED}")
    else:
        try:
            handler(context, node, name, attributes(node))
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            if isinstance(error, InputError):
                raise
            detail = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            raise InputError(f"{name} lacks an input or attribute, or has an invalid one ({detail})") from error
