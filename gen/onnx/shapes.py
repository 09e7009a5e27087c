"""Handlers of ONNX operators that only move values: Flatten, Reshape, Squeeze, Unsqueeze, Transpose."""

import math
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.tensor import Tensor
from tospike.hw.params import require
from tospike.sim.network import Shape


def flatten(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Flatten to (batch, values)."""
    tensor = context.data(node, name, takes_codes=True)
    axis = options.get("axis", 1)
    keeps = axis in (1, -len(tensor.shape))
    require(keeps, f"{name} has axis {axis}: only axis 1, which keeps the batch, is supported")
    _reshape(context, node, tensor, (math.prod(tensor.shape),))


def reshape(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Reshape of samples, which must keep the batch."""
    tensor = context.data(node, name, takes_codes=True)
    require(node.input[1] in context.graph.constants, f"{name} has a shape that depends on the input: export it fixed")
    target = [int(size) for size in context.graph.constants[node.input[1]].value.reshape(-1)]
    size = math.prod(tensor.shape)
    batch, shape = target[:1], target[1:]
    kept = not options.get("allowzero", 0)
    shape = [tensor.shape[i] if s == 0 and kept and i < len(tensor.shape) else s for i, s in enumerate(shape)]
    known = math.prod(s for s in shape if s != -1)
    shape = [size // known if s == -1 and known > 0 else s for s in shape]
    good = batch in ([0], [-1], [1], [context.graph.batch]) and target.count(-1) <= 1
    good = good and len(shape) >= 1 and min(shape) >= 1 and math.prod(shape) == size
    require(good, f"{name} reshapes to {target}: only (batch, {size}), or another shape of a sample, is supported")
    _reshape(context, node, tensor, tuple(shape))


def squeeze(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Squeeze of axes of a sample."""
    tensor = context.data(node, name, takes_codes=True)
    axes = axes_of(context, node, name, options, len(tensor.shape) + 1)
    require(
        axes is not None and 0 not in axes, f"{name} removes the batch, or has no axes: export it with axes of a sample"
    )
    sizes = [tensor.shape[axis - 1] for axis in axes or ()]
    require(all(size == 1 for size in sizes), f"{name} removes axes of sizes {sizes}: only size 1 can be removed")
    left = [size for axis, size in enumerate(tensor.shape, 1) if axis not in (axes or ())]
    _reshape(context, node, tensor, tuple(left) or (1,))


def unsqueeze(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Unsqueeze of axes of a sample."""
    tensor = context.data(node, name, takes_codes=True)
    given = axes_of(context, node, name, options, None)
    rank = len(tensor.shape) + 1 + len(given or ())
    axes = sorted({axis % rank for axis in given or () if -rank <= axis < rank})
    require(
        given is not None and len(axes) == len(given) and 0 not in axes,
        f"{name} inserts before the batch, or has no axes",
    )
    shape = list(tensor.shape)
    for axis in axes:
        shape.insert(axis - 1, 1)
    _reshape(context, node, tensor, tuple(shape))


def transpose(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Transpose of the axes of a sample: its values are in another order from here on."""
    tensor = context.data(node, name, takes_codes=True)
    rank = len(tensor.shape) + 1
    axes = [int(axis) for axis in options.get("perm", range(rank - 1, -1, -1))]
    require(sorted(axes) == list(range(rank)), f"{name} has perm {axes} for a tensor of {rank} dimensions")
    require(axes[0] == 0, f"{name} has perm {axes}, which moves the batch: only axes of a sample can move")
    moved = tensor.transposed(tuple(axis - 1 for axis in axes[1:]))
    context.pass_on(node, moved, tensor.stage)


def axes_of(
    context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any], rank: int | None
) -> list[int] | None:
    """Return the axes of a node, from an attribute (older opsets) or an input; ``None`` if it has none. With ``rank``,
    negative axes are converted."""
    axes = options.get("axes")
    if len(node.input) > 1 and node.input[1]:
        source = node.input[1]
        require(source in context.graph.constants, f"{name} has axes that depend on the input: export them fixed")
        value = context.graph.constants[source].value
        require(value.dtype.kind in "iu", f"{name} has axes of {value.dtype}: give integers")
        axes = np.reshape(value, -1).tolist()
    if axes is None or rank is None:
        return None if axes is None else [int(axis) for axis in axes]
    require(
        all(-rank <= axis < rank for axis in axes), f"{name} has axes {list(axes)} of a tensor of {rank} dimensions"
    )
    return [int(axis) % rank for axis in axes]


def _reshape(context: ImportContext, node: onnx.NodeProto, tensor: Tensor, shape: Shape) -> None:
    context.pass_on(node, tensor.reshaped(shape), tensor.stage)
