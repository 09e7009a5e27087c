"""Handlers of trained quantisers in ONNX files; `tospike.gen.onnx.grids` reads their grids."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx import grids
from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.graph import Constant, integer_bounds
from tospike.gen.onnx.tensor import Tensor
from tospike.hw.params import require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import QuantGrid

ACTIVATION_BITS = 8


def quant(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import QONNX's Quant, of weights, biases or activations; one of 1 signed bit is a BipolarQuant."""
    if grids.is_bipolar(node, context.graph):
        bipolar_quant(context, node, name, {})
        return
    quantizer = grids.quant(node, context.graph)
    if node.input[0] in context.graph.constants:
        levels = quantizer.levels(context.constant(node, 0, name).value)
        context.graph.constants[node.output[0]] = quantizer.constant(levels)
        return
    grid = quantizer.grid()
    bits = (grid.qmax - grid.qmin).bit_length()
    require(
        bits <= ACTIVATION_BITS, f"{name} has {bits} bits: activations of at most {ACTIVATION_BITS} bits are supported"
    )
    _round(context, node, context.data(node, name), grid)


def trunc(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import QONNX's Trunc, which drops the lowest bits of integers."""
    tensor, truncation = context.data(node, name), grids.trunc(node, context.graph)
    builder, size = context.builder, tensor.size
    signed = not builder.is_unsigned(tensor.stage) if truncation.signed is None else truncation.signed
    factor, shift = np.full(size, truncation.factor), np.full(size, truncation.shift)
    _round(context, node, builder.scaled(stage_name(node), tensor, factor, shift), truncation.grid(signed=signed))


def bipolar_quant(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import QONNX's BipolarQuant, of weights or activations."""
    scale = grids.bipolar_scale(node, context.graph)
    if node.input[0] in context.graph.constants:
        constant = grids.bipolar_constant(context.constant(node, 0, name), scale)
        context.graph.constants[node.output[0]] = constant
        return
    _round(context, node, context.data(node, name), grids.bipolar_grid(scale))


def multi_threshold(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import QONNX's MultiThreshold."""
    tensor = context.data(node, name)
    grid, factor, shift = grids.threshold_grid(node, context.graph)
    layout = options.get("data_layout", b"").decode() or "NCHW"
    axis = len(tensor.shape) - 1 if layout.endswith("C") and len(tensor.shape) > 2 else min(1, len(tensor.shape) - 1)
    channels = tensor.shape[axis]
    require(len(factor) in (1, channels), f"{name} has thresholds for {len(factor)} channels but gets {channels}")
    places = [-1 if dimension == axis else 1 for dimension in range(len(tensor.shape))]
    factor, shift = (np.broadcast_to(vector.reshape(places), tensor.shape).reshape(-1) for vector in (factor, shift))
    scaled = context.builder.scaled(stage_name(node), tensor, factor, shift)
    _round(context, node, scaled, grid)


def quantize_linear(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import QuantizeLinear, of activations or constants."""
    if node.input[0] in context.graph.constants:
        constant = context.constant(node, 0, name)
        quantizer = grids.linear(node, context.graph, constant.value.shape)
        levels = to_int64(quantizer.levels(constant.value), f"constants of {name}")
        context.graph.constants[node.output[0]] = Constant(value=levels)
        return
    tensor = context.data(node, name)
    _round(context, node, tensor, grids.linear(node, context.graph, tensor.shape).grid(), is_code=True)


def dequantize_linear(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import DequantizeLinear, of constants, of a QuantizeLinear, or of an input of integers."""
    source = node.input[0]
    if source in context.graph.constants:
        integers = context.graph.constants[source].value
        require(
            integer_bounds(integers.dtype) is not None,
            f"{name} takes {source!r}, which is {integers.dtype}: give integers",
        )
        quantizer = grids.linear(node, context.graph, integers.shape, integers.dtype)
        context.graph.constants[node.output[0]] = quantizer.constant(integers)
        return
    tensor = context.data(node, name, takes_codes=True)
    require(tensor.is_code, f"{name} takes {source!r}, which are real values: put a QuantizeLinear before it")
    grid = grids.linear(node, context.graph, tensor.shape).grid()
    made = context.builder.dequantized(stage_name(node), tensor, float(grid.scale), grid.zero_point)
    context.pass_on(node, made)


def _round(
    context: ImportContext, node: onnx.NodeProto, tensor: Tensor, grid: QuantGrid, *, is_code: bool = False
) -> None:
    rounded = context.builder.round(stage_name(node), tensor, grid)
    context.pass_on(node, replace(rounded, is_code=is_code))
