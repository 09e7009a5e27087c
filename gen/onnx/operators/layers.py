"""Handlers of ONNX operators with weights: convolutions and dense layers."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.graph import Constant
from tospike.gen.onnx.tensor import NOTHING, Scaling, Tensor
from tospike.gen.onnx.windows import image_of_window, read_window
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, Conv2d, Dense, QuantGrid


def conv(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import a Conv in one or two dimensions; a dilated one gets weights of 0 in between."""
    tensor = context.data(node, name)
    constant = context.constant(node, 1, name)
    weight, groups = constant.value, int(options.get("group", 1))
    require(weight.ndim in (3, 4), f"{name} has weights of shape {weight.shape}: 1 and 2 dimensions are supported")
    geometry = read_window(options, tensor.shape, weight.shape[2:], name)
    shape, padding = image_of_window(tensor.shape), geometry.window.padding
    require(
        groups >= 1 and shape[0] % groups == 0 and weight.shape[1] * groups == shape[0],
        f"{name} has weights of shape {weight.shape} in {groups} groups for {shape[0]} channels",
    )
    grid = _rows(constant, name)
    weight = _dilated(weight.reshape(*weight.shape[:2], -1, weight.shape[-1]), geometry.dilation)
    if not context.builder.fits(tensor):
        found = context.builder.placement_of(tensor, shape)
        pads = found.pads if found else None
        if found and pads is not None and (groups == 1 or np.array_equal(found.channels, np.arange(shape[0]))):
            # what is left is channels in another order and zeros around the image
            padding = (padding[0] + pads[0], padding[1] + pads[1], padding[2] + pads[2], padding[3] + pads[3])
            if groups == 1:
                weight = _spread(weight, found.channels, found.source[0])
            shape, tensor = found.source, tensor.reshaped((1, *found.source))
        else:
            tensor = context.builder.ordered(stage_name(node), tensor)
    bias = context.constant(node, 2, name).value if len(node.input) > 2 and node.input[2] else np.zeros(len(weight))
    try:
        synapses = Conv2d(
            shape=shape,
            weight=weight,
            bias=bias.reshape(-1),
            stride=geometry.window.stride,
            padding=padding,
            groups=groups,
            grid=grid,
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    stage = context.builder.add(stage_name(node), synapses, tensor)
    channels, height, width = synapses.output_shape
    is_signal = constant.value.ndim == 3
    context.send(node.output[0], stage, (1, channels, width) if is_signal else (1, channels, height, width))


def gemm(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Gemm: a dense layer with bias."""
    alpha, beta = options.get("alpha", 1.0), options.get("beta", 1.0)
    swaps = [bool(options.get("transA", 0)), bool(options.get("transB", 0))]
    made = _product(context, node, name, swaps=swaps, alpha=alpha)
    if len(node.input) > 2 and node.input[2]:
        shape = made.shape
        made, shift = context.values(node, 2, name, made)
        require(
            made.shape == shape,
            f"{name}: {node.input[2]!r} is not a vector for {shape[-1]} channels: a bias has a value for each output",
        )
        made = context.builder.scaled(stage_name(node), made, np.ones(len(shift)), beta * shift)
    context.pass_on(node, made)


def matmul(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import MatMul with constant weights: a dense layer, or a convolution of one tap if it has several rows."""
    context.pass_on(node, _product(context, node, name, swaps=[False, False], alpha=1.0))


def _product(context: ImportContext, node: onnx.NodeProto, name: str, *, swaps: list[bool], alpha: float) -> Tensor:
    """Return the product of two operands, one of them constant; ``swaps`` tells which are transposed."""
    data = [index for index in (0, 1) if node.input[index] not in context.graph.constants]
    require(len(data) == 1, f"{name} multiplies two tensors that depend on the input, which no hardware computes")
    at = data[0]
    tensor = context.data(node, name, at, takes_scaling=True)
    constant = context.constant(node, 1 - at, name)
    weight = constant.value
    scale = np.broadcast_to(constant.grid.scale if constant.grid else 1.0, weight.shape)
    while weight.ndim > 2 and weight.shape[0] == 1:
        weight, scale = weight[0], scale[0]
    good = weight.ndim in (1, 2) and weight.size >= 1
    require(good, f"{name}: {node.input[1 - at]!r} has shape {constant.value.shape}, not 2 dimensions")
    is_vector = weight.ndim == 1
    if is_vector:
        weight, scale = (array.reshape(1, -1) for array in (weight, scale))
    elif swaps[1 - at] == bool(at == 0):
        pass  # (outputs, inputs) already
    else:
        weight, scale = weight.T, scale.T
    shape = tensor.shape
    index = np.arange(tensor.size).reshape(shape)
    if len(shape) == 1:
        index = index[None] if at == 0 else index[:, None]
    if swaps[at] != bool(at == 1):
        index = np.swapaxes(index, -1, -2)
    rows = int(np.prod(index.shape[:-1]))
    require(weight.shape[1] == index.shape[-1], f"{name} takes {weight.shape[1]} values but gets {index.shape[-1]}")
    context.require_batch(name, kept=at == 0 and shape[0] == 1 and not swaps[0])
    grid = replace(constant.grid, scale=scale) if constant.grid else None
    grid = _rows(replace(constant, value=weight, grid=grid), name)
    made = _dense(context, node, context.pick(tensor, index.reshape(rows, -1)), weight, grid, alpha)
    # (rows, outputs) as the file has them
    wide = (*index.shape[:-1], len(weight))
    result = context.pick(made, np.arange(made.size).reshape(wide) if at == 0 else _swapped(made.size, wide))
    left = list(result.shape)
    if is_vector:
        left.pop(-1 if at == 0 else -2)
    if len(shape) == 1:
        left.pop(0 if at == 0 else -1)
    return result.reshaped(tuple(left))


def _swapped(size: int, shape: tuple[int, ...]) -> Array:
    return np.swapaxes(np.arange(size).reshape(shape), -1, -2)


def _dense(
    context: ImportContext, node: onnx.NodeProto, tensor: Tensor, weight: Array, grid: QuantGrid | None, alpha: float
) -> Tensor:
    """Return (rows, outputs) for (rows, inputs) and weights (outputs, inputs)."""
    builder, name = context.builder, stage_name(node)
    rows, inputs = tensor.shape
    if rows > 1:
        swapped = context.pick(builder.settled(name, tensor), _swapped(tensor.size, tensor.shape))
        image = builder.image_at(tensor.stage)
        whole = builder.is_whole(swapped) and builder.order_of(swapped) is None and image[0] == inputs
        shape = image if whole else (inputs, rows, 1)
        ordered = builder.ordered(name, swapped.reshaped((1, *shape)))
        synapses = Conv2d(
            shape=shape, weight=weight.reshape(*weight.shape, 1, 1), bias=np.zeros(len(weight)), grid=grid
        )
        stage = builder.add(name, synapses, ordered)
        made = builder.stage_tensor(stage, (len(weight), rows))
        made = context.pick(made, _swapped(made.size, made.shape))
    else:
        scaling = tensor.scaling or Scaling(factor=np.ones(inputs), shift=np.zeros(inputs))
        bias = weight @ scaling.shift
        if tensor.scaling is not None:
            weight, grid = weight * scaling.factor, None
        order = builder.order_of(tensor)
        if order is not None:
            outputs = builder.outputs(tensor.stage)
            used = order[order != NOTHING]
            grid = grid if len(np.unique(used)) == len(used) else None  # sums of weights are on no grid
            weight = _spread(weight, order, outputs)
        stage = builder.add(name, Dense(weight=weight, bias=bias, grid=grid), tensor)
        made = builder.stage_tensor(stage, (1, len(weight)))
    if alpha != 1.0:
        draft = builder.drafts[stage]
        draft.scale(np.full(len(weight), alpha), np.zeros(len(weight)))
    return made


def _spread(weight: Array, order: Array, inputs: int) -> Array:
    """Return weights (outputs, inputs, ...) for inputs in order, from those for values at ``order`` (-1: zero)."""
    spread = np.zeros((len(weight), inputs, *weight.shape[2:]))
    columns = np.moveaxis(spread, 1, 0)
    there = np.flatnonzero(order != NOTHING)
    np.add.at(columns, order[there], np.moveaxis(weight[:, there], 1, 0))
    return spread


def _dilated(weight: Array, dilation: tuple[int, int]) -> Array:
    """Return (outputs, inputs, height, width) weights with zeros in the gaps of a dilation."""
    high, wide = ((size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilation, strict=True))
    dilated = np.zeros((*weight.shape[:2], high, wide))
    dilated[:, :, :: dilation[0], :: dilation[1]] = weight
    return dilated


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
