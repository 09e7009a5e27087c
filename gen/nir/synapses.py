"""Fold the linear nodes between two layers of neurons into one set of synapses.

Every node is a linear map with a bias (`tospike.gen.nir.linear`): a pool is a convolution of each channel with equal
weights, so a 2 x 2 pool and a convolution become one convolution with twice the stride.
"""

import math
from collections.abc import Sequence

import nir
import numpy as np

from tospike.gen.nir.graph import Node
from tospike.gen.nir.linear import (
    Floats,
    Linear,
    compose,
    identity,
    is_per_channel,
    scale_inputs,
    scale_outputs,
    without_bias,
)
from tospike.gen.nir.neurons import per_value, real_numbers
from tospike.hw.params import InputError, require
from tospike.sim.network import Conv2d, Dense

Shape = tuple[int, ...]


WIDEST_IDENTITY = 4096
"""Most neurons without weights before them that get an identity matrix as weights."""


def label(node: Node) -> str:
    """Return a node's name in messages."""
    return f"node {node[0]!r} ({type(node[1]).__name__})"


def fold(nodes: Sequence[Node], shape: Shape, biased: Sequence[bool] = ()) -> tuple[Dense | Conv2d, Shape]:
    """Return the synapses equivalent to ``nodes``, and the shape of their outputs.

    Parameters
    ----------
    nodes
        Affine, Linear, Conv1d, Conv2d, SumPool2d, AvgPool2d, Scale and Flatten in any order; without any, the identity.
    shape
        Shape of the inputs: (values,), (channels, length) or (channels, height, width).
    biased
        Whether each node has its bias; by default all have.

    Raises
    ------
    InputError
        Shapes do not fit, or the synapses are no convolution and too large for a matrix.
    """
    folding = _Folding(shape)
    for node, has_bias in zip(nodes, biased or [True] * len(nodes), strict=True):
        folding.take(node, has_bias=has_bias)
    return folding.finish()


class _Folding:
    """The nodes folded so far: a map, or before the first one a scale to be merged into it."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.synapses: Linear | None = None
        self.scale: Floats | None = None

    def take(self, named: Node, *, has_bias: bool) -> None:
        """Fold one more node."""
        name, node = label(named), named[1]
        if isinstance(node, nir.Flatten):
            self.shape = (math.prod(self.shape),)
        elif isinstance(node, nir.Scale):
            self._take_scale(node, name)
        else:
            made = self._read(node, name)
            self._take_map(made if has_bias else without_bias(made), name)

    def finish(self) -> tuple[Dense | Conv2d, Shape]:
        """Return the result; without weights, each neuron gets one value."""
        if self.synapses is None:
            self._take_map(self._identity(), "the identity")
        assert self.synapses is not None
        return self.synapses, self.shape

    def _take_map(self, made: Linear, name: str) -> None:
        if self.synapses is not None:
            self.synapses = compose(self.synapses, made, name)
        else:
            self.synapses = made if self.scale is None else scale_inputs(made, self.scale, name)

    def _take_scale(self, node: nir.Scale, name: str) -> None:
        given = real_numbers(node, "scale", name)
        values = per_value(given, self.shape)
        if values is None:
            raise InputError(f"{name} has a scale of shape {given.shape} for values of shape {self.shape}")
        factor = np.broadcast_to(values, (math.prod(self.shape),))
        if self.synapses is not None:
            self.synapses = scale_outputs(self.synapses, factor, name)
        else:
            self.scale = factor if self.scale is None else self.scale * factor

    def _identity(self) -> Linear:
        """Return the identity; for an image, a convolution, which stores one weight per channel."""
        channels = self.shape[0]
        if len(self.shape) > 1 and (self.scale is None or is_per_channel(self.scale, channels)):
            return identity(_image(self.shape))
        values = math.prod(self.shape)
        require(
            values <= WIDEST_IDENTITY,
            f"{values} neurons have no weights before them: at most {WIDEST_IDENTITY} are supported, or an image of "
            "shape (channels, height, width)",
        )
        return Dense(weight=np.eye(values), bias=np.zeros(values))

    def _read(self, node: nir.NIRNode, name: str) -> Linear:
        """Return the map of a node, and keep the shape of its results."""
        if isinstance(node, nir.Affine | nir.Linear):
            made: Linear = self._dense(node, name)
            self.shape = (made.outputs,)
            return made
        is_signal = isinstance(node, nir.Conv1d)
        what = "signals" if is_signal else "images"
        require(len(self.shape) == (2 if is_signal else 3), f"{name} gets samples of shape {self.shape}, not {what}")
        try:
            made = self._pool(node, name) if isinstance(node, nir.SumPool2d | nir.AvgPool2d) else self._conv(node, name)
            channels, height, width = made.output_shape
        except InputError as error:
            raise (error if name in str(error) else InputError(f"{name}: {error}")) from None
        self.shape = (channels, width) if is_signal else (channels, height, width)
        return made

    def _pool(self, node: nir.SumPool2d | nir.AvgPool2d, name: str) -> Conv2d:
        kernel, channels = _pair(node.kernel_size, name), self.shape[0]
        each = 1.0 if isinstance(node, nir.SumPool2d) else 1 / math.prod(kernel)
        return Conv2d(
            shape=_image(self.shape),
            weight=np.full((channels, 1, *kernel), each),
            bias=np.zeros(channels),
            stride=_pair(node.stride, name),
            padding=_padding(node.padding, kernel, (1, 1), name),
            groups=channels,
        )

    def _dense(self, node: nir.Affine | nir.Linear, name: str) -> Dense:
        weight, bias = dense_parts(node, name)
        require(len(self.shape) == 1, f"{name} gets samples of shape {self.shape}: put a Flatten before it")
        inputs = self.shape[0]
        swapped = "; they seem to be stored as (inputs, outputs): transpose them" if len(weight) == inputs else ""
        require(weight.shape[1] == inputs, f"{name} takes {weight.shape[1]} values but gets {inputs}{swapped}")
        return Dense(weight=weight, bias=bias)

    def _conv(self, node: nir.NIRNode, name: str) -> Conv2d:
        weight, bias = real_numbers(node, "weight", name), real_numbers(node, "bias", name)
        is_signal = isinstance(node, nir.Conv1d)
        rank = 3 if is_signal else 4
        require(weight.ndim == rank, f"{name} has weights of shape {weight.shape}, not {rank} dimensions")
        if is_signal:  # an image of one row
            weight = weight[:, :, None]
            stride, dilation = ((1, _pair(getattr(node, key), name)[0]) for key in ("stride", "dilation"))
        else:
            stride, dilation = (_pair(getattr(node, key), name) for key in ("stride", "dilation"))
        weight = _dilated(weight, dilation)
        padding = _padding(getattr(node, "padding"), weight.shape[2:], stride, name)  # noqa: B009
        if is_signal:
            padding = (0, padding[1], 0, padding[3])
        return Conv2d(
            shape=_image(self.shape),
            weight=weight,
            bias=bias,
            stride=stride,
            padding=padding,
            groups=int(np.ravel(getattr(node, "groups"))[0]),  # noqa: B009
        )


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
    swapped = "; they seem to be stored as (inputs, outputs): transpose them" if bias.shape == weight.shape[1:] else ""
    message = f"{name} has a bias of shape {bias.shape} for {len(weight)} neurons{swapped}"
    require(bias.shape == weight.shape[:1], message)
    return weight, bias


def _image(shape: Shape) -> tuple[int, int, int]:
    """Return (channels, height, width) of an image; a signal has one row."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, shape[1])


def _pair(value: object, name: str) -> tuple[int, int]:
    numbers = [int(number) for number in np.ravel(np.asarray(value))]
    require(len(numbers) in (1, 2) and min(numbers) >= 1, f"{name}: {value} is not a size in two dimensions")
    return numbers[0], numbers[-1]


def _padding(padding: object, kernel: Shape, stride: tuple[int, int], name: str) -> tuple[int, int, int, int]:
    """Return the rows and columns at the top, left, bottom and right."""
    text = padding.decode() if isinstance(padding, bytes) else str(padding)
    if text == "valid":
        return 0, 0, 0, 0
    if text == "same":
        require(stride == (1, 1), f"{name}: padding 'same' needs stride 1: give the padding in numbers")
        totals = [size - 1 for size in kernel]
        top, left = (total // 2 for total in totals)
        return top, left, totals[0] - top, totals[1] - left
    numbers = [int(number) for number in np.ravel(np.asarray(padding))]
    require(len(numbers) in (1, 2) and min(numbers) >= 0, f"{name}: padding {padding} is not supported")
    return numbers[0], numbers[-1], numbers[0], numbers[-1]


def _dilated(weight: Floats, dilation: tuple[int, int]) -> Floats:
    """Return the kernel with the zeros that dilation inserts between its weights."""
    rows, columns = ((size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilation, strict=True))
    spread = np.zeros((*weight.shape[:2], rows, columns))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    return spread
