"""The image engine: convolution, pooling, addition and dense layers by address generation."""

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import ArrayParams, Dataflow, RequantizeParams
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import ceil_div
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import Contents, TokenFormat


class ConvOperation(StrEnum):
    """What a layer computes at each position of its result, from the values under its window."""

    CONVOLUTION = "convolution"
    """All input channels into all output channels. A dense layer is one whose window is the image."""
    DEPTHWISE = "depthwise"
    """Each input channel into its own output channels."""
    SUM = "sum"
    """The sum of each channel; average pooling, with the division in the requantiser."""
    MAXIMUM = "maximum"
    """The largest value of each channel."""
    ADDITION = "addition"
    """The weighted sum of two images, value by value."""


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """One layer of the image engine; images are (channels, height, width).

    ``clamp`` is the range of a requantised result; ``None`` (the last layer only) sends the accumulators themselves.
    """

    operation: ConvOperation
    shape: tuple[int, int, int]
    """(channels, height, width) of what it reads."""
    outputs: int
    """Channels of the result."""
    size: tuple[int, int]
    """(height, width) of the result; what the window needs beyond the image below and to the right is padding."""
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    """(above, to the left)."""
    pad_value: int = 0
    """What stands beyond the edges. The least activation, for a maximum."""
    tile: tuple[int, int] = (1, 1)
    """(height, width) of the positions that the array's rows compute at a time."""
    clamp: tuple[int, int] | None = None
    sources: tuple[int, ...] = (-1,)
    """The layers whose results it reads; -1 is the frame that comes in. An addition reads two."""

    def __post_init__(self) -> None:
        for name, values in (
            ("an image's shape", self.shape),
            ("a result's size", self.size),
            ("a kernel", self.kernel),
            ("a stride", self.stride),
            ("a tile", self.tile),
        ):
            for value in values:
                require_range(f"each number of {name}", value, 1, 1 << 16)
        require_range("outputs of a layer", self.outputs, 1, 1 << 16)
        require(min(self.padding) >= 0, f"padding {self.padding} must not be negative")
        wanted = 2 if self.operation is ConvOperation.ADDITION else 1
        require(len(self.sources) == wanted, f"{self.operation.value} needs {wanted} sources, not {len(self.sources)}")
        if self.operation is ConvOperation.DEPTHWISE:
            good = self.outputs % self.shape[0] == 0
        else:
            good = self.operation is ConvOperation.CONVOLUTION or self.outputs == self.shape[0]
        require(good, f"{self.operation.value} of {self.shape[0]} channels cannot give {self.outputs}")
        if self.operation is ConvOperation.ADDITION:
            plain = self.kernel == self.stride == (1, 1) and self.padding == (0, 0) and self.size == self.shape[1:]
            require(plain, "an addition has no window")

    @property
    def depth(self) -> int:
        """Steps of the array for a result."""
        values = {ConvOperation.CONVOLUTION: self.shape[0], ConvOperation.ADDITION: 2}.get(self.operation, 1)
        return math.prod(self.kernel) * values

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the layer needs, those with the padding included; a maximum needs none."""
        return 0 if self.operation is ConvOperation.MAXIMUM else self.depth * self.results

    @property
    def results(self) -> int:
        """Values of the result."""
        return self.outputs * math.prod(self.size)

    @property
    def tiles(self) -> tuple[int, int]:
        """(down, across): tiles of the result."""
        return ceil_div(self.size[0], self.tile[0]), ceil_div(self.size[1], self.tile[1])

    def pass_width(self, cols: int) -> int:
        """Output channels at a time: all columns of the array share an activation, so those of one input channel."""
        if self.operation is ConvOperation.CONVOLUTION:
            return min(cols, self.outputs)
        return self.outputs // self.shape[0]

    def passes(self, cols: int) -> int:
        """How often the layer goes through the image."""
        return ceil_div(self.outputs, self.pass_width(cols))

    def is_ordered(self, cols: int) -> bool:
        """Whether results come channel by channel, row by row."""
        rows = self.tile[0] == 1 or self.tiles[1] == 1
        return math.prod(self.size) == 1 or (self.pass_width(cols) == 1 and rows)


@dataclass(frozen=True, kw_only=True)
class ConvParams(EngineParams):
    """The image engine: an output-stationary array whose rows are positions and whose columns are output channels.

    All layers that read an image have one stride and one tile: it is stored for them.
    """

    array: ArrayParams
    layers: tuple[ConvLayer, ...]
    requantize: RequantizeParams = field(default=RequantizeParams())
    writable: bool = False
    counter_bits: int = 32

    def __post_init__(self) -> None:
        array = self.array
        require(len(self.layers) >= 1, "an image engine needs at least one layer")
        require(array.dataflow is Dataflow.OS, "an image engine's array is output-stationary: give dataflow os")
        require_range("counter-bits", self.counter_bits, 8, 32)
        for index, layer in enumerate(self.layers):
            name, is_last = f"layer {index}", index == len(self.layers) - 1
            for source in layer.sources:
                require(-1 <= source < index, f"{name} reads layer {source}, which is not an earlier one")
                wanted = self.image(source) if source >= 0 else self.layers[self.readers(-1)[0]].shape
                require(layer.shape == wanted, f"{name} reads {layer.shape} but layer {source} gives {wanted}")
            require(
                math.prod(layer.tile) <= array.rows,
                f"{name} has tiles {layer.tile}, but the array {array.rows} rows",
            )
            require(
                layer.pass_width(array.cols) <= array.cols,
                f"{name} makes {layer.pass_width(array.cols)} channels of each, but the array has {array.cols} columns",
            )
            require(array.act.holds(layer.pad_value), f"{name} is padded with {layer.pad_value}, no activation")
            require(
                (layer.clamp is None and is_last)
                or (layer.clamp is not None and all(array.act.holds(v) for v in layer.clamp)),
                f"{name} must be clamped to the activation format, not {layer.clamp}",
            )
            require(
                not is_last or layer.is_ordered(array.cols),
                f"{name}, the last one, gives {layer.size} positions of {layer.pass_width(array.cols)} channels at a "
                "time, but the output wants them channel by channel: give --cols 1, or end the network in a Relu",
            )
        for image in range(-1, len(self.layers) - 1):
            readers = self.readers(image)
            require(len(readers) >= 1, f"no layer reads what layer {image} gives")
            kinds = {(self.layers[reader].stride, self.layers[reader].tile) for reader in readers}
            require(
                len(kinds) == 1,
                f"layers {', '.join(map(str, readers))} read an image with different strides or tiles: {sorted(kinds)}",
            )

    def image(self, layer: int) -> tuple[int, int, int]:
        """(channels, height, width) of the result of ``layer``."""
        return (self.layers[layer].outputs, *self.layers[layer].size)

    def readers(self, image: int) -> tuple[int, ...]:
        """The layers that read the result of layer ``image``; -1: the frame."""
        return tuple(index for index, layer in enumerate(self.layers) if image in layer.sources)

    @property
    def loads_early(self) -> bool:
        """Whether the next frame is loaded while the last layer runs: it can be, unless that reads the frame."""
        return len(self.layers) - 1 not in self.readers(-1)

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: a frame, channel by channel, row by row."""
        return TokenFormat(addresses=math.prod(self.layers[self.readers(-1)[0]].shape), payload=self.array.act)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out: the last layer's results, channel by channel, row by row."""
        last = self.layers[-1]
        payload = self.array.acc if last.clamp is None else self.array.act
        return TokenFormat(addresses=last.results, payload=payload)

    @property
    def takes(self) -> Contents:
        """An image."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """Results."""
        return Contents.FRAME

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """Its one array."""
        return (self.array,)

    def made_of(self, primitives: PrimitiveSet) -> "ConvParams":
        """The same engine, its array of other cells."""
        return replace(self, array=self.array.made_of(primitives))
