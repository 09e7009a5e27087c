"""Fold the linear nodes between two layers of neurons into one set of synapses.

A pool or a scale is a linear map, so it can be merged into the following weights exactly: a 2 x 2 pool and a
convolution become one convolution with each weight repeated four times and twice the stride.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.nir.graph import Node
from tospike.gen.nir.neurons import real_numbers
from tospike.hw.params import InputError, require
from tospike.sim.network import Conv2d, Dense

Floats = NDArray[np.float64]
Shape = tuple[int, ...]


WIDEST_IDENTITY = 4096
"""Most neurons without weights before them that get an identity matrix as weights."""


def label(node: Node) -> str:
    """Return a node's name in messages."""
    return f"node {node[0]!r} ({type(node[1]).__name__})"


def fold(nodes: Sequence[Node], shape: Shape) -> tuple[Dense | Conv2d, Shape]:
    """Return the synapses equivalent to ``nodes``, and the shape of their outputs.

    Parameters
    ----------
    nodes
        At most one Affine, Linear or Conv2d (without one, the identity); before it Flatten, SumPool2d, AvgPool2d and
        Scale, after it Scale.
    shape
        Shape of the inputs: (values,) or (channels, height, width).

    Raises
    ------
    InputError
        The nodes have another order, shapes do not fit, or a pool's windows overlap.
    """
    folding = _Folding(shape)
    for node in nodes:
        folding.take(node)
    return folding.finish()


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """A sum over windows that do not overlap, times a factor."""

    kernel: tuple[int, int]
    factor: float
    pooled: tuple[int, int, int]


class _Folding:
    """The nodes folded so far: ``synapses``, or a scale and a pool to be merged into them."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.synapses: Dense | Conv2d | None = None
        self.scale: Floats | None = None
        self.pool: _Pool | None = None

    def take(self, named: Node) -> None:
        """Fold one more node."""
        name, node = label(named), named[1]
        if isinstance(node, nir.Flatten):
            self.shape = (math.prod(self.shape),)
        elif isinstance(node, nir.Scale):
            self._take_scale(node, name)
        elif isinstance(node, nir.SumPool2d | nir.AvgPool2d):
            self._take_pool(node, name)
        else:
            require(self.synapses is None, f"{name} follows another without a neuron between them: merge the two")
            make = self._conv if isinstance(node, nir.Conv2d) else self._dense
            self.synapses = make(node, name)

    def finish(self) -> tuple[Dense | Conv2d, Shape]:
        """Return the result; without weights, each neuron gets one value."""
        if self.synapses is None:
            self.synapses = self._identity()
        return self.synapses, self.shape

    def _identity(self) -> Dense | Conv2d:
        """Return the identity; for an image, a depthwise 1 x 1 convolution, which stores one weight per channel."""
        channels = self.shape[0]
        if len(self.shape) == 3 and (self.scale is None or _same_in_channels(self.scale, channels)):
            each, none = np.ones((channels, 1, 1, 1)), np.zeros(channels)
            return self._conv(nir.Conv2d(None, each, 1, 0, 1, channels, none), "the identity")
        values = math.prod(self.shape)
        require(
            values <= WIDEST_IDENTITY,
            f"{values} neurons have no weights before them: at most {WIDEST_IDENTITY} are supported, or an image of "
            "shape (channels, height, width)",
        )
        shape, self.shape = self.shape, (values,)
        synapses = self._dense(nir.Linear(np.eye(values)), "the identity")
        self.shape = shape
        return synapses

    def _take_scale(self, node: nir.Scale, name: str) -> None:
        factor = np.broadcast_to(real_numbers(node, "scale", name).ravel(), (math.prod(self.shape),))
        if self.synapses is None:
            if self.pool is not None:  # scaling a window's sum is scaling each of its values
                ky, kx = self.pool.kernel
                factor = factor.reshape(self.pool.pooled).repeat(ky, axis=1).repeat(kx, axis=2).ravel()
            self.scale = factor if self.scale is None else self.scale * factor
        elif isinstance(self.synapses, Dense):
            weight, bias = self.synapses.weight * factor[:, None], self.synapses.bias * factor
            self.synapses = Dense(weight=weight, bias=bias)
        else:
            each = _per_channel(factor, len(self.synapses.weight), name)
            weight = self.synapses.weight * each[:, None, None, None]
            self.synapses = replace(self.synapses, weight=weight, bias=self.synapses.bias * each)

    def _take_pool(self, node: nir.SumPool2d | nir.AvgPool2d, name: str) -> None:
        require(len(self.shape) == 3, f"{name} gets samples of shape {self.shape}, not images")
        require(self.synapses is None, f"{name} follows weights: put neurons between them")
        require(self.pool is None, f"{name} follows another pool: merge the two")
        channels, height, width = self.shape
        kernel = _pair(node.kernel_size, name)
        plain = kernel == _pair(node.stride, name) and not np.any(node.padding)
        require(
            plain and height % kernel[0] == 0 and width % kernel[1] == 0,
            f"{name} has windows that overlap, skip values or extend beyond the {height} x {width} image: only a "
            "stride that equals the kernel, divides the image and has no padding is supported",
        )
        factor = 1.0 if isinstance(node, nir.SumPool2d) else 1 / math.prod(kernel)
        self.shape = (channels, height // kernel[0], width // kernel[1])
        self.pool = _Pool(kernel=kernel, factor=factor, pooled=self.shape)

    def _dense(self, node: nir.Affine | nir.Linear, name: str) -> Dense:
        weight, bias = dense_parts(node, name)
        require(len(self.shape) == 1, f"{name} gets samples of shape {self.shape}: put a Flatten before it")
        require(weight.shape[1] == self.shape[0], f"{name} takes {weight.shape[1]} values but gets {self.shape[0]}")
        if self.pool is not None:
            ky, kx = self.pool.kernel
            image = weight.reshape(len(weight), *self.pool.pooled) * self.pool.factor
            weight = image.repeat(ky, axis=2).repeat(kx, axis=3).reshape(len(weight), -1)
        if self.scale is not None:
            weight = weight * self.scale
        self.shape = (len(weight),)
        return Dense(weight=weight, bias=bias)

    def _conv(self, node: nir.Conv2d, name: str) -> Conv2d:
        require(len(self.shape) == 3, f"{name} gets samples of shape {self.shape}, not images")
        weight, bias = real_numbers(node, "weight", name), real_numbers(node, "bias", name)
        stride, groups = _pair(node.stride, name), int(np.ravel(node.groups)[0])
        require(weight.ndim == 4, f"{name} has weights of shape {weight.shape}, not 4 dimensions")
        weight = _dilated(weight, _pair(node.dilation, name))
        padding = _padding(node.padding, weight.shape, stride, name)
        channels, height, width = self.shape
        if self.scale is not None:
            each = _per_channel(self.scale, channels, name)
            factor = each[None, :] if groups == 1 else each.repeat(len(weight) // groups)[:, None]
            weight = weight * factor[:, :, None, None]
        if self.pool is not None:
            ky, kx = self.pool.kernel
            weight = weight.repeat(ky, axis=2).repeat(kx, axis=3) * self.pool.factor
            stride, padding = (stride[0] * ky, stride[1] * kx), (padding[0] * ky, padding[1] * kx)
            height, width = height * ky, width * kx
        try:
            synapses = Conv2d(
                shape=(channels, height, width),
                weight=weight,
                bias=bias,
                stride=stride,
                padding=(*padding, *padding),
                groups=groups,
            )
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        self.shape = synapses.output_shape
        return synapses


def dense_parts(node: nir.Affine | nir.Linear, name: str) -> tuple[Floats, Floats]:
    """Return the weights (outputs, inputs) and biases of a node.

    Raises
    ------
    InputError
        They have other shapes.
    """
    weight = real_numbers(node, "weight", name)
    require(weight.ndim == 2 and weight.size >= 1, f"{name} has weights of shape {weight.shape}, not 2 dimensions")
    bias = real_numbers(node, "bias", name) if isinstance(node, nir.Affine) else np.zeros(len(weight))
    require(bias.shape == weight.shape[:1], f"{name} has a bias of shape {bias.shape} for {len(weight)} neurons")
    return weight, bias


def _pair(value: object, name: str) -> tuple[int, int]:
    numbers = [int(number) for number in np.ravel(np.asarray(value))]
    require(len(numbers) in (1, 2) and min(numbers) >= 1, f"{name}: {value} is not a size in two dimensions")
    return numbers[0], numbers[-1]


def _padding(padding: object, kernel: Shape, stride: tuple[int, int], name: str) -> tuple[int, int]:
    """Return the rows and columns on each side."""
    text = padding.decode() if isinstance(padding, bytes) else str(padding)
    if text == "valid":
        return 0, 0
    if text == "same":
        odd = kernel[2] % 2 == 1 and kernel[3] % 2 == 1 and stride == (1, 1)
        require(odd, f"{name}: padding 'same' needs an odd kernel and stride 1: give the padding in numbers")
        return kernel[2] // 2, kernel[3] // 2
    numbers = [int(number) for number in np.ravel(np.asarray(padding))]
    require(len(numbers) in (1, 2) and min(numbers) >= 0, f"{name}: padding {padding} is not supported")
    return numbers[0], numbers[-1]


def _dilated(weight: Floats, dilation: tuple[int, int]) -> Floats:
    """Return the kernel with the zeros that dilation inserts between its weights."""
    rows, columns = ((size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilation, strict=True))
    spread = np.zeros((*weight.shape[:2], rows, columns))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    return spread


def _same_in_channels(factor: Floats, channels: int) -> bool:
    each = factor.reshape(channels, -1)
    return bool((each == each[:, :1]).all())


def _per_channel(factor: Floats, channels: int, name: str) -> Floats:
    """Return the factor of each channel, which must be constant within the channel."""
    require(_same_in_channels(factor, channels), f"{name}: a scale that differs within a channel does not fit a Conv2d")
    return factor.reshape(channels, -1)[:, 0]
