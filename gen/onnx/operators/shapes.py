"""Handlers of ONNX operators that only give values another shape or order: Flatten, Reshape, Squeeze, Transpose."""

import math
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.tensor import Tensor
from tospike.hw.params import require
from tospike.sim.network import Shape


def flatten(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Flatten."""
    tensor = _moved(context, node, name)
    axis, rank = int(options.get("axis", 1)), len(tensor.shape)
    require(-rank <= axis <= rank, f"{name} has axis {axis} of a tensor of {rank} dimensions")
    axis = axis if axis >= 0 else axis + rank
    context.require_batch(name, kept=axis >= 1 and math.prod(tensor.shape[:axis]) == 1)
    _reshape(context, node, tensor, (math.prod(tensor.shape[:axis]), math.prod(tensor.shape[axis:])))


def reshape(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Reshape, with the shape as an input or, before opset 5, as an attribute."""
    tensor = _moved(context, node, name)
    given = context.integers(node, 1, name) or [int(size) for size in options.get("shape", [])]
    batch, size = context.graph.batch, tensor.size
    shape = list(given)
    if batch > 1 and shape:
        context.require_batch(name, kept=shape[0] in (0, -1, batch))
        shape[0] = 1
    kept = not options.get("allowzero", 0)
    shape = [tensor.shape[i] if s == 0 and kept and i < len(tensor.shape) else s for i, s in enumerate(shape)]
    known = math.prod(s for s in shape if s != -1)
    inferred = shape.count(-1) <= 1 and known > 0
    shape = [size // known if s == -1 and inferred else s for s in shape]
    good = inferred and min(shape, default=1) >= 1 and math.prod(shape) == size
    require(good, f"{name} reshapes {tensor.shape} to {given}: only another shape of its {size} values is supported")
    _reshape(context, node, tensor, tuple(shape))


def squeeze(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Squeeze; without axes, of all axes of size 1."""
    tensor = _moved(context, node, name)
    axes = axes_of(context, node, name, options, tensor)
    if axes is None:
        first = 1 if context.graph.batch > 1 else 0
        axes = [axis for axis, size in enumerate(tensor.shape) if size == 1 and axis >= first]
    sizes = [tensor.shape[axis] for axis in axes]
    require(all(size == 1 for size in sizes), f"{name} removes axes of sizes {sizes}: only size 1 can be removed")
    context.require_batch(name, kept=0 not in axes)
    _reshape(context, node, tensor, tuple(size for axis, size in enumerate(tensor.shape) if axis not in axes))


def unsqueeze(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Unsqueeze."""
    tensor = _moved(context, node, name)
    given = axes_of(context, node, name, options, None) or []
    rank = len(tensor.shape) + len(given)
    axes = sorted({axis % rank for axis in given if -rank <= axis < rank})
    require(len(given) >= 1 and len(axes) == len(given), f"{name} has axes {given} for a tensor of {rank} dimensions")
    context.require_batch(name, kept=0 not in axes)
    shape = list(tensor.shape)
    for axis in axes:
        shape.insert(axis, 1)
    _reshape(context, node, tensor, tuple(shape))


def transpose(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Transpose: the values are in another order from here on."""
    tensor = _moved(context, node, name)
    rank = len(tensor.shape)
    axes = [int(axis) for axis in options.get("perm", range(rank - 1, -1, -1))]
    require(sorted(axes) == list(range(rank)), f"{name} has perm {axes} for a tensor of {rank} dimensions")
    context.require_batch(name, kept=axes[:1] == [0])
    index = np.arange(tensor.size).reshape(tensor.shape).transpose(axes)
    context.pass_on(node, context.pick(tensor, index))


def axes_of(
    context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any], tensor: Tensor | None
) -> list[int] | None:
    """Return the axes of a node, from an attribute (older opsets) or an input; ``None`` if it has none. With a
    ``tensor``, negative axes are converted."""
    axes = context.integers(node, 1, name)
    if axes is None and "axes" in options:
        axes = [int(axis) for axis in options["axes"]]
    return axes if axes is None or tensor is None else [context.axis(axis, tensor, name) for axis in axes]


def _moved(context: ImportContext, node: onnx.NodeProto, name: str) -> Tensor:
    return context.data(node, name, takes_codes=True, takes_scaling=True)


def _reshape(context: ImportContext, node: onnx.NodeProto, tensor: Tensor, shape: Shape) -> None:
    context.pass_on(node, tensor.reshaped(shape))
