"""The conv engine: convolution, pooling, residual addition and dense layers by address generation."""

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import (
    WIDEST_SUM,
    ArrayParams,
    Dataflow,
    RequantizeParams,
    WeightSource,
    check_tabled,
)
from tospike.hw.params.engines.engine import ARRAY, EngineParams, check_counter_bits
from tospike.hw.params.numbers import ceil_div
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import WORD_BITS, Contents, TokenFormat, WeightFormat, require_stream_bits

LEAST_RING = 32
"""Words of the ring buffer of streamed weights, at least."""


class ConvOperation(StrEnum):
    """What a layer computes at each output position from the values in its window."""

    CONVOLUTION = "convolution"
    """Convolution of all input channels into all output channels. A dense layer is one whose window is the image."""
    DEPTHWISE = "depthwise"
    """Depthwise convolution, each input channel into output channels of its own."""
    SUM = "sum"
    """Sum over each channel: average pooling, with the division in the requantiser."""
    MAXIMUM = "maximum"
    """Maximum over each channel: max pooling."""
    ADDITION = "addition"
    """Weighted element-wise sum of two images: a residual connection."""


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """One layer of the conv engine. An image is a feature map of (channels, height, width).

    ``clamp`` is the range of a requantised result; ``None`` (the last layer only) sends the accumulators themselves.
    """

    operation: ConvOperation
    shape: tuple[int, int, int]
    """(channels, height, width) of the input image."""
    outputs: int
    """Output channels."""
    size: tuple[int, int]
    """(height, width) of the output; what a window covers below or to the right of the input is padding."""
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    """(top, left)."""
    pad_value: int = 0
    """Value of the padding; for max pooling the smallest activation."""
    tile: tuple[int, int] = (1, 1)
    """(height, width) of the block of output positions that the array's rows compute in parallel."""
    clamp: tuple[int, int] | None = None
    sources: tuple[int, ...] = (-1,)
    """The layers whose outputs are its inputs; -1 is the input frame. An addition has two."""
    tabled: bool = field(default=False, metadata=ADDED)
    """Its results index a table of activations."""

    def __post_init__(self) -> None:
        check_tabled(self.clamp, tabled=self.tabled)
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
        """Products per result, which are steps of the array."""
        values = {ConvOperation.CONVOLUTION: self.shape[0], ConvOperation.ADDITION: 2}.get(self.operation, 1)
        return math.prod(self.kernel) * values

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer, including those with padding; max pooling has none."""
        return 0 if self.operation is ConvOperation.MAXIMUM else self.depth * self.results

    @property
    def results(self) -> int:
        """Output values of the layer."""
        return self.outputs * math.prod(self.size)

    @property
    def tiles(self) -> tuple[int, int]:
        """(down, across): tiles of the output."""
        return ceil_div(self.size[0], self.tile[0]), ceil_div(self.size[1], self.tile[1])

    def pass_width(self, cols: int) -> int:
        """Return the output channels computed in parallel.

        All columns of the array share an activation; without a sum over the input channels, the output channels of one
        input channel are all that can use it.
        """
        if self.operation is ConvOperation.CONVOLUTION:
            return min(cols, self.outputs)
        return self.outputs // self.shape[0]

    def passes(self, cols: int) -> int:
        """Return the number of passes over the image."""
        return ceil_div(self.outputs, self.pass_width(cols))

    @property
    def shares_weights(self) -> bool:
        """Whether all passes have the same weights."""
        return self.operation in (ConvOperation.SUM, ConvOperation.MAXIMUM, ConvOperation.ADDITION)

    def weight_words(self, cols: int) -> int:
        """Return the words of the weights, of one weight per column of the array."""
        return self.depth * (1 if self.shares_weights else self.passes(cols))

    def weight_readers(self, cols: int) -> int:
        """Return how many tiles read the same weights, one after another."""
        return math.prod(self.tiles) * (self.passes(cols) if self.shares_weights else 1)

    def is_ordered(self, cols: int) -> bool:
        """Return whether results leave the array channel by channel, row by row."""
        rows = self.tile[0] == 1 or self.tiles[1] == 1
        return math.prod(self.size) == 1 or (self.pass_width(cols) == 1 and rows)


@dataclass(frozen=True, kw_only=True)
class ConvParams(EngineParams):
    """The conv engine: an output-stationary array whose rows are output positions and whose columns output channels.

    All layers that read an image must have the same stride and tile, because its layout in memory depends on both.
    """

    array: ArrayParams
    layers: tuple[ConvLayer, ...]
    requantize: RequantizeParams = field(default=RequantizeParams())
    writable: bool = False
    counter_bits: int = 32
    weights: WeightSource = field(default=WeightSource.MEMORY, metadata=ADDED)
    weight_stream_bits: int = field(default=WORD_BITS, metadata=ADDED)
    """TDATA width of streamed weights."""
    clock_gating: bool = field(default=False, metadata=ADDED)

    sleeping_parts = ARRAY

    def __post_init__(self) -> None:
        array = self.array
        require(len(self.layers) >= 1, "a conv engine needs at least one layer")
        require(array.dataflow is Dataflow.OS, "the array of a conv engine is output-stationary: give dataflow os")
        check_counter_bits(self.counter_bits)
        require_stream_bits(self.weight_stream_bits)
        for index, layer in enumerate(self.layers):
            name, is_last = f"layer {index}", index == len(self.layers) - 1
            for source in layer.sources:
                require(-1 <= source < index, f"{name} reads layer {source}, which is not an earlier one")
                wanted = self.image(source) if source >= 0 else self.layers[self.readers(-1)[0]].shape
                require(layer.shape == wanted, f"{name} reads {layer.shape} but layer {source} gives {wanted}")
            require(
                math.prod(layer.tile) <= array.rows,
                f"{name} has tiles of {layer.tile}, but the array has {array.rows} rows",
            )
            require(
                layer.pass_width(array.cols) <= array.cols,
                f"{name} has {layer.pass_width(array.cols)} output channels per input channel, but the array has "
                f"{array.cols} columns",
            )
            require(
                array.act.holds(layer.pad_value),
                f"{name} is padded with {layer.pad_value}, which the activation format cannot hold",
            )
            require(
                (layer.clamp is None and is_last)
                or (layer.clamp is not None and (layer.tabled or all(array.act.holds(v) for v in layer.clamp))),
                f"{name} must be clamped to the activation format, not {layer.clamp}",
            )
            require(
                not is_last or layer.is_ordered(array.cols),
                f"{name}, the last one, computes {layer.size} positions of {layer.pass_width(array.cols)} channels in "
                "parallel, but must send them channel by channel: give --cols 1, or end the network in a Relu",
            )
        for image in range(-1, len(self.layers) - 1):
            readers = self.readers(image)
            require(len(readers) >= 1, f"no layer reads the output of layer {image}")
            kinds = {(self.layers[reader].stride, self.layers[reader].tile) for reader in readers}
            require(
                len(kinds) == 1,
                f"layers {', '.join(map(str, readers))} read an image with different strides or tiles: {sorted(kinds)}",
            )

    def image(self, layer: int) -> tuple[int, int, int]:
        """Return (channels, height, width) of the output of ``layer``."""
        return (self.layers[layer].outputs, *self.layers[layer].size)

    @property
    def tables(self) -> int:
        """Tables of activations: one for each layer with a function."""
        return sum(layer.tabled for layer in self.layers)

    def readers(self, image: int) -> tuple[int, ...]:
        """Return the layers that read the output of layer ``image``, or the input frame (-1)."""
        return tuple(index for index, layer in enumerate(self.layers) if image in layer.sources)

    @property
    def weight_stream(self) -> WeightFormat | None:
        """Format of the weights, if the host streams them in: each word once per frame."""
        if self.weights is WeightSource.MEMORY:
            return None
        cols = self.array.cols
        words = sum(layer.weight_words(cols) for layer in self.layers)
        bits = cols * self.array.weight_bits
        return WeightFormat(words=words, word_bits=bits, beat_bits=self.weight_stream_bits)

    @property
    def weight_ring(self) -> int:
        """Words of the ring buffer of streamed weights: those of two passes, so that the next pass is loaded while one
        runs; weights that a single tile reads need not be held."""
        held = [
            layer.depth * (1 if layer.shares_weights else 2)
            for layer in self.layers
            if layer.weight_readers(self.array.cols) > 1
        ]
        return max(LEAST_RING, *held) if held else LEAST_RING

    @property
    def loads_early(self) -> bool:
        """Whether the next frame is loaded while the last layer runs: it is, unless that layer reads the frame."""
        return len(self.layers) - 1 not in self.readers(-1)

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: a frame, channel by channel, row by row."""
        return TokenFormat(addresses=math.prod(self.layers[self.readers(-1)[0]].shape), payload=self.array.act)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: the last layer's results, channel by channel, row by row."""
        last = self.layers[-1]
        payload = self.array.acc if last.clamp is None else self.array.act
        return TokenFormat(addresses=last.results, payload=payload)

    @property
    def takes(self) -> Contents:
        """An image."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """The last layer's results."""
        return Contents.FRAME

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """Its only array."""
        return (self.array,)

    def as_writable(self, weight_bits: int) -> "ConvParams":
        """Return this engine with writable memories, and accumulators that hold the sums of any weights."""
        array = replace(self.array, weight_bits=max(weight_bits, self.array.weight_bits), acc_bits=WIDEST_SUM)
        return replace(self, array=array, writable=True)

    @property
    def is_writable(self) -> bool:
        """Whether the host may write its memories."""
        return self.writable

    def with_primitives(self, primitives: PrimitiveSet) -> "ConvParams":
        """Return this engine with its array built from other primitives."""
        return replace(self, array=self.array.with_primitives(primitives))
