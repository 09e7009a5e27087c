"""Handlers of operators on integers: QLinearConv and the like, as ONNX and onnxruntime (``com.microsoft``) define them.

Each takes and gives integers with their scale and zero point, so it is an operator on real values between a
DequantizeLinear and a QuantizeLinear. A product is computed as onnxruntime does, bit by bit::

    y = saturate(half_even(float32(sum * factor)) + zero),     factor = float32(x scale * w scale / y scale)

where the sum, with its bias, is an integer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx import grids
from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.graph import Constant, attributes
from tospike.gen.onnx.operators import activations, arithmetic, layers, moves, pools, quantizers
from tospike.gen.onnx.tensor import Tensor
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, QuantGrid

Options = dict[str, Any]


# ---------------------------------------------------------------------------------------------------- sums of products


def qlinear_conv(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QLinearConv."""
    product = _Product(context=context, node=node, name=name, at=(0, 3), result=6, axis=0)
    _rounded(context, node, layers.conv, "Conv", [*product.operands(), *product.bias(8)], options, 6, product=True)


def qlinear_matmul(context: ImportContext, node: onnx.NodeProto, name: str, _: Options) -> None:
    """Import QLinearMatMul with constant weights."""
    product = _Product(context=context, node=node, name=name, at=(0, 3), result=6, axis=-1)
    _rounded(context, node, layers.matmul, "MatMul", product.operands(), {}, 6, product=True)


def qgemm(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QGemm, whose results may be real."""
    swaps = {key: int(options.get(key, 0)) for key in ("transA", "transB")}
    alpha, has_scale = float(options.get("alpha", 1.0)), len(node.input) > 7 and bool(node.input[7])
    axis = 0 if swaps["transB"] else -1
    product = _Product(
        context=context, node=node, name=name, at=(0, 3), result=7 if has_scale else None, axis=axis, alpha=alpha
    )
    inputs = [*product.operands(), *product.bias(6)]
    if has_scale:
        _rounded(context, node, layers.gemm, "Gemm", inputs, swaps, 7, product=True)
    else:
        context.pass_on(node, _made(context, node, layers.gemm, "Gemm", inputs, swaps))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Product:
    """A sum of products of integers, one of whose operands is constant."""

    context: ImportContext
    node: onnx.NodeProto
    name: str
    at: tuple[int, int]
    """Inputs of the node at which the operands are, each followed by its scale and its zero point."""
    result: int | None
    """Input at which the scale of the result is; ``None``: the result is real."""
    axis: int
    """Axis of the constant that its scales are along."""
    alpha: float = 1.0

    def _scale(self, index: int) -> Array:
        return _constant(self.context, self.node, index).astype(np.float32).reshape(-1)

    @property
    def weights_at(self) -> int:
        """Input at which the constant operand is."""
        constants = self.context.graph.constants
        found = [index for index in self.at if self.node.input[index] in constants]
        require(len(found) == 1, f"{self.name} multiplies two tensors that depend on the input, or none")
        return found[0]

    @property
    def data_scale(self) -> float:
        """Real value of an integer of the other operand."""
        scale = self._scale(self.at[self.weights_at == self.at[0]] + 1)
        require(len(scale) == 1, f"{self.name} quantises activations per channel: train it with one scale")
        return float(scale[0])

    @property
    def weight_scale(self) -> Array:
        """(1,) or (channels,) real value of an integer of the constant, in float64.

        With it, a sum over the scale of the result is the sum times the factor, which was rounded to float32.
        """
        product = np.float32(self.alpha) * self._scale(self.at[0] + 1) * self._scale(self.at[1] + 1)
        if self.result is None:
            return product.astype(np.float64) / self.data_scale
        scale = self._scale(self.result)
        return (product / scale).astype(np.float64) * scale / self.data_scale

    def operands(self) -> list[str]:
        """Return the names of the two real operands."""
        names = ["", ""]
        weights = self.weights_at
        for place, index in enumerate(self.at):
            names[place] = self._weights() if index == weights else _real(self.context, self.node, index)
        return names

    def _weights(self) -> str:
        index = self.weights_at
        source = self.node.input[index]
        integers = self.context.graph.constants[source].value
        axis = self.axis if index == self.at[1] else -2
        reader = _node(self.node, "DequantizeLinear", self.node.input[index : index + 3], "", axis=axis)
        quantizer = grids.linear(reader, self.context.graph, integers.shape, integers.dtype)
        scale = self.weight_scale
        if len(scale) > 1:
            scale = scale.reshape([-1 if axis % integers.ndim == each else 1 for each in range(integers.ndim)])
        return self._keep("weights", replace(quantizer, scale=scale.reshape(scale.shape)).constant(integers))

    def bias(self, index: int) -> list[str]:
        """Return the name of the real bias, if the node has one."""
        if len(self.node.input) <= index or not self.node.input[index]:
            return []
        integers = _constant(self.context, self.node, index).astype(np.float64)
        return [self._keep("bias", Constant(value=integers * self.weight_scale * self.data_scale))]

    def _keep(self, what: str, constant: Constant) -> str:
        fresh = f"{self.node.output[0]}_{what}"
        self.context.graph.constants[fresh] = constant
        return fresh


# ------------------------------------------------------------------------------------------------------ other operators


def qlinear_binary(context: ImportContext, node: onnx.NodeProto, name: str, _: Options) -> None:
    """Import QLinearAdd, or QLinearMul with a constant."""
    kinds = {"QLinearAdd": "Add", "QLinearMul": "Mul"}
    inputs = [_real(context, node, index) for index in (0, 3)]
    # onnxruntime adds the zero point before it rounds
    _rounded(context, node, arithmetic.arithmetic, kinds[node.op_type], inputs, {}, 6, zero_first=True)


def qlinear_pool(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QLinearAveragePool, QLinearGlobalAveragePool or QLinearReduceMean."""
    handlers = {
        "QLinearAveragePool": pools.pool,
        "QLinearGlobalAveragePool": pools.global_pool,
        "QLinearReduceMean": pools.reduction,
    }
    require(not options.get("channels_last", 0), f"{name} has channels last: export it with channels first")
    kind = node.op_type.removeprefix("QLinear")
    _rounded(context, node, handlers[node.op_type], kind, [_real(context, node, 0)], options, 3)


def qlinear_leaky_relu(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QLinearLeakyRelu."""
    _rounded(context, node, activations.slopes, "LeakyRelu", [_real(context, node, 0)], options, 3)


def qlinear_concat(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QLinearConcat."""
    inputs = [_real(context, node, index) for index in range(2, len(node.input), 3)]
    _rounded(context, node, moves.concat, "Concat", inputs, options, 0)


def qlinear_answer(context: ImportContext, node: onnx.NodeProto, name: str, options: Options) -> None:
    """Import QLinearSigmoid or QLinearSoftmax after the last layer; between layers, a QLinearSigmoid is a table."""
    real, made, output = _real(context, node, 0), f"{node.output[0]}_real", node.output[0]
    options = {key: value for key, value in options.items() if key in ("axis",)}
    context.stand_ins[output] = [
        _node(node, node.op_type.removeprefix("QLinear"), [real], made, **options),
        _node(node, "QuantizeLinear", [made, *node.input[3:5]], output),
    ]
    for answer in (made, output):
        context.answers[answer] = name


def dynamic(context: ImportContext, node: onnx.NodeProto, name: str, _: Options) -> None:
    """Refuse DynamicQuantizeLinear, ConvInteger, MatMulInteger and the like: their scales depend on each sample."""
    raise InputError(
        f"{name} quantises each sample with a scale of its own, which no fixed hardware has: quantise the network "
        "statically (onnxruntime's quantize_static), or give the float network"
    )


# -------------------------------------------------------------------------------------------------------------- parts


def _node(node: onnx.NodeProto, kind: str, inputs: Sequence[str], output: str, **options: Any) -> onnx.NodeProto:
    """Return a node that stands for a part of ``node``, whose name it has."""
    return onnx.helper.make_node(kind, list(inputs), [output], name=stage_name(node), **options)


def _constant(context: ImportContext, node: onnx.NodeProto, index: int) -> Array:
    source = node.input[index]
    require(source in context.graph.constants, f"node {stage_name(node)!r}: {source!r} must be constant")
    return context.graph.constants[source].value


def _real(context: ImportContext, node: onnx.NodeProto, index: int) -> str:
    """Return the name of the real values of the integers at an input, whose scale and zero point follow it."""
    made = f"{node.output[0]}_real_{index}"
    reader = _node(node, "DequantizeLinear", node.input[index : index + 3], made)
    is_data = node.input[index] not in context.graph.constants
    one = all(_constant(context, node, at).size == 1 for at in (index + 1, index + 2) if reader.input[at - index])
    label = f"node {stage_name(node)!r} ({node.op_type})"
    require(one or not is_data, f"{label} quantises activations per channel: train it with one scale for all channels")
    quantizers.dequantize_linear(context, reader, label, attributes(reader))
    return made


def _made(
    context: ImportContext, node: onnx.NodeProto, handler: Any, kind: str, inputs: Sequence[str], options: Options
) -> Tensor:
    """Return the result of an operator on real values."""
    part = _node(node, kind, inputs, f"{node.output[0]}_result", **options)
    handler(context, part, f"node {stage_name(node)!r} ({node.op_type})", attributes(part))
    return context.tensors[part.output[0]]


def _rounded(
    context: ImportContext,
    node: onnx.NodeProto,
    handler: Any,
    kind: str,
    inputs: Sequence[str],
    options: Options,
    scale: int,
    *,
    product: bool = False,
    zero_first: bool = False,
) -> None:
    """Record the integers of an operator on real values; input ``scale`` is their scale, the next one their zero
    point."""
    made = _made(context, node, handler, kind, inputs, options)
    writer = _node(node, "QuantizeLinear", ["", *node.input[scale : scale + 2]], "")
    grid: QuantGrid = grids.linear(writer, context.graph, made.shape).grid()
    if product:
        grid = replace(grid, single=False, rounds_quotient=True)
    if zero_first:
        grid = replace(grid, after=0)
    rounded = context.builder.round(stage_name(node), made, grid)
    context.pass_on(node, replace(rounded, is_code=True))
