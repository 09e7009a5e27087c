"""The systolic array and its engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engine import EngineParams
from tospike.hw.params.limits import LAYER_WEIGHTS
from tospike.hw.params.numbers import IntFormat, Rounding, ceil_div
from tospike.hw.params.packing import packing_shift
from tospike.hw.params.primitives import PRIMITIVES, PrimitiveFacts, Technology, that
from tospike.hw.params.stream import WORD_BITS, Contents, TokenFormat


class Dataflow(StrEnum):
    """Which operand stays in the processing elements."""

    OS = "os"
    """Output-stationary: each PE accumulates one result; activations and weights move."""
    WS = "ws"
    """Weight-stationary: each PE holds one weight; activations and partial sums move."""


class WeightSource(StrEnum):
    """Where the systolic engine's weights are."""

    MEMORY = "memory"
    """On chip, all of them."""
    STREAM = "stream"
    """With the host, which sends them for each frame in the order of use."""


@dataclass(frozen=True, kw_only=True)
class ArrayParams:
    """The bare R x C multiply-accumulate array."""

    rows: int
    cols: int
    dataflow: Dataflow = Dataflow.OS
    act: IntFormat = field(default=IntFormat(bits=8, signed=True))
    weight_bits: int = 8
    """1: every weight is +1 or -1."""
    acc_bits: int = 32
    product_registers: int = 2
    """Pipeline registers between multiplier and adder. A vendor's multiplier has one of them inside, or both."""
    zero_gating: bool = False
    """Whether a multiplier keeps its operands, and so is still, while an operand is zero."""
    technology: Technology = Technology.GENERIC
    products_per_multiplier: int = 1
    """2: each two columns share their multipliers, see :func:`tospike.hw.params.packing_shift`."""

    def __post_init__(self) -> None:
        require_range("rows", self.rows, 1, 256)
        require_range("cols", self.cols, 1, 256)
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("weight-bits", self.weight_bits, 1, 8)
        require_range("acc-bits", self.acc_bits, self.act.bits + self.weight.bits, 32)
        require(
            self.weight_bits > 1 or self.dataflow is Dataflow.OS,
            "weight-bits 1 needs dataflow os: a weight-stationary array has rows beyond the matrix, whose weights must "
            "be 0: give dataflow os, or 2 weight-bits",
        )
        require_range("product-registers", self.product_registers, 0, 3)
        low, high = self.primitives.product_registers
        require(
            low <= self.product_registers <= high,
            f"product-registers must be from {low} to {high} with technology {self.technology.value}, "
            f"not {self.product_registers}",
        )
        require(
            not self.zero_gating or self.primitives.gates_zeros,
            f"zero gating needs technology {that('gates_zeros')}: the multipliers of {self.technology.value} are not "
            "isolated",
        )
        require_range("products-per-multiplier", self.products_per_multiplier, 1, 2)
        require(
            self.products_per_multiplier == 1 or self.packing_obstacle is None,
            f"products-per-multiplier cannot be 2: {self.packing_obstacle}",
        )

    @property
    def primitives(self) -> PrimitiveFacts:
        """What the cells of the array can do."""
        return PRIMITIVES[self.technology]

    @property
    def packing_obstacle(self) -> str | None:
        """Why two columns of this array cannot share their multipliers, and the way out; ``None`` if they can."""
        if self.dataflow is not Dataflow.OS:
            return "columns share activations in the same cycle only with dataflow os"
        if self.weight_bits == 1:
            return "weights of 1 bit need no multipliers"
        if self.cols % 2:
            return f"columns share multipliers two by two, but there are {self.cols}: give an even number of cols"
        if not self.primitives.shares_multipliers:
            others = that("shares_multipliers")
            return f"the multipliers of {self.technology.value} are too narrow: give technology {others}"
        if self.zero_gating:
            return "one weight of 0 does not stop the other one's product: leave zero gating out"
        if packing_shift(self.act, self.weight) is None:
            sign = "signed" if self.act.signed else "unsigned"
            return (
                f"{sign} activations of {self.act.bits} bits and two weights of {self.weight.bits} do not fit a "
                "multiplier of 18 bits: give fewer weight-bits or act-bits"
            )
        return None

    @property
    def mac_latency(self) -> int:
        """Cycles from an operand at a processing element's input to the sum in its register."""
        # operand, product and sum; weight-stationary the weight's own register comes before the operand's
        return 2 + self.product_registers + (self.dataflow is Dataflow.WS)

    @property
    def drain_registers(self) -> int:
        """Output-stationary: registers from a sum to the bottom of its column, which join two rows, then four each."""
        stages, joined = 1, 2
        while joined < self.rows:
            stages, joined = stages + 1, 4 * joined
        return stages

    @property
    def latency(self) -> int:
        """Cycles from the last operand of a result entering row 0 to the result at the bottom of column 0."""
        return self.mac_latency + (self.drain_registers if self.dataflow is Dataflow.OS else self.rows - 1)

    @property
    def skew(self) -> int:
        """Cycles that the last column is behind the first: columns that share multipliers work at the same time."""
        return (self.cols - 1) // self.products_per_multiplier

    @property
    def multipliers(self) -> int:
        """Multipliers of the array: none for weights of +1 and -1, unless they are part of a larger cell."""
        if self.weight_bits == 1 and not self.primitives.multiplier_adds and not self.zero_gating:
            return 0
        return self.rows * self.cols // self.products_per_multiplier

    @property
    def gap(self) -> int:
        """Output-stationary: idle steps that must come between two tiles."""
        return int(self.dataflow is Dataflow.OS and self.primitives.multiplier_adds)

    @property
    def weight(self) -> IntFormat:
        """Weights at the multipliers: signed, so of two bits where one is stored."""
        return IntFormat(bits=max(2, self.weight_bits), signed=True)

    @property
    def weight_values(self) -> Sequence[int]:
        """What a weight may be, in ascending order."""
        return (-1, 1) if self.weight_bits == 1 else range(self.weight.min, self.weight.max + 1)

    @property
    def weight_range(self) -> str:
        """The same in words, for messages."""
        return "-1 or 1" if self.weight_bits == 1 else f"from {self.weight.min} to {self.weight.max}"

    @property
    def acc(self) -> IntFormat:
        """Accumulators are signed. The planner refuses layers that could leave this range."""
        return IntFormat(bits=self.acc_bits, signed=True)

    @property
    def macs_per_cycle(self) -> int:
        """Peak multiply-accumulates per cycle."""
        return self.rows * self.cols


@dataclass(frozen=True, kw_only=True)
class RequantizeParams:
    """``y = clamp(round((acc * 2**fraction_bits + bias) * multiplier / 2**shift))``, one multiplier per output channel.

    The integer form of Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018, eq. 6, with rounding ``HALF_UP``.
    """

    multiplier_bits: int = 16
    max_shift: int = 31
    rounding: Rounding = Rounding.HALF_UP
    fraction_bits: int = 0
    """Bits by which biases are finer than sums: the same for all layers, so that the shift is but wiring."""

    def __post_init__(self) -> None:
        require_range("fraction-bits", self.fraction_bits, 0, 15)
        require_range("multiplier-bits", self.multiplier_bits, 2, 18)
        require_range("max-shift", self.max_shift, 1, 47)

    @property
    def multiplier(self) -> IntFormat:
        """Multipliers are unsigned."""
        return IntFormat(bits=self.multiplier_bits, signed=False)


@dataclass(frozen=True, kw_only=True)
class DenseLayer:
    """One line of the systolic engine's descriptor table: (rows x inputs) times (inputs x outputs).

    ``clamp`` is the range of a requantised result: [0, max] is ReLU. ``None`` (the last layer only) sends the
    accumulators themselves.
    """

    rows: int
    inputs: int
    outputs: int
    clamp: tuple[int, int] | None = None

    def __post_init__(self) -> None:
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
    def macs(self) -> int:
        """Multiply-accumulates that the layer needs."""
        return self.rows * self.inputs * self.outputs


@dataclass(frozen=True, kw_only=True)
class SystolicParams(EngineParams):
    """The systolic engine: array, operand and result buffers, requantiser, and the layers that it runs in turn."""

    array: ArrayParams
    layers: tuple[DenseLayer, ...]
    requantize: RequantizeParams = field(default=RequantizeParams())
    writable: bool = False
    counter_bits: int = 32
    weights: WeightSource = WeightSource.MEMORY
    weight_queue: int = 32
    """Words of weights, one for each column, that wait on chip when they are streamed."""

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
                layer.clamp is not None and all(self.array.act.holds(v) for v in layer.clamp),
                f"layer {index} must be clamped to the activation format, not {layer.clamp}",
            )
        require_range("counter-bits", self.counter_bits, 8, 32)

    @property
    def streams_weights(self) -> bool:
        """Whether the weights come from the host."""
        return self.weights is WeightSource.STREAM

    @property
    def beats_per_word(self) -> int:
        """Beats of the weight stream for a word of weights, one for each column, the first of them lowest."""
        return ceil_div(self.array.cols * self.array.weight_bits, WORD_BITS)

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: the first layer's activations, address = row * inputs + column."""
        first = self.layers[0]
        return TokenFormat(addresses=first.rows * first.inputs, payload=self.array.act)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out: the last layer's results, address = row * outputs + column."""
        last = self.layers[-1]
        payload = self.array.acc if last.clamp is None else self.array.act
        return TokenFormat(addresses=last.rows * last.outputs, payload=payload)

    @property
    def takes(self) -> Contents:
        """Activations."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """Results."""
        return Contents.FRAME

    @property
    def blank_weight(self) -> int:
        """A single bit stands for 1 or -1."""
        return int(self.array.weight_bits == 1)
