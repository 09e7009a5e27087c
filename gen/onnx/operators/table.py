"""The table of handlers, by operator."""

from collections.abc import Callable
from typing import Any

import onnx

from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.functions import DOMAIN
from tospike.gen.onnx.graph import MICROSOFT, ML, STANDARD
from tospike.gen.onnx.grids import QONNX
from tospike.gen.onnx.operators import (
    activations,
    arithmetic,
    layers,
    moves,
    pools,
    qlinear,
    quantizers,
    scikit_learn,
    shapes,
)

Handler = Callable[[ImportContext, onnx.NodeProto, str, dict[str, Any]], None]

OPERATORS: dict[str, Handler] = {
    "Conv": layers.conv,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "MaxPool": pools.pool,
    "AveragePool": pools.pool,
    "GlobalAveragePool": pools.global_pool,
    "GlobalMaxPool": pools.global_pool,
    "ReduceMean": pools.reduction,
    "ReduceMax": pools.reduction,
    "ReduceSum": pools.reduction,
    "Add": arithmetic.arithmetic,
    "Sub": arithmetic.arithmetic,
    "Mul": arithmetic.arithmetic,
    "Div": arithmetic.arithmetic,
    "Sum": arithmetic.sum_,
    "Neg": arithmetic.negate,
    "BatchNormalization": arithmetic.batch_normalization,
    "Relu": activations.relu,
    "Clip": activations.clip,
    "Max": activations.extreme,
    "Min": activations.extreme,
    "HardSigmoid": activations.hard_sigmoid,
    "LeakyRelu": activations.slopes,
    "PRelu": activations.slopes,
    "Abs": activations.slopes,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Squeeze": shapes.squeeze,
    "Unsqueeze": shapes.unsqueeze,
    "Transpose": shapes.transpose,
    "Concat": moves.concat,
    "Expand": moves.expand,
    "Gather": moves.gather,
    "Pad": moves.pad,
    "Slice": moves.slice_,
    "SpaceToDepth": moves.depth_to_space,
    "DepthToSpace": moves.depth_to_space,
    "Split": moves.split,
    "Tile": moves.expand,
    "Identity": arithmetic.alias,
    "Cast": arithmetic.alias,
    "Dropout": arithmetic.alias,
    "QuantizeLinear": quantizers.quantize_linear,
    "DequantizeLinear": quantizers.dequantize_linear,
    "QLinearConv": qlinear.qlinear_conv,
    "QLinearMatMul": qlinear.qlinear_matmul,
    "DynamicQuantizeLinear": qlinear.dynamic,
    "ConvInteger": qlinear.dynamic,
    "MatMulInteger": qlinear.dynamic,
}
"""Handlers of ONNX's own operators; nodes with only constant inputs are computed instead, and those of
`tospike.gen.onnx.answers` after the last layer are not hardware."""

QONNX_OPERATORS: dict[str, Handler] = {
    "Quant": quantizers.quant,
    "IntQuant": quantizers.quant,
    "BipolarQuant": quantizers.bipolar_quant,
    "Trunc": quantizers.trunc,
    "MultiThreshold": quantizers.multi_threshold,
}
MICROSOFT_OPERATORS: dict[str, Handler] = {
    "QuantizeLinear": quantizers.quantize_linear,
    "DequantizeLinear": quantizers.dequantize_linear,
    "QGemm": qlinear.qgemm,
    "QLinearAdd": qlinear.qlinear_binary,
    "QLinearMul": qlinear.qlinear_binary,
    "QLinearAveragePool": qlinear.qlinear_pool,
    "QLinearGlobalAveragePool": qlinear.qlinear_pool,
    "QLinearReduceMean": qlinear.qlinear_pool,
    "QLinearLeakyRelu": qlinear.qlinear_leaky_relu,
    "QLinearConcat": qlinear.qlinear_concat,
    "QLinearSigmoid": qlinear.qlinear_answer,
    "QLinearSoftmax": qlinear.qlinear_answer,
    "DynamicQuantizeMatMul": qlinear.dynamic,
    "MatMulIntegerToFloat": qlinear.dynamic,
}
SCIKIT_LEARN_OPERATORS: dict[str, Handler] = {
    "Scaler": scikit_learn.scaler,
    "LinearClassifier": scikit_learn.linear_classifier,
    "LinearRegressor": scikit_learn.linear_regressor,
}

FUNCTIONS: dict[str, Handler] = {"Function": activations.function}
"""Groups of elementwise nodes."""

OF_DOMAIN = (
    dict.fromkeys(STANDARD, OPERATORS)
    | dict.fromkeys(QONNX, QONNX_OPERATORS)
    | {MICROSOFT: MICROSOFT_OPERATORS, ML: SCIKIT_LEARN_OPERATORS, DOMAIN: FUNCTIONS}
)
"""The handlers by domain."""


def lookup(node: onnx.NodeProto) -> Handler | None:
    """Return the handler of a node, if there is one."""
    return OF_DOMAIN.get(node.domain, {}).get(node.op_type)
