"""Handlers of trained quantisers in ONNX files; their grids are read in `onnx_grids`."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen import onnx_grids as grids
from tospike.gen.onnx_sketch import Tensor
from tospike.gen.onnx_walk import Walk, stage_name
from tospike.hw.params import require
from tospike.sim.network import Grid


def quant(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """QONNX's Quant, of weights or activations."""
    grid = grids.quant_grid(node, walk.graph)
    if node.input[0] in walk.graph.constants:
        constant = grids.quantized_constant(walk.constant(node, 0, name), grid, name)
        walk.graph.constants[node.output[0]] = constant
        return
    _round(walk, node, name, walk.data(node, name), grid)


def bipolar_quant(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """QONNX's BipolarQuant, of weights or activations."""
    scale = grids.bipolar_scale(node, walk.graph)
    if node.input[0] in walk.graph.constants:
        constant = grids.bipolar_constant(walk.constant(node, 0, name), scale)
        walk.graph.constants[node.output[0]] = constant
        return
    _round(walk, node, name, walk.data(node, name), grids.bipolar_grid(scale))


def multi_threshold(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """QONNX's MultiThreshold."""
    tensor = walk.data(node, name)
    grid, factor, shift = grids.threshold_grid(node, walk.graph)
    require(
        len(factor) in (1, tensor.shape[0]),
        f"{name} has thresholds for {len(factor)} channels but gets {tensor.shape[0]}",
    )
    factor, shift = (np.broadcast_to(vector, tensor.shape[:1]) for vector in (factor, shift))
    stage = walk.sketch.scale_channels(stage_name(node), tensor, factor, shift)
    scaled = replace(tensor, stage=stage, shared=tensor.shared and stage == tensor.stage)
    _round(walk, node, name, scaled, grid)


def quantize_linear(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """QuantizeLinear of activations."""
    tensor = walk.data(node, name)
    _round(walk, node, name, tensor, grids.linear_grid(node, walk.graph, len(tensor.shape) + 1))


def dequantize_linear(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """DequantizeLinear: of constants, or behind a QuantizeLinear of the same scale."""
    source = node.input[0]
    if source in walk.graph.constants:
        constant = walk.graph.constants[source]
        grid = grids.linear_grid(node, walk.graph, max(constant.value.ndim, 1))
        walk.graph.constants[node.output[0]] = grids.dequantized_constant(constant, grid)
        return
    tensor = walk.data(node, name)
    grid = grids.linear_grid(node, walk.graph, len(tensor.shape) + 1)
    good = np.size(grid.scale) == 1 and walk.sketch.is_on(tensor, grid)
    require(good, f"{name} has another scale or zero point than the QuantizeLinear before it: export them in pairs")
    walk.pass_on(node, tensor, tensor.stage)


def _round(walk: Walk, node: onnx.NodeProto, name: str, tensor: Tensor, grid: Grid) -> None:
    require(
        np.ptp(grid.scale) == 0,
        f"{name} quantises activations per channel: train it with one scale for all channels",
    )
    grid = replace(grid, scale=np.reshape(grid.scale, -1)[0])
    walk.pass_on(node, tensor, walk.sketch.round(stage_name(node), tensor, grid))
