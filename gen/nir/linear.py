"""Linear maps with a bias, as synapses are: their composition, sums and scales.

A map is a convolution as long as it can be one; pools and channel scales are convolutions, too. Otherwise it is a
matrix.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.sim.network import Conv2d, Dense
from tospike.sim.network.layers import ungrouped

Floats = NDArray[np.float64]
Linear = Dense | Conv2d

MATRIX = 1 << 24
"""Most weights of a map that is no convolution."""


def compose(first: Linear, second: Linear, name: str) -> Linear:
    """Return what ``second`` does to the results of ``first``; ``name`` is the second one's in messages.

    Raises
    ------
    InputError
        It is no convolution, and has too many weights for a matrix.
    """
    both = _convolution(first, second) if isinstance(second, Conv2d) and isinstance(first, Conv2d) else None
    if both is not None:
        return both
    matrix = second if isinstance(second, Dense) else as_dense(second, name)
    bias = matrix.bias + matrix.weight @ output_biases(first)
    if isinstance(first, Conv2d):
        _require_size(matrix.outputs, first.inputs, name)
        return Dense(weight=_through(matrix.weight, first), bias=bias)
    return Dense(weight=matrix.weight @ first.weight, bias=bias)


def as_dense(linear: Linear, name: str) -> Dense:
    """Return the map as a matrix."""
    if isinstance(linear, Dense):
        return linear
    _require_size(linear.outputs, max(linear.inputs, linear.outputs), name)
    return Dense(weight=_through(np.eye(linear.outputs), linear), bias=output_biases(linear))


def scale_inputs(linear: Linear, factor: Floats, name: str) -> Linear:
    """Return the map of inputs times (inputs,) ``factor``."""
    if isinstance(linear, Conv2d) and is_per_channel(factor, linear.shape[0]):
        each = factor.reshape(linear.groups, 1, linear.shape[0] // linear.groups, -1)[..., 0]
        grouped = linear.weight.reshape(linear.groups, -1, *linear.weight.shape[1:])
        return replace(linear, weight=(grouped * each[..., None, None]).reshape(linear.weight.shape))
    matrix = as_dense(linear, name)
    return replace(matrix, weight=matrix.weight * factor)


def scale_outputs(linear: Linear, factor: Floats, name: str) -> Linear:
    """Return the map times (outputs,) ``factor``."""
    if isinstance(linear, Conv2d) and is_per_channel(factor, linear.channels):
        each = factor.reshape(linear.channels, -1)[:, 0]
        return replace(linear, weight=linear.weight * each[:, None, None, None], bias=linear.bias * each)
    matrix = as_dense(linear, name)
    return replace(matrix, weight=matrix.weight * factor[:, None], bias=matrix.bias * factor)


def without_bias(linear: Linear) -> Linear:
    """Return the map without its bias."""
    return replace(linear, bias=np.zeros_like(linear.bias))


def add(first: Linear, second: Linear, name: str) -> Linear:
    """Return the sum of two maps of the same inputs.

    Raises
    ------
    InputError
        Their inputs or outputs differ in number, or it is no convolution and has too many weights for a matrix.
    """
    require(
        (first.inputs, first.outputs) == (second.inputs, second.outputs),
        f"{name} adds {first.outputs} and {second.outputs} currents: their numbers must be equal",
    )
    images = [part for part in (first, second) if isinstance(part, Conv2d)]
    alike = len(images) == 2 and images[0].shape == images[1].shape
    both = _stacked(images, side_by_side=False) if alike else None
    if both is not None:
        return both
    one, other = as_dense(first, name), as_dense(second, name)
    return Dense(weight=one.weight + other.weight, bias=one.bias + other.bias)


def join(inputs: Sequence[tuple[str, tuple[int, int, int]]], rows: Sequence[Mapping[str, Linear]], name: str) -> Linear:
    """Return a map of several inputs in a row, with several parts of results in a row.

    Parameters
    ----------
    inputs
        Name and image of each input.
    rows
        For each part of the results, the maps of some of the inputs, which add up.

    Raises
    ------
    InputError
        Maps of a part differ in their number of results, or the whole has too many weights.
    """
    for row in rows:
        added = sorted({linear.outputs for linear in row.values()})
        require(len(added) == 1, f"{name} adds {' and '.join(map(str, added))} currents: the numbers must be equal")
    sums = []
    for row in rows:
        parts = [row[source] for source, _ in inputs if source in row]
        places = [at for at, (source, _) in enumerate(inputs) if source in row]
        whole = [_placed(part, at, [image for _, image in inputs]) for part, at in zip(parts, places, strict=True)]
        total = None if None in whole else _stacked([part for part in whole if part], side_by_side=False)
        sums.append(total)
    if all(total is not None for total in sums):
        stacked = _stacked([total for total in sums if total], side_by_side=True)
        if stacked is not None:
            return stacked
    sizes = [int(np.prod(image)) for _, image in inputs]
    counts = [next(iter(row.values())).outputs for row in rows]
    _require_size(sum(counts), sum(sizes), name)
    weight, bias = np.zeros((sum(counts), sum(sizes))), np.zeros(sum(counts))
    starts = np.cumsum([0, *sizes])
    top = 0
    for row, count in zip(rows, counts, strict=True):
        for at, (source, _) in enumerate(inputs):
            if source in row:
                part = as_dense(row[source], name)
                weight[top : top + count, starts[at] : starts[at + 1]] = part.weight
                bias[top : top + count] += part.bias
        top += count
    return Dense(weight=weight, bias=bias)


def _placed(linear: Linear, at: int, images: Sequence[tuple[int, int, int]]) -> Conv2d | None:
    """Return a convolution as one of all images in a row, as channels; ``None`` if it cannot be one."""
    sizes = {image[1:] for image in images}
    if not isinstance(linear, Conv2d) or len(sizes) > 1 or linear.shape != images[at]:
        return None
    own = ungrouped(linear).weight
    before, after = (sum(image[0] for image in part) for part in (images[:at], images[at + 1 :]))
    weight = np.pad(own, ((0, 0), (before, after), (0, 0), (0, 0)))
    return replace(linear, shape=(weight.shape[1], *linear.shape[1:]), weight=weight, groups=1)


def _stacked(parts: Sequence[Conv2d], *, side_by_side: bool) -> Conv2d | None:
    """Return convolutions of the same image as one, whose results are added, or in a row; ``None`` if their windows
    move differently."""
    first = parts[0]
    if any((part.stride, part.output_shape[1:]) != (first.stride, first.output_shape[1:]) for part in parts):
        return None
    parts = [replace(part, weight=ungrouped(part).weight, groups=1) for part in parts]
    top, left = (max(part.padding[axis] for part in parts) for axis in (0, 1))
    ends = [
        max(part.window.kernel[axis] - part.padding[axis] for part in parts) for axis in (0, 1)
    ]  # taps beyond the first value of the image
    kernel = top + ends[0], left + ends[1]
    weights = []
    for part in parts:
        y, x = top - part.padding[0], left - part.padding[1]
        rows, columns = part.window.kernel
        weights.append(np.pad(part.weight, ((0, 0), (0, 0), (y, kernel[0] - y - rows), (x, kernel[1] - x - columns))))
    _, height, width = first.output_shape
    bottom = (height - 1) * first.stride[0] + kernel[0] - top - first.shape[1]
    right = (width - 1) * first.stride[1] + kernel[1] - left - first.shape[2]
    biases = [part.bias for part in parts]
    made = replace(
        first,
        weight=np.concatenate(weights) if side_by_side else np.sum(weights, axis=0),
        bias=np.concatenate(biases) if side_by_side else np.sum(biases, axis=0),
        padding=(top, left, max(0, bottom), max(0, right)),
        groups=1,
    )
    return made if made.output_shape[1:] == first.output_shape[1:] else None


def output_biases(linear: Linear) -> Floats:
    """Return (outputs,) the bias of each output."""
    return np.repeat(linear.bias, linear.outputs // linear.channels)


def is_per_channel(factor: Floats, channels: int) -> bool:
    """Return whether all values of a channel have the same factor."""
    each = factor.reshape(channels, -1)
    return bool((each == each[:, :1]).all())


def identity(shape: tuple[int, int, int]) -> Conv2d:
    """Return the identity of an image."""
    channels = shape[0]
    return Conv2d(shape=shape, weight=np.ones((channels, 1, 1, 1)), bias=np.zeros(channels), groups=channels)


def _convolution(first: Conv2d, second: Conv2d) -> Conv2d | None:
    """Return the composition as one convolution; ``None`` if there is none.

    The kernels are convolved, with the second one's taps as far apart as the first one's stride. Zeros around the
    second one's input must be results of zeros around the first one's: its windows may not overlap then.
    """
    _, height, width = first.output_shape
    if second.shape != first.output_shape:
        return None
    padded = any(second.padding)
    apart = all(k <= s for k, s in zip(first.window.kernel, first.stride, strict=True)) and not any(first.padding)
    covers = height * first.stride[0] >= first.shape[1] and width * first.stride[1] >= first.shape[2]
    if padded and not (apart and covers and not first.bias.any()):
        return None
    weight, groups = _kernels(first, second)
    stride = first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]
    steps = first.stride * 2
    padding = tuple(a + b * step for a, b, step in zip(first.padding, second.padding, steps, strict=True))
    bias = second.bias + ungrouped(second).weight.sum(axis=(2, 3)) @ first.bias
    top, left, bottom, right = padding
    if padded:  # zeros that the first map's windows would only have reached in part
        bottom += height * first.stride[0] - first.shape[1]
        right += width * first.stride[1] - first.shape[2]
    both = Conv2d(
        shape=first.shape,
        weight=weight,
        bias=bias,
        stride=stride,
        padding=(top, left, bottom, right),
        groups=groups,
    )
    return both if both.output_shape == second.output_shape else None


def _kernels(first: Conv2d, second: Conv2d) -> tuple[Floats, int]:
    """Return the convolved kernels, and the number of groups."""
    near, far = first.weight, second.weight
    if first.groups == first.shape[0] == first.channels:
        inner = near.reshape(second.groups, 1, far.shape[1], *near.shape[2:])
        inner = np.broadcast_to(inner, (second.groups, len(far) // second.groups, *inner.shape[2:]))
        pairs, groups = (far, inner.reshape(*far.shape[:2], *near.shape[2:])), second.groups
    elif second.groups == second.shape[0] == second.channels:
        pairs, groups = (np.broadcast_to(far, (len(far), near.shape[1], *far.shape[2:])), near), first.groups
    else:
        wide, narrow = ungrouped(second).weight, ungrouped(first).weight
        return _convolved(wide[:, :, None], narrow[None], first.stride).sum(axis=1), 1
    return _convolved(*pairs, first.stride), groups


def _convolved(far: Floats, near: Floats, stride: tuple[int, int]) -> Floats:
    """Return the kernels (..., height, width) whose taps are ``far`` ones ``stride`` apart, each times ``near``."""
    rows, columns = ((f - 1) * s + n for f, s, n in zip(far.shape[-2:], stride, near.shape[-2:], strict=True))
    made = np.zeros((*np.broadcast_shapes(far.shape[:-2], near.shape[:-2]), rows, columns))
    for y, x in np.ndindex(*far.shape[-2:]):
        top, left = y * stride[0], x * stride[1]
        window = made[..., top : top + near.shape[-2], left : left + near.shape[-1]]
        window += far[..., y : y + 1, x : x + 1] * near
    return made


def _through(weight: Floats, conv: Conv2d) -> Floats:
    """Return (rows, inputs) the products of ``weight`` (rows, outputs) and the matrix of a convolution."""
    channels, height, width = conv.output_shape
    inputs, rows, columns = conv.shape
    top, left, bottom, right = conv.padding
    parts = weight.reshape(len(weight), conv.groups, channels // conv.groups, height, width)
    made = np.zeros((len(weight), inputs, rows + top + bottom, columns + left + right))
    for y, x in np.ndindex(*conv.window.kernel):
        tap = conv.weight[:, :, y, x].reshape(conv.groups, channels // conv.groups, -1)
        moved = np.einsum("ngoyx,goi->ngiyx", parts, tap).reshape(len(weight), inputs, height, width)
        ends = y + (height - 1) * conv.stride[0] + 1, x + (width - 1) * conv.stride[1] + 1
        made[:, :, y : ends[0] : conv.stride[0], x : ends[1] : conv.stride[1]] += moved
    return made[:, :, top : top + rows, left : left + columns].reshape(len(weight), -1)


def _require_size(outputs: int, inputs: int, name: str) -> None:
    require(
        outputs * inputs <= MATRIX,
        f"{name} and the nodes before it are no convolution, and as a matrix have {outputs} x {inputs} weights: at "
        f"most {MATRIX} are supported; put neurons between them",
    )
