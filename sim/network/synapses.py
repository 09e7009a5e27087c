"""Synapses, which connect the inputs of a stage to its neurons: dense, convolution, pooling, addition.

The same classes hold float and integer arrays. Images have shape (channels, height, width); flat, their values are
channel by channel, row by row.
"""

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.hw.params.limits import SAMPLE_VALUES, STAGE_OPERATIONS
from tospike.sim.network.grid import QuantGrid

Array = NDArray[Any]
Shape = tuple[int, ...]


# All have ``inputs`` and ``outputs``, the numbers of values; ``channels``, the number of per-channel parameters of the
# stage's neuron; and ``output_shape``, (outputs,) or (channels, height, width).


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """Fully connected synapses: current = weight @ input + bias."""

    weight: Array
    """(outputs, inputs)."""
    bias: Array
    """(outputs,); zeros where the layer has none."""
    grid: QuantGrid | None = None

    def __post_init__(self) -> None:
        require(self.weight.ndim == 2, f"dense weights must have 2 dimensions, not {self.weight.ndim}")
        _require_bias(self.bias, len(self.weight), self.weight.shape)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weight.shape[0])

    @property
    def channels(self) -> int:
        """Number of outputs, each of which has its own parameters."""
        return self.outputs

    @property
    def output_shape(self) -> Shape:
        """(outputs,)."""
        return (self.outputs,)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window that slides over an image: (vertical, horizontal) sizes; padding is (top, left, bottom, right)."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        require(min(*self.kernel, *self.stride) >= 1, f"kernel {self.kernel} and stride {self.stride} must be positive")
        require(min(self.padding) >= 0, f"padding {self.padding} must not be negative")

    @property
    def taps(self) -> int:
        """Number of values under the window."""
        return self.kernel[0] * self.kernel[1]

    def positions(self, shape: Shape) -> tuple[int, int]:
        """Return the (height, width) of the output for an image of shape (channels, height, width)."""
        top, left, bottom, right = self.padding
        require(len(shape) == 3 and min(shape) >= 1, f"a window slides over (channels, height, width), not {shape}")
        height, width = shape[1] + top + bottom, shape[2] + left + right
        require(
            height >= self.kernel[0] and width >= self.kernel[1],
            f"a window of {self.kernel} is larger than the padded image of ({height}, {width})",
        )
        rows, columns = (height - self.kernel[0]) // self.stride[0] + 1, (width - self.kernel[1]) // self.stride[1] + 1
        for what, count, most in (
            ("a padded image", shape[0] * height * width, SAMPLE_VALUES),
            ("the values under its windows", shape[0] * rows * columns * self.taps, STAGE_OPERATIONS),
        ):
            require(count <= most, f"{what} of {shape[0]} x {height} x {width} are {count}: {most} at most")
        return rows, columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv2d:
    """Convolution of an image (cross-correlation, as ONNX defines it), with one bias per output channel.

    Each of ``groups`` takes as many input channels and gives as many output channels: 1 takes all, one for each input
    channel is depthwise.
    """

    shape: tuple[int, int, int]
    """(channels, height, width) of the input."""
    weight: Array
    """(output channels, input channels / groups, kernel height, kernel width)."""
    bias: Array
    """(output channels,)."""
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Top, left, bottom, right."""
    groups: int = 1
    pad_value: int = 0
    """Value of the padding: in an integer network, the integer that represents 0."""
    grid: QuantGrid | None = None

    def __post_init__(self) -> None:
        require(self.weight.ndim == 4, f"weights of a convolution must have 4 dimensions, not {self.weight.ndim}")
        _require_bias(self.bias, len(self.weight), self.weight.shape)
        channels = self.shape[0]
        require(
            self.groups >= 1 and self.weight.shape[1] * self.groups == channels and len(self.weight) % self.groups == 0,
            f"weights of shape {self.weight.shape} in {self.groups} groups do not fit an image of {channels} channels",
        )
        work = self.outputs * self.weight[0].size
        require(
            self.outputs <= SAMPLE_VALUES and work <= STAGE_OPERATIONS,
            f"a convolution of {self.outputs} results and {work} products is too large: {SAMPLE_VALUES} and "
            f"{STAGE_OPERATIONS} at most",
        )

    @property
    def window(self) -> Window:
        """Kernel, stride and padding."""
        kernel = int(self.weight.shape[2]), int(self.weight.shape[3])
        return Window(kernel=kernel, stride=self.stride, padding=self.padding)

    @property
    def inputs(self) -> int:
        """Number of values of the image."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Number of values of the output."""
        return math.prod(self.output_shape)

    @property
    def channels(self) -> int:
        """Number of output channels."""
        return int(self.weight.shape[0])

    @property
    def output_shape(self) -> Shape:
        """(output channels, height, width)."""
        return (self.channels, *self.window.positions(self.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pool:
    shape: tuple[int, int, int]
    """(channels, height, width) of the input."""
    window: Window

    def __post_init__(self) -> None:
        self.window.positions(self.shape)
        top, left, bottom, right = self.window.padding
        narrow = max(top, bottom) < self.window.kernel[0] and max(left, right) < self.window.kernel[1]
        require(narrow, f"padding {self.window.padding} leaves a pool of {self.window.kernel} without values")

    @property
    def inputs(self) -> int:
        """Number of values of the image."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Number of values of the output."""
        return math.prod(self.output_shape)

    @property
    def channels(self) -> int:
        """Number of channels, of the input and of the output."""
        return self.shape[0]

    @property
    def output_shape(self) -> Shape:
        """(channels, height, width)."""
        return (self.channels, *self.window.positions(self.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool2d(_Pool):
    """The largest value under the window, padding excluded. Integer networks send it without requantisation."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AveragePool2d(_Pool):
    """The mean of the values under the window, padding zeros included. Float networks only.

    Global average pooling has a window as large as the image. Quantisation turns it into a :class:`SumPool2d`.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class SumPool2d(_Pool):
    """The sum of the values under the window, plus a bias.

    This is average pooling in integers: the sum is the accumulator, and the multiplier of the :class:`Requantize` that
    follows includes the division by the number of values. Only the requantiser rounds.
    """

    bias: Array
    """(channels,)."""
    pad_value: int = 0
    """Value of the padding."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_bias(self.bias, self.shape[0], self.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class Add:
    """The sum of two inputs of the same shape: current = weight[0] * first + weight[1] * second + bias.

    Integer weights are (1, 1) if the inputs have the same scale.
    """

    shape: Shape
    """(values,) or (channels, height, width)."""
    weight: Array
    """(2,)."""
    bias: Array
    """(channels,)."""

    def __post_init__(self) -> None:
        require(len(self.shape) in (1, 3), f"an addition takes vectors or images, not shape {self.shape}")
        require(self.weight.shape == (2,), f"an addition has 2 weights, not shape {self.weight.shape}")
        _require_bias(self.bias, self.shape[0], self.shape)

    @property
    def inputs(self) -> int:
        """Number of values of each of the two inputs."""
        return math.prod(self.shape)

    @property
    def outputs(self) -> int:
        """Number of values of the output."""
        return self.inputs

    @property
    def channels(self) -> int:
        """Number of channels of an image, or of values of a vector."""
        return self.shape[0]

    @property
    def output_shape(self) -> Shape:
        """The shape of each input."""
        return self.shape


Synapses = Dense | Conv2d | MaxPool2d | AveragePool2d | SumPool2d | Add


def _require_bias(bias: Array, channels: int, shape: Shape) -> None:
    require(bias.shape == (channels,), f"bias of shape {bias.shape} does not fit weights or an image of shape {shape}")
