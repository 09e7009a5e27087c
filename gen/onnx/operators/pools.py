"""Handlers of ONNX operators that reduce windows or axes to their mean, maximum or sum."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.operators.shapes import axes_of
from tospike.gen.onnx.order import arranged, image_of
from tospike.gen.onnx.tensor import INPUT, Scaling, Tensor
from tospike.gen.onnx.windows import image_of_window, read_window
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, AveragePool2d, Conv2d, MaxPool2d, Shape, Window

Pool = type[MaxPool2d] | type[AveragePool2d]
POOLS: dict[str, Pool] = {
    "MaxPool": MaxPool2d,
    "GlobalMaxPool": MaxPool2d,
    "ReduceMax": MaxPool2d,
    "AveragePool": AveragePool2d,
    "GlobalAveragePool": AveragePool2d,
    "ReduceMean": AveragePool2d,
    "ReduceSum": AveragePool2d,
}
"""What each operator computes under its windows; a sum is a mean, times the number of values."""


def pool(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import MaxPool or AveragePool, of signals or images."""
    kind = POOLS[node.op_type]
    tensor = context.data(node, name, takes_codes=kind is MaxPool2d)
    geometry = read_window(options, tensor.shape, tuple(int(k) for k in options["kernel_shape"]), name)
    uses_indices = len(node.output) > 1 and context.graph.uses[node.output[1]] > 0
    require(not uses_indices, f"{name} has a second output, the indices: export it without them")
    require(geometry.dilation == (1, 1), f"{name} has dilations {geometry.dilation}: only 1 is supported in pools")
    shape, window = image_of_window(tensor.shape), geometry.window
    more = (0, 0, 0, 0)
    if not context.builder.fits(tensor):
        found = context.builder.placement_of(tensor, shape)
        pads = found.pads if found else None
        is_plain = found is not None and np.array_equal(found.channels, np.arange(shape[0]))
        if (
            found
            and pads is not None
            and is_plain
            and (kind is AveragePool2d or (context.builder.is_positive(tensor.stage) and _is_covered(window, pads)))
        ):
            # zeros around the image: a maximum of values that are not negative can leave them out
            more, shape, tensor = pads, found.source, tensor.reshaped((1, *found.source))
        else:
            tensor = context.builder.ordered(stage_name(node), tensor)
    pads = window.padding
    total = (pads[0] + more[0], pads[1] + more[1], pads[2] + more[2], pads[3] + more[3])
    made = _pooled(context, node, name, tensor, replace(window, padding=total), shape)
    if kind is AveragePool2d:
        inside = replace(window, padding=pads), shape[1] + more[0] + more[2], shape[2] + more[1] + more[3]
        stated = bool(options.get("count_include_pad", 0))
        factor = _counted(*inside, geometry.beyond, pads_count=stated)
        if (factor != 1).any():
            channels = made.size // factor.size
            each = np.tile(factor.reshape(-1), channels)
            made = context.builder.scaled(stage_name(node), made, each, np.zeros(made.size))
    is_signal = len(options["kernel_shape"]) == 1
    context.pass_on(node, made.reshaped((*made.shape[:2], made.shape[3])) if is_signal else made)


def global_pool(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import GlobalAveragePool or GlobalMaxPool: a window as large as the image."""
    tensor = _data(context, node, name)
    rank = len(tensor.shape)
    require(rank in (3, 4) and tensor.shape[0] == 1, f"{name} gets a tensor of {tensor.shape}, not (1, channels, ...)")
    made = _over(context, node, name, tensor, list(range(2, rank)))
    context.pass_on(node, made.reshaped((1, tensor.shape[1], *[1] * (rank - 2))))


def reduction(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import ReduceMean, ReduceMax or ReduceSum over axes of a sample."""
    tensor = _data(context, node, name)
    axes = axes_of(context, node, name, options, tensor)
    if axes is None or (not axes and not options.get("noop_with_empty_axes", 0)):
        axes = list(range(1 if context.graph.batch != 1 else 0, len(tensor.shape)))
    context.require_batch(name, kept=0 not in axes)
    shape = [1 if axis in axes else size for axis, size in enumerate(tensor.shape)]
    if not options.get("keepdims", 1):
        shape = [size for axis, size in enumerate(tensor.shape) if axis not in axes]
    made = _over(context, node, name, tensor, sorted(axes)) if axes else tensor
    if node.op_type == "ReduceSum":
        count = tensor.size // made.size
        made = context.builder.scaled(stage_name(node), made, np.full(made.size, float(count)), np.zeros(made.size))
    context.pass_on(node, made.reshaped(tuple(shape)))


def _data(context: ImportContext, node: onnx.NodeProto, name: str) -> Tensor:
    is_mean = POOLS[node.op_type] is AveragePool2d
    return context.data(node, name, takes_codes=not is_mean, takes_scaling=is_mean)


def _weighted_mean(context: ImportContext, node: onnx.NodeProto, tensor: Tensor, scaling: Scaling) -> Tensor:
    """Return the mean of each channel of an image whose values are still to be scaled: a convolution of its size."""
    shape = image_of(tensor.shape)
    weight, shift = (
        part.reshape(shape[0], 1, *shape[1:]) / (shape[1] * shape[2]) for part in (scaling.factor, scaling.shift)
    )
    synapses = Conv2d(shape=shape, weight=weight, bias=shift.sum(axis=(1, 2, 3)), groups=shape[0])
    stage = context.builder.add(stage_name(node), synapses, tensor)
    return context.builder.stage_tensor(stage, (1, shape[0]))


def _over(context: ImportContext, node: onnx.NodeProto, name: str, tensor: Tensor, axes: list[int]) -> Tensor:
    """Return the mean or maximum over axes, for the other ones in their order."""
    builder = context.builder
    scaling = tensor.scaling
    if scaling is not None:
        plain, spatial_axes = replace(tensor, scaling=None), list(range(2, len(tensor.shape)))
        if spatial_axes == axes and len(tensor.shape) in (3, 4) and builder.fits(plain):
            return _weighted_mean(context, node, plain, scaling)
        tensor = builder.settled(stage_name(node), tensor)
    if len(tensor.shape) in (3, 4) and min(axes) >= 2 and builder.fits(tensor):
        shape = image_of(tensor.shape)
        spatial = shape[1:] if len(tensor.shape) == 4 else shape[2:]
        kernel = [size if axis in axes else 1 for axis, size in enumerate(spatial, 2)]
        window = Window(kernel=(kernel[0], kernel[1]) if len(kernel) == 2 else (1, kernel[0]))
        made = _pooled(context, node, name, tensor, window, shape)
        return made.reshaped((1, made.size))
    kept = [axis for axis in range(len(tensor.shape)) if axis not in axes]
    index = np.arange(tensor.size).reshape(tensor.shape).transpose(*kept, *axes)
    count = math.prod(tensor.shape[axis] for axis in kept)
    grouped = context.pick(tensor, index.reshape(1, count, -1))
    if context.builder.is_whole(grouped) and grouped.stage != INPUT:
        # the result does not depend on the order of the values in a group
        places = np.sort(grouped.places.reshape(count, -1), axis=1)
        grouped = replace(grouped, order=arranged(places.reshape(-1)))
    if builder.in_order(grouped):
        image = builder.image_at(grouped.stage)
        fits = image[0] == count and image[1] * image[2] * count == tensor.size
        shape = image if fits else (count, 1, tensor.size // count)
        made = _pooled(context, node, name, grouped, Window(kernel=(shape[1], shape[2])), shape)
        return made.reshaped((1, count))
    if POOLS[node.op_type] is AveragePool2d and _over_channels(builder.image_at(grouped.stage), grouped):
        # over all channels of an image: a convolution of one tap
        image = builder.image_at(grouped.stage)
        weight = np.full((1, image[0], 1, 1), 1 / image[0])
        stage = builder.add(stage_name(node), Conv2d(shape=image, weight=weight, bias=np.zeros(1)), grouped)
        return builder.stage_tensor(stage, (1, count))
    ordered = builder.ordered(stage_name(node), grouped)
    shape = (count, 1, tensor.size // count)
    return _pooled(context, node, name, ordered, Window(kernel=shape[1:]), shape).reshaped((1, count))


def _over_channels(image: tuple[int, int, int], grouped: Tensor) -> bool:
    places = np.arange(math.prod(image)).reshape(image[0], -1).T
    return grouped.order is not None and np.array_equal(grouped.order, places.reshape(-1))


def _pooled(
    context: ImportContext, node: onnx.NodeProto, name: str, tensor: Tensor, window: Window, shape: Shape
) -> Tensor:
    """Return the results of windows over a tensor whose values are an image in order."""
    try:
        synapses = POOLS[node.op_type](shape=(shape[0], shape[1], shape[2]), window=window)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    stage = context.builder.add(stage_name(node), synapses, tensor)
    return replace(context.builder.stage_tensor(stage, (1, *synapses.output_shape)), is_code=tensor.is_code)


def _is_covered(window: Window, pads: tuple[int, int, int, int]) -> bool:
    """Return whether each window over an image with these zeros around it, beyond its own padding, has a value."""
    total = [own + more for own, more in zip(window.padding, pads, strict=True)]
    return max(total[0], total[2]) < window.kernel[0] and max(total[1], total[3]) < window.kernel[1]


def _counted(window: Window, height: int, width: int, beyond: tuple[int, int], *, pads_count: bool) -> Array:
    """Return (rows, columns): the number of values under each window over the number that its mean counts.

    Those beyond the pads, for ceil_mode, never count; pads count only if they are stated to.
    """
    counts: list[Array] = []
    for axis, size in enumerate((height, width)):
        before, after = window.padding[axis], window.padding[axis + 2]
        counted = np.ones(before + size + after)
        if not pads_count:
            counted[:before] = counted[before + size :] = 0
        if beyond[axis]:
            counted[before + size + after - beyond[axis] :] = 0
        kernel, step = window.kernel[axis], window.stride[axis]
        starts = range(0, len(counted) - kernel + 1, step)
        counts.append(np.array([counted[start : start + kernel].sum() for start in starts]))
    return window.taps / np.maximum(np.outer(*counts), 1)
