"""Handlers of ONNX operators that become stages: convolutions, dense layers, pools."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.graph import Constant
from tospike.gen.onnx.order import arranged, inverse
from tospike.gen.onnx.shapes import axes_of
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.gen.onnx.windows import read_window
from tospike.hw.params import InputError, require
from tospike.sim.network import AveragePool2d, Conv2d, Dense, MaxPool2d, QuantGrid, Shape, Window


def conv(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import a Conv in two dimensions."""
    tensor = context.image(node, name)
    constant = context.constant(node, 1, name)
    weight = constant.value
    window = read_window(options, tensor.shape, weight.shape[2:], name)
    bias = context.constant(node, 2, name).value if len(node.input) > 2 and node.input[2] else np.zeros(len(weight))
    try:
        synapses = Conv2d(
            shape=(tensor.shape[0], tensor.shape[1], tensor.shape[2]),
            weight=weight,
            bias=bias,
            stride=window.stride,
            padding=window.padding,
            groups=int(options.get("group", 1)),
            grid=_rows(constant, name),
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    context.send(node.output[0], context.builder.add(stage_name(node), synapses, tensor), synapses.output_shape)


def gemm(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Gemm: a dense layer with bias."""
    require(not options.get("transA", 0), f"{name} has transA: export it with samples in rows")
    _dense(context, node, name, transposed=not options.get("transB", 0), alpha=options.get("alpha", 1.0))
    if len(node.input) > 2 and node.input[2]:
        tensor = context.tensors[node.output[0]]
        shift = options.get("beta", 1.0) * context.values(node, 2, name, tensor)
        draft = context.builder.drafts[tensor.stage]
        draft.scale(np.ones(len(shift)), shift)


def matmul(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import MatMul with constant weights: a dense layer."""
    _dense(context, node, name, transposed=True, alpha=1.0)


def _dense(context: ImportContext, node: onnx.NodeProto, name: str, *, transposed: bool, alpha: float) -> None:
    right = node.input[0] in context.tensors and node.input[1] not in context.tensors
    require(right, f"{name} has its weights on the left, or none: export it as data times weights")
    tensor = context.data(node, name)
    constant = context.constant(node, 1, name)
    weight = constant.value
    good = weight.ndim == 2 and weight.size >= 1
    require(good, f"{name}: {node.input[1]!r} has shape {weight.shape}, not 2 dimensions")
    scale = np.broadcast_to(constant.grid.scale if constant.grid else 1.0, weight.shape)
    if transposed:
        weight, scale = weight.T, scale.T
    require(len(tensor.shape) == 1, f"{name} gets samples of shape {tensor.shape}: put a Flatten before it")
    require(weight.shape[1] == tensor.shape[0], f"{name} takes {weight.shape[1]} values but gets {tensor.shape[0]}")
    grid = replace(constant.grid, scale=scale) if constant.grid else None
    rows = _rows(replace(constant, value=weight, grid=grid), name)
    if (order := context.builder.order_of(tensor)) is not None:
        weight = weight[:, inverse(order)]
    synapses = Dense(weight=weight, bias=np.zeros(len(weight)), grid=rows)
    stage = context.builder.add(stage_name(node), synapses, tensor)
    if alpha != 1.0:
        context.builder.drafts[stage].scale(np.full(len(weight), alpha), np.zeros(len(weight)))
    context.send(node.output[0], stage, synapses.output_shape)


def pool(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import MaxPool or AveragePool."""
    tensor = context.image(node, name)
    window = read_window(options, tensor.shape, tuple(options["kernel_shape"]), name)
    require(len(node.output) == 1, f"{name} has a second output, the indices: export it without them")
    require(
        node.op_type == "MaxPool" or not any(window.padding) or bool(options.get("count_include_pad", 0)),
        f"{name} divides by fewer values at the padded edges: export it with count_include_pad, or without padding",
    )
    synapses = _pooled(node, name, tensor.shape, window)
    stage = context.builder.add(stage_name(node), synapses, tensor)
    context.pass_on(node, replace(tensor, order=None, shape=synapses.output_shape), stage)


def global_pool(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import GlobalAveragePool: a window as large as the image."""
    tensor = context.data(node, name)
    require(len(tensor.shape) == 3, f"{name} gets samples of shape {tensor.shape}, not (channels, height, width)")
    _average(context, node, name, tensor, 1, (tensor.shape[0], 1, 1))


def reduce_mean(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import ReduceMean over height and width: a global average pool, with channels first or last."""
    tensor = context.data(node, name)
    axes = axes_of(context, node, name, options, len(tensor.shape) + 1)
    good = len(tensor.shape) == 3 and axes is not None and sorted(axes) in ([1, 2], [2, 3])
    require(good, f"{name} reduces axes {axes} of samples {tensor.shape}: only height and width together are supported")
    channel = 1 if sorted(axes or ()) == [2, 3] else 3
    count = tensor.shape[channel - 1]
    kept = tuple(count if axis == channel else 1 for axis in (1, 2, 3))
    _average(context, node, name, tensor, channel, kept if options.get("keepdims", 1) else (count,))


def _average(
    context: ImportContext, node: onnx.NodeProto, name: str, tensor: Tensor, channel: int, shape: Shape
) -> None:
    """Add the mean of each channel of an image; ``channel`` is the channel axis."""
    if channel == 3:
        tensor = tensor.transposed((2, 0, 1))
    channels, height, width = tensor.shape
    order = context.builder.order_of(tensor)
    if tensor.stage != INPUT and order is not None:
        # a mean does not depend on the order of its values
        places = np.sort(order.reshape(channels, -1), axis=1).reshape(-1)
        tensor = replace(tensor, order=arranged(places))
        if context.builder.in_order(tensor):
            _, height, width = context.builder.drafts[tensor.stage].synapses.output_shape
    require(
        context.builder.in_order(tensor),
        f"{name} takes values that a Transpose has reordered: export the network with channels first",
    )
    window = Window(kernel=(height, width))
    synapses = _pooled(node, name, (channels, height, width), window)
    context.send(node.output[0], context.builder.add(stage_name(node), synapses, tensor), shape)


def _pooled(node: onnx.NodeProto, name: str, shape: Shape, window: Window) -> MaxPool2d | AveragePool2d:
    kind = MaxPool2d if node.op_type == "MaxPool" else AveragePool2d
    try:
        return kind(shape=(shape[0], shape[1], shape[2]), window=window)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _rows(constant: Constant, name: str) -> QuantGrid | None:
    """Return the grid of weights (outputs, ...) with a scale of shape () or (outputs,)."""
    grid = constant.grid
    require(
        not constant.obstacle,
        f"{name} has unsupported weights: {constant.obstacle}: train them with 8 bits or fewer",
    )
    if grid is None:
        return None
    scale = np.broadcast_to(grid.scale, constant.value.shape).reshape(len(constant.value), -1)
    per_output = bool((scale == scale[:, :1]).all())
    require(per_output, f"{name} has weight scales per input channel: train them per output channel or per tensor")
    return replace(grid, scale=scale[:, 0])
