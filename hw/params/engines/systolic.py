"""The systolic engine: dense layers on a systolic array, one after another."""

from dataclasses import dataclass, field, replace

from tospike.hw.params.added import ADDED
from tospike.hw.params.banks import bank_cycles
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
from tospike.hw.params.limits import LAYER_WEIGHTS
from tospike.hw.params.numbers import ceil_div
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import WORD_BITS, Contents, TokenFormat, WeightFormat, require_stream_bits


@dataclass(frozen=True, kw_only=True)
class DenseLayer:
    """One line of the systolic engine's descriptor table: (rows x inputs) times (inputs x outputs).

    ``clamp`` is the range of a requantised result: [0, max] is ReLU. ``None`` (the last layer only) sends the
    accumulators themselves. The results of a ``tabled`` layer index a table of activations.
    """

    rows: int
    inputs: int
    outputs: int
    clamp: tuple[int, int] | None = None
    tabled: bool = field(default=False, metadata=ADDED)

    def __post_init__(self) -> None:
        check_tabled(self.clamp, tabled=self.tabled)
        require_range("rows of a layer", self.rows, 1, 1 << 16)
        require_range("inputs of a layer", self.inputs, 1, 1 << 16)
        require_range("outputs of a layer", self.outputs, 1, 1 << 16)
        for what, size in (("weights", self.inputs), ("results", self.rows)):
            require(
                size * self.outputs <= LAYER_WEIGHTS,
                f"a layer of {self.rows} x {self.outputs} x {self.inputs} has {size * self.outputs} {what}: "
                f"{LAYER_WEIGHTS} at most",
            )

    @property
    def results(self) -> int:
        """Output values of the layer."""
        return self.rows * self.outputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer."""
        return self.rows * self.inputs * self.outputs


@dataclass(frozen=True, kw_only=True)
class SystolicParams(EngineParams):
    """The systolic engine: array, operand and result buffers, requantiser, and the layers that it runs in sequence."""

    array: ArrayParams
    layers: tuple[DenseLayer, ...]
    requantize: RequantizeParams = field(default=RequantizeParams())
    writable: bool = False
    counter_bits: int = 32
    weights: WeightSource = WeightSource.MEMORY
    weight_queue: int = 32
    """Depth of the FIFO of streamed weights, in words of one weight per column."""
    weight_stream_bits: int = field(default=WORD_BITS, metadata=ADDED)
    """TDATA width of streamed weights."""
    clock_gating: bool = field(default=False, metadata=ADDED)

    sleeping_parts = ARRAY
    weight_banks: bool = True
    """Split a memory of more than 2 * `BANK_WORDS` words of weights into banks, each with an output register: for block
    RAMs. Standard cells have memories of any depth."""

    def __post_init__(self) -> None:
        require_range("weight-queue", self.weight_queue, 4, 1 << 12)
        require(len(self.layers) >= 1, "a systolic engine needs at least one layer")
        for index, (layer, after) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            require(
                (layer.rows, layer.outputs) == (after.rows, after.inputs),
                f"layer {index} gives {layer.rows} x {layer.outputs} values but layer {index + 1} takes "
                f"{after.rows} x {after.inputs}",
            )
            require(
                layer.clamp is not None and (layer.tabled or all(self.array.act.holds(v) for v in layer.clamp)),
                f"layer {index} must be clamped to the activation format, not {layer.clamp}",
            )
        check_counter_bits(self.counter_bits)
        require_stream_bits(self.weight_stream_bits)

    @property
    def weight_stream(self) -> WeightFormat | None:
        """Format of the weights, if the host streams them in: those of a layer once for each row of tiles."""
        if self.weights is WeightSource.MEMORY:
            return None
        passes = [ceil_div(layer.rows, self.array.rows) for layer in self.layers]
        if self.array.dataflow is Dataflow.WS:
            passes = [1] * len(passes)
        words = sum(count * self.layer_words(layer) for count, layer in zip(passes, self.layers, strict=True))
        return WeightFormat(words=words, word_bits=self.weight_width, beat_bits=self.weight_stream_bits)

    def layer_words(self, layer: DenseLayer) -> int:
        """Return the words of a layer's weights, of one weight per column each: tiles are padded with zeros."""
        rows = 1 if self.array.dataflow is Dataflow.OS else self.array.rows
        return ceil_div(layer.outputs, self.array.cols) * ceil_div(layer.inputs, rows) * rows

    @property
    def tables(self) -> int:
        """Tables of activations: one for each layer with a function."""
        return sum(layer.tabled for layer in self.layers)

    @property
    def weight_words(self) -> int:
        """Words of the weights of all layers."""
        return sum(map(self.layer_words, self.layers))

    @property
    def weight_width(self) -> int:
        """Bits of a word."""
        return self.array.cols * self.array.weight_bits

    @property
    def bank_cycles(self) -> int:
        """Cycles that the banks of a deep memory of weights add to a read."""
        on_chip = self.weight_banks and not self.streams_weights
        return bank_cycles(self.weight_words) if on_chip else 0

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: the first layer's activations, address = row * inputs + column."""
        first = self.layers[0]
        return TokenFormat(addresses=first.rows * first.inputs, payload=self.array.act)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: the last layer's results, address = row * outputs + column."""
        last = self.layers[-1]
        payload = self.array.acc if last.clamp is None else self.array.act
        return TokenFormat(addresses=last.rows * last.outputs, payload=payload)

    @property
    def takes(self) -> Contents:
        """The first layer's activations."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """The last layer's results."""
        return Contents.FRAME

    @property
    def blank_weight(self) -> int:
        """0, but 1 for 1-bit weights, whose stored bit 0 means +1."""
        return int(self.array.weight_bits == 1)

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """Its only array."""
        return (self.array,)

    def as_writable(self, weight_bits: int) -> "SystolicParams":
        """Return this engine with writable memories, and accumulators that hold the sums of any weights."""
        array = replace(self.array, weight_bits=max(weight_bits, self.array.weight_bits), acc_bits=WIDEST_SUM)
        return replace(self, array=array, writable=True)

    @property
    def is_writable(self) -> bool:
        """Whether the host may write its memories."""
        return self.writable

    def with_primitives(self, primitives: PrimitiveSet) -> "SystolicParams":
        """Return this engine with its array built from other primitives."""
        return replace(self, array=self.array.with_primitives(primitives))
