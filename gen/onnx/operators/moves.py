"""Handlers of ONNX operators that select, join, pad or repeat values: Concat, Expand, Gather, Pad, Slice, Split."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.order import image_of
from tospike.gen.onnx.tensor import INPUT, NOTHING, Tensor
from tospike.hw.params import require
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network import Add, Array, Conv2d, Dense


def slice_(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Slice, with bounds as inputs or, before opset 10, as attributes."""
    tensor = _data(context, node, name)
    given = [context.integers(node, index, name) for index in range(1, 5)]
    starts, ends, axes, steps = given
    starts, ends = starts or list(options.get("starts", [])), ends or list(options.get("ends", []))
    axes = axes or list(options.get("axes", range(len(starts))))
    steps = steps or [1] * len(starts)
    require(len(starts) == len(ends) == len(axes) == len(steps), f"{name} has bounds of different lengths")
    index = _index(tensor)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = context.axis(axis, tensor, name)
        require(step != 0, f"{name} has a step of 0")
        taken = np.arange(tensor.shape[at])[slice(start, end, step)]
        context.require_batch(name, kept=at != 0)
        index = index.take(taken, axis=at)
    _pick(context, node, name, tensor, index)


def split(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Split, with sizes as an input, an attribute, or equal ones."""
    tensor = _data(context, node, name)
    tensor = replace(tensor, shared=tensor.shared or len(node.output) > 1)
    axis = context.axis(int(options.get("axis", 0)), tensor, name)
    context.require_batch(name, kept=axis != 0)
    sizes = context.integers(node, 1, name) or list(options.get("split", []))
    size, parts = tensor.shape[axis], len(node.output)
    if not sizes:
        each = -(-size // parts)
        sizes = [min(each, size - each * part) for part in range(parts)]
    require(
        len(sizes) == parts and min(sizes) >= 1 and sum(sizes) == size,
        f"{name} splits {size} values into parts of {sizes}",
    )
    ends = np.cumsum(sizes)
    for output, (end, width) in enumerate(zip(ends, sizes, strict=True)):
        index = _index(tensor).take(range(end - width, end), axis=axis)
        context.pass_on(node, context.pick(tensor, index), output)


def gather(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Gather of constant indices."""
    tensor = _data(context, node, name)
    axis = context.axis(int(options.get("axis", 0)), tensor, name)
    context.require_batch(name, kept=axis != 0)
    require(node.input[1] in context.graph.constants, f"{name} has indices that depend on the input")
    indices = context.graph.constants[node.input[1]].value
    size = tensor.shape[axis]
    good = indices.dtype.kind in "iu" and bool(((indices >= -size) & (indices < size)).all())
    require(good, f"{name} has indices beyond {size} values")
    _pick(context, node, name, tensor, _index(tensor).take(indices % size, axis=axis))


def expand(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Expand, or Tile, by constant sizes."""
    tensor = _data(context, node, name)
    sizes = context.integers(node, 1, name) or []
    if node.op_type == "Tile":
        require(len(sizes) == len(tensor.shape), f"{name} has repeats {sizes} for a tensor {tensor.shape}")
        _limit(name, tensor.size * int(np.prod(sizes)))
        context.require_batch(name, kept=sizes[0] == 1)
        _pick(context, node, name, tensor, np.tile(_index(tensor), sizes))
        return
    if context.graph.batch > 1 and len(sizes) == len(tensor.shape) and sizes[0] == context.graph.batch:
        sizes[0] = 1
    context.pass_on(node, context.broadcast(tensor, np.broadcast_shapes(tensor.shape, tuple(sizes)), name))


def pad(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Pad with a constant, with pads as an input or, before opset 11, as an attribute; negative ones crop."""
    tensor = context.data(node, name)
    mode = options.get("mode", b"constant").decode()
    require(mode == "constant", f"{name} pads by {mode}: only constant is supported")
    rank = len(tensor.shape)
    pads = context.integers(node, 1, name) or [int(p) for p in options.get("pads", options.get("paddings", []))]
    axes = context.integers(node, 3, name)
    each = [context.axis(axis, tensor, name) for axis in axes] if axes is not None else list(range(rank))
    require(len(pads) == 2 * len(each), f"{name} has {len(pads)} pads for {len(each)} axes")
    value = float(options.get("value", 0.0))
    if len(node.input) > 2 and node.input[2]:
        value = float(context.constant(node, 2, name).value.reshape(-1)[0])
    widths = [(0, 0)] * rank
    for position, axis in enumerate(each):
        widths[axis] = pads[position], pads[len(each) + position]
    context.require_batch(name, kept=widths[0] == (0, 0) if rank else True)
    index = _index(tensor)
    cropped = tuple(slice(max(0, -a), s - max(0, -b)) for (a, b), s in zip(widths, tensor.shape, strict=True))
    index = index[cropped]
    more = [(max(0, before), max(0, after)) for before, after in widths]
    _limit(name, int(np.prod([size + sum(both) for size, both in zip(index.shape, more, strict=True)])))
    padded = np.pad(index, more, constant_values=NOTHING)
    require(padded.size >= 1, f"{name} leaves no values")
    if value and (padded == NOTHING).any():
        # the padding is 0 for the layers: take the value off before it, and add it after it
        shifted = context.builder.scaled(stage_name(node), tensor, *_shift(tensor.size, -value))
        padded_tensor = context.pick(context.builder.settled(stage_name(node), shifted), padded)
        tensor = context.builder.ordered(stage_name(node), padded_tensor)
        context.pass_on(node, context.builder.scaled(stage_name(node), tensor, *_shift(tensor.size, value)))
        return
    context.pass_on(node, context.pick(tensor, padded))


def concat(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Concat of values of one stage, with zeros; or the sum of several, each with zeros for the others."""
    tensors = {i: context.data(node, name, i) for i, x in enumerate(node.input) if x not in context.graph.constants}
    first = next(iter(tensors.values()))
    axis = context.axis(int(options.get("axis", 1)), first, name)
    context.require_batch(name, kept=axis != 0)
    parts: list[tuple[int, Array]] = []
    for position, source in enumerate(node.input):
        if position in tensors:
            parts.append((position, _index(tensors[position])))
            continue
        value = context.constant(node, position, name).value
        require(not value.any(), f"{name} joins the constant {source!r}, which is not 0, to data")
        parts.append((position, np.full(value.shape, NOTHING)))
    shapes = [index.shape[:axis] + index.shape[axis + 1 :] for _, index in parts]
    require(len(set(shapes)) == 1, f"{name} joins tensors of shapes {[index.shape for _, index in parts]}")
    stages = {tensor.stage for tensor in tensors.values()}
    if len(stages) == 1:
        places = [tensors[i].places if i in tensors else index for i, index in parts]
        outputs = context.builder.outputs(first.stage)
        joined = first.moved(np.concatenate(places, axis=axis), outputs=outputs)
        context.pass_on(node, replace(joined, shared=len(tensors) > 1 or first.shared))
        return
    total: Tensor | None = None
    for chosen, tensor in tensors.items():
        others = [index if i == chosen else np.full(index.shape, NOTHING) for i, index in parts]
        part = _alone(context, node, tensor, np.concatenate(others, axis=axis))
        total = part if total is None else _sum(context, node, total, part)
    assert total is not None  # there is data, or the node would have been folded
    context.pass_on(node, total)


def depth_to_space(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import DepthToSpace or SpaceToDepth."""
    tensor = _data(context, node, name)
    require(len(tensor.shape) == 4, f"{name} gets samples of shape {tensor.shape}, not images")
    batch, channels, height, width = tensor.shape
    block, index = int(options["blocksize"]), _index(tensor)
    if node.op_type == "SpaceToDepth":
        require(height % block == 0 and width % block == 0, f"{name} has blocks of {block} on {height} x {width}")
        split_up = index.reshape(batch, channels, height // block, block, width // block, block)
        index = split_up.transpose(0, 3, 5, 1, 2, 4).reshape(batch, -1, height // block, width // block)
    else:
        depth = channels // block**2
        require(depth * block**2 == channels, f"{name} has blocks of {block} on {channels} channels")
        column_first = options.get("mode", b"DCR").decode() == "CRD"
        sizes = (batch, depth, block, block) if column_first else (batch, block, block, depth)
        axes = (0, 1, 4, 2, 5, 3) if column_first else (0, 3, 4, 1, 5, 2)
        index = index.reshape(*sizes, height, width).transpose(axes)
        index = index.reshape(batch, depth, height * block, width * block)
    context.pass_on(node, context.pick(tensor, index))


def _alone(context: ImportContext, node: onnx.NodeProto, tensor: Tensor, index: Array) -> Tensor:
    """Return a tensor's part of a Concat, in order, with zeros for the others: more channels of its stage, if they can
    be added to it."""
    builder = context.builder
    widened = context.pick(tensor, index)
    if tensor.stage == INPUT or tensor.shared or not builder.is_whole(tensor):
        return builder.ordered(stage_name(node), widened)
    draft = builder.drafts[tensor.stage]
    synapses = draft.synapses
    can = isinstance(synapses, Dense) or (isinstance(synapses, Conv2d) and synapses.groups == 1)
    each = tensor.size // synapses.channels
    order = builder.order_of(widened)
    rows = None if order is None or order.size % each else order.reshape(-1, each)
    same = image_of(widened.shape)[1:] == builder.image_at(tensor.stage)[1:]
    if not can or not draft.keeps_zero or rows is None or not same:
        return builder.ordered(stage_name(node), widened)
    channels = np.where(rows[:, 0] < 0, NOTHING, rows[:, 0] // each)
    whole = np.where(channels[:, None] < 0, NOTHING, channels[:, None] * each + np.arange(each))
    if not np.array_equal(whole, rows):
        return builder.ordered(stage_name(node), widened)
    draft.select(channels)
    return builder.stage_tensor(tensor.stage, widened.shape)


def _sum(context: ImportContext, node: onnx.NodeProto, first: Tensor, second: Tensor) -> Tensor:
    shape = context.builder.image_at(first.stage)
    if context.builder.image_at(second.stage) != shape:
        shape = (first.size, 1, 1)
    synapses = Add(shape=shape, weight=np.ones(2), bias=np.zeros(shape[0]))
    stage = context.builder.add(stage_name(node), synapses, first, second)
    context.builder.drafts[stage].moves = True
    return context.builder.stage_tensor(stage, first.shape)


def _data(context: ImportContext, node: onnx.NodeProto, name: str) -> Tensor:
    return context.data(node, name, takes_codes=True, takes_scaling=True)


def _index(tensor: Tensor) -> Array:
    """Return the flat index of each value of a tensor."""
    return np.arange(tensor.size).reshape(tensor.shape)


def _pick(context: ImportContext, node: onnx.NodeProto, name: str, tensor: Tensor, index: Array) -> None:
    require(index.size >= 1, f"{name} leaves no values")
    context.pass_on(node, context.pick(tensor, index))


def _shift(size: int, value: float) -> tuple[Array, Array]:
    return np.ones(size), np.full(size, value)


def _limit(name: str, values: int) -> None:
    require(values <= SAMPLE_VALUES, f"{name} has {values} values: at most {SAMPLE_VALUES} are supported")
