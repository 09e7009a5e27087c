"""The weighted sums that synapses compute, in floats and in integers, for a batch.

Convolution is a matrix product over image patches (im2col) in this model only; the hardware generates addresses
instead, see ``docs/reference/layers.md``. Integer products run in float BLAS and are exact.
"""

from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tospike.hw.params import require
from tospike.sim.arithmetic import exact_matmul, exact_type, magnitude
from tospike.sim.network import Add, Array, AveragePool2d, Conv2d, Dense, MaxPool2d, SumPool2d, Synapses, Window


def weighted_sums(synapses: Synapses, *inputs: Array) -> Array:
    """Return the weighted sums of N samples, without bias.

    Parameters
    ----------
    inputs
        Two arrays for :class:`Add`, else one; (N, inputs) each, int64 or float64.

    Returns
    -------
    (N, positions, channels); dense synapses have one position. :func:`sent_order` puts them in the order of a stage's
    outputs.

    Raises
    ------
    InputError
        An input has the wrong shape, or their number is wrong.
    """
    for values in inputs:
        require(
            values.ndim == 2 and values.shape[1] == synapses.inputs,
            f"{type(synapses).__name__} takes samples of shape ({synapses.inputs},), not {values.shape[1:]}",
        )
    wanted = 2 if isinstance(synapses, Add) else 1
    require(len(inputs) == wanted, f"{type(synapses).__name__} takes {wanted} inputs, not {len(inputs)}")
    if isinstance(synapses, Dense):
        dense = exact_matmul if inputs[0].dtype.kind == "i" else np.matmul
        return dense(inputs[0], synapses.weight.T)[:, None, :]
    if isinstance(synapses, Add):
        first, second = (_positions_first(values, synapses.channels) for values in inputs)
        return synapses.weight[0] * first + synapses.weight[1] * second
    image = inputs[0].reshape(-1, *synapses.shape)
    if isinstance(synapses, Conv2d):
        return _convolve(synapses, image)
    return _pool(synapses, image)


def sum_weights(synapses: Synapses) -> tuple[Array, Array]:
    """Return ((channels, taps), (channels,)): the weights in the sums of each output channel, and the biases.

    Integer synapses only; a maximum counts as a sum of one value.
    """
    if isinstance(synapses, Dense | Conv2d):
        return synapses.weight.reshape(synapses.channels, -1).astype(np.int64), synapses.bias.astype(np.int64)
    if isinstance(synapses, Add):
        return np.tile(synapses.weight.astype(np.int64), (synapses.channels, 1)), synapses.bias.astype(np.int64)
    taps = synapses.window.taps if isinstance(synapses, SumPool2d) else 1
    bias = synapses.bias if isinstance(synapses, SumPool2d) else np.zeros(synapses.channels)
    return np.ones((synapses.channels, taps), dtype=np.int64), bias.astype(np.int64)


def ungrouped(synapses: Conv2d) -> Conv2d:
    """Return the convolution with one group: its weights for the input channels of other groups are 0."""
    weight = synapses.weight
    spread = np.zeros((synapses.groups, synapses.channels // synapses.groups, synapses.groups, *weight.shape[1:]))
    own = np.arange(synapses.groups)
    spread[own, :, own] = weight.reshape(synapses.groups, -1, *weight.shape[1:])
    whole = spread.reshape(synapses.channels, synapses.shape[0], *synapses.window.kernel).astype(weight.dtype)
    return replace(synapses, weight=whole, groups=1)


def sent_order(sums: Array) -> Array:
    """Reorder (N, positions, channels) to (N, outputs), channel by channel, the order of a stage's outputs."""
    return np.ascontiguousarray(sums.transpose(0, 2, 1)).reshape(len(sums), -1)


def biases(synapses: Synapses) -> Array:
    """Return (outputs,) what the biases of float synapses add to the currents."""
    return currents(synapses, np.zeros((1, synapses.inputs)))[0]


def currents(synapses: Synapses, *inputs: Array, fraction_bits: int = 0) -> Array:
    """Return (N, outputs) weighted sums plus bias, in the order of a stage's outputs; parameters as `weighted_sums`.

    Integer biases, and so the results, have ``fraction_bits`` more bits than integer sums.
    """
    sums = weighted_sums(synapses, *inputs)
    if fraction_bits:
        sums = sums << fraction_bits
    if not isinstance(synapses, MaxPool2d | AveragePool2d):
        sums = sums + synapses.bias
    return sent_order(sums)


def _positions_first(values: Array, channels: int) -> Array:
    return values.reshape(len(values), channels, -1).transpose(0, 2, 1)


def _patches(image: Array, window: Window, outside: float) -> Array:
    """View (N, channels, height, width) as (N, channels, rows, columns, kernel height, kernel width) patches."""
    top, left, bottom, right = window.padding
    if any(window.padding):
        image = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=outside)
    views = sliding_window_view(image, window.kernel, axis=(2, 3))
    return views[:, :, :: window.stride[0], :: window.stride[1]]


def _convolve(synapses: Conv2d, image: Array) -> Array:
    weight = synapses.weight
    if image.dtype.kind == "i":
        largest = max(magnitude(image), abs(synapses.pad_value))
        kind = exact_type(largest * magnitude(weight) * weight[0].size)
        return _correlate(synapses, image.astype(kind), weight.astype(kind)).astype(np.int64)
    return _correlate(synapses, image, weight)


def _correlate(synapses: Conv2d, image: Array, weight: Array) -> Array:
    patches = _patches(image, synapses.window, synapses.pad_value)
    samples, channels, rows, columns = patches.shape[:4]
    if synapses.groups == 1:
        flat = patches.transpose(0, 2, 3, 1, 4, 5).reshape(samples * rows * columns, -1)
        return (flat @ weight.reshape(len(weight), -1).T).reshape(samples, rows * columns, -1)
    if synapses.groups == channels:
        weight = weight.reshape(channels, -1, *synapses.window.kernel)
        return np.einsum("nchwij,cmij->nhwcm", patches, weight).reshape(samples, rows * columns, -1)
    parts = []
    for split, own in zip(np.split(patches, synapses.groups, 1), np.split(weight, synapses.groups), strict=True):
        flat = split.transpose(0, 2, 3, 1, 4, 5).reshape(samples * rows * columns, -1)
        parts.append((flat @ own.reshape(len(own), -1).T).reshape(samples, rows * columns, -1))
    return np.concatenate(parts, axis=2)


def _pool(synapses: MaxPool2d | AveragePool2d | SumPool2d, image: Array) -> Array:
    outside: float = 0
    if isinstance(synapses, MaxPool2d):
        outside = -np.inf if image.dtype.kind == "f" else np.iinfo(image.dtype).min
    elif isinstance(synapses, SumPool2d):
        outside = synapses.pad_value
    patches = _patches(image, synapses.window, outside)
    taps = [patches[..., i, j] for i, j in np.ndindex(synapses.window.kernel)]
    if isinstance(synapses, MaxPool2d):
        return _positions_first(reduce(np.maximum, taps), synapses.channels)
    total = reduce(np.add, taps)
    if isinstance(synapses, AveragePool2d):
        total = total / synapses.window.taps
    return _positions_first(total, synapses.channels)
