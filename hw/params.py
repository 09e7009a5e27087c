"""Every knob of the hardware: frozen, keyword-only dataclasses that check themselves when they are made.

This file is the vocabulary that the hardware (`hw`) and the golden models (`sim`) share. It knows no Amaranth
and no NumPy. Integers are two's complement; every rounding and saturation choice is a named enum, and lands in
the manifest of the generated design.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class InputError(ValueError):
    """What the user gave cannot be used. The message is one line: it names the thing and the way out."""


def require(condition: bool, message: str) -> None:
    """Raise :class:`InputError` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise InputError(message)


def require_range(name: str, value: int, low: int, high: int) -> None:
    """Raise :class:`InputError` unless ``value`` is an integer and ``low <= value <= high``."""
    good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    require(good, f"{name} must be an integer from {low} to {high}, not {value!r}")


def ceil_div(a: int, b: int) -> int:
    """``ceil(a / b)`` in integers."""
    return -(-a // b)


def address_bits(count: int) -> int:
    """Bits of an address that tells ``count`` things apart; at least 1."""
    return max(1, (count - 1).bit_length())


# ---------------------------------------------------------------------------------------------------- numbers


class Rounding(StrEnum):
    """How a right shift rounds."""

    FLOOR = "floor"
    """Towards minus infinity: the plain arithmetic shift."""
    HALF_UP = "half-up"
    """To nearest, ties towards plus infinity: add half, then shift."""
    TRUNCATE = "truncate"
    """Towards zero."""


@dataclass(frozen=True, kw_only=True)
class IntFormat:
    """A two's complement integer format. Values outside [`min`, `max`] saturate; nothing ever wraps."""

    bits: int
    signed: bool

    def __post_init__(self) -> None:
        require_range("bits", self.bits, 1, 64)

    @property
    def min(self) -> int:
        """Smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """Largest value."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def holds(self, value: int) -> bool:
        """Whether ``value`` is representable."""
        return self.min <= value <= self.max


# ------------------------------------------------------------------------------------------------ event stream


class TokenKind(IntEnum):
    """What a token of the event stream says."""

    VALUE = 0
    """``payload`` arrives at ``address``: a spike, several spikes, an activation. Zeros are not sent."""
    TICK = 1
    """A time step ends."""
    END = 2
    """A sample ends."""


@dataclass(frozen=True, kw_only=True)
class TokenFormat:
    """The event stream on one link: addresses 0 to ``addresses - 1``, ascending within a step."""

    addresses: int
    payload: IntFormat

    def __post_init__(self) -> None:
        require_range("addresses", self.addresses, 1, 1 << 22)

    @property
    def address_bits(self) -> int:
        """Width of the address field."""
        return address_bits(self.addresses)


SPIKE = IntFormat(bits=1, signed=False)
"""Payload of a link that carries at most one spike per neuron and step."""

WORD_BITS = 32
"""Width of a beat of the host's AXI4-Streams."""
BYTES_PER_BEAT = WORD_BITS // 8
"""Dense input elements per beat: one byte each, element 0 in bits 7..0."""
WORD_ADDRESS = (0, 16)
"""(lowest bit, width) of the address in a token that travels as a host word."""
WORD_PAYLOAD = (16, 14)
"""(lowest bit, width) of the payload in a host word, sign-extended where the payload is signed."""
WORD_KIND = (30, 2)
"""(lowest bit, width) of the :class:`TokenKind` in a host word."""


# -------------------------------------------------------------------------------------------- systolic engine


class Dataflow(StrEnum):
    """Which operand stays in the processing elements."""

    OS = "os"
    """Output-stationary: each PE accumulates one result; activations and weights move."""
    WS = "ws"
    """Weight-stationary: each PE holds one weight; activations and partial sums move."""


class Technology(StrEnum):
    """What the multiply-accumulators are made of. Results and cycles are the same but for what is said here."""

    GENERIC = "generic"
    """Whatever synthesis makes of ``*`` and ``+``: any target, and simulation without vendor models."""
    ECP5 = "ecp5"
    """Lattice ECP5: MULT18X18D with its registers, CCU2C."""
    ICE40 = "ice40"
    """Lattice iCE40 UltraPlus: SB_MAC16 with its registers and adder. It needs a cycle to clear a sum, so an
    output-stationary array is idle for one step between tiles."""


@dataclass(frozen=True, kw_only=True)
class ArrayParams:
    """The bare R x C multiply-accumulate array."""

    rows: int
    cols: int
    dataflow: Dataflow = Dataflow.OS
    act: IntFormat = field(default=IntFormat(bits=8, signed=True))
    weight_bits: int = 8
    acc_bits: int = 32
    product_registers: int = 2
    """Pipeline registers between multiplier and adder. A vendor's multiplier has one of them inside, or both."""
    zero_gating: bool = False
    """Whether a multiplier keeps its operands, and so is still, while an operand is zero."""
    technology: Technology = Technology.GENERIC

    def __post_init__(self) -> None:
        require_range("rows", self.rows, 1, 256)
        require_range("cols", self.cols, 1, 256)
        require_range("act-bits", self.act.bits, 2, 8)
        require_range("weight-bits", self.weight_bits, 2, 8)
        require_range("acc-bits", self.acc_bits, self.act.bits + self.weight_bits, 32)
        require_range("product-registers", self.product_registers, 0, 3)
        low, high = {Technology.GENERIC: (0, 3), Technology.ECP5: (1, 3), Technology.ICE40: (2, 2)}[self.technology]
        require(
            low <= self.product_registers <= high,
            f"product-registers must be from {low} to {high} with technology {self.technology.value}, "
            f"not {self.product_registers}",
        )
        require(
            not self.zero_gating or self.technology is Technology.GENERIC,
            f"zero gating needs technology generic: the multipliers of {self.technology.value} are not isolated",
        )

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
    def gap(self) -> int:
        """Output-stationary: idle steps that must come between two tiles."""
        return int(self.dataflow is Dataflow.OS and self.technology is Technology.ICE40)

    @property
    def weight(self) -> IntFormat:
        """Weights are signed."""
        return IntFormat(bits=self.weight_bits, signed=True)

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
    """``y = clamp(round((acc + bias) * multiplier / 2**shift))`` with one multiplier per output channel.

    The integer form of Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018, eq. 6, with rounding ``HALF_UP``.
    """

    multiplier_bits: int = 16
    max_shift: int = 31
    rounding: Rounding = Rounding.HALF_UP

    def __post_init__(self) -> None:
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

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the layer needs."""
        return self.rows * self.inputs * self.outputs


@dataclass(frozen=True, kw_only=True)
class SystolicParams:
    """The systolic engine: array, operand and result buffers, requantiser, and the layers that it runs in turn."""

    array: ArrayParams
    layers: tuple[DenseLayer, ...]
    requantize: RequantizeParams = field(default=RequantizeParams())
    writable: bool = False
    counter_bits: int = 32

    def __post_init__(self) -> None:
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


# ----------------------------------------------------------------------------------------------- event engine


class NeuronKind(StrEnum):
    """The neuron's equation, per time step, with input current I (NIR's names)."""

    IF = "if"
    """v <- v + I; spike and reset when v > threshold."""
    LIF = "lif"
    """v <- leak(v) + I; spike and reset when v > threshold."""
    I = "i"  # noqa: E741
    """v <- v + I; no threshold: a membrane readout."""
    LI = "li"
    """v <- leak(v) + I; no threshold: a membrane readout."""

    @property
    def leaks(self) -> bool:
        """Whether the membrane decays."""
        return self in (NeuronKind.LIF, NeuronKind.LI)

    @property
    def spikes(self) -> bool:
        """Whether the neuron has a threshold."""
        return self in (NeuronKind.IF, NeuronKind.LIF)


class Reset(StrEnum):
    """What a spike does to the membrane, in the same step."""

    ZERO = "zero"
    """v <- 0."""
    SUBTRACT = "subtract"
    """v <- v - threshold."""


class LeakKind(StrEnum):
    """How leak(v) is computed."""

    SHIFT = "shift"
    """v - round(v / 2**shift)."""
    MULTIPLY = "multiply"
    """round(v * decay / 2**fraction_bits)."""


@dataclass(frozen=True, kw_only=True)
class LeakParams:
    """leak(v). For ``SHIFT`` only ``shift`` counts, for ``MULTIPLY`` only ``decay`` and ``fraction_bits``."""

    kind: LeakKind = LeakKind.SHIFT
    shift: int = 4
    decay: int = 3840
    fraction_bits: int = 12
    rounding: Rounding = Rounding.FLOOR

    def __post_init__(self) -> None:
        require_range("leak-shift", self.shift, 1, 15)
        require_range("decay-bits", self.fraction_bits, 1, 16)
        require_range("decay", self.decay, 0, 1 << self.fraction_bits)


@dataclass(frozen=True, kw_only=True)
class NeuronParams:
    """One layer's neuron. The state saturates at both ends of its format after every addition."""

    kind: NeuronKind = NeuronKind.LIF
    state_bits: int = 16
    threshold: int = 1
    reset: Reset = Reset.ZERO
    leak: LeakParams = field(default=LeakParams())

    def __post_init__(self) -> None:
        require_range("state-bits", self.state_bits, 4, 32)
        require_range("threshold", self.threshold, 0, self.state.max - 1)

    @property
    def state(self) -> IntFormat:
        """The membrane potential is signed."""
        return IntFormat(bits=self.state_bits, signed=True)


class Readout(StrEnum):
    """What an event engine sends."""

    SPIKES = "spikes"
    """On every TICK the spikes of the step, then the TICK; on END the END."""
    COUNT = "count"
    """On END the number of spikes of each neuron since the last END, then the END."""
    MEMBRANE = "membrane"
    """On END the membrane potential of each neuron, then the END."""


@dataclass(frozen=True, kw_only=True)
class EventParams:
    """The event engine: dense synapses from on-chip memory, ``lanes`` neurons updated per cycle."""

    inputs: int
    neurons: int
    lanes: int = 8
    payload: IntFormat = field(default=SPIKE)
    weight_bits: int = 8
    neuron: NeuronParams = field(default=NeuronParams())
    readout: Readout = Readout.SPIKES
    count_bits: int = 8
    bias: bool = False
    writable: bool = False
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("neurons", self.neurons, 1, 1 << 16)
        require_range("lanes", self.lanes, 1, 64)
        require_range("payload-bits", self.payload.bits, 1, 8)
        require_range("weight-bits", self.weight_bits, 2, 16)
        require_range("count-bits", self.count_bits, 1, 16)
        require_range("counter-bits", self.counter_bits, 8, 32)
        require(
            self.neuron.kind.spikes or self.readout is Readout.MEMBRANE,
            f"a {self.neuron.kind.value.upper()} neuron has no spikes: its readout must be membrane, "
            f"not {self.readout.value}",
        )

    @property
    def words(self) -> int:
        """State words: ``ceil(neurons / lanes)``. A VALUE costs that many cycles."""
        return ceil_div(self.neurons, self.lanes)

    @property
    def weight(self) -> IntFormat:
        """Weights are signed."""
        return IntFormat(bits=self.weight_bits, signed=True)

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out; counts saturate."""
        payload = {
            Readout.SPIKES: SPIKE,
            Readout.COUNT: IntFormat(bits=self.count_bits, signed=False),
            Readout.MEMBRANE: self.neuron.state,
        }[self.readout]
        return TokenFormat(addresses=self.neurons, payload=payload)


# --------------------------------------------------------------------------------------------------- encoders


class Encoding(StrEnum):
    """How a frame of values becomes time steps."""

    DIRECT = "direct"
    """Every non-zero value is sent as the payload, in each of the steps."""
    RATE = "rate"
    """Deterministic rate code: a phase accumulator per value, spike on carry (first-order sigma-delta)."""


@dataclass(frozen=True, kw_only=True)
class EncoderParams:
    """Turns one frame (VALUEs, END) into ``steps`` time steps (VALUEs, TICK each) and an END."""

    inputs: int
    steps: int
    encoding: Encoding = Encoding.DIRECT
    payload: IntFormat = field(default=IntFormat(bits=8, signed=False))
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("steps", self.steps, 1, 1 << 12)
        require_range("payload-bits", self.payload.bits, 1, 8)
        require(
            self.encoding is not Encoding.RATE or not self.payload.signed,
            "rate encoding needs unsigned input values",
        )

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: a frame."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out."""
        payload = self.payload if self.encoding is Encoding.DIRECT else SPIKE
        return TokenFormat(addresses=self.inputs, payload=payload)


# ------------------------------------------------------------------------------------------------ accelerator

EngineParams = EncoderParams | EventParams | SystolicParams


class HostInput(StrEnum):
    """What the host's input stream carries."""

    DENSE = "dense"
    """A frame: one byte per value, four to a beat, TLAST on the last beat."""
    TOKENS = "tokens"
    """Tokens of the event stream, one to a beat; TLAST is ignored."""


class HostOutput(StrEnum):
    """What the host's output stream carries."""

    DENSE = "dense"
    """A frame: one sign-extended 32-bit word per value, TLAST on the last."""
    TOKENS = "tokens"
    """Tokens of the event stream, one to a beat; TLAST on END."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorParams:
    """A chain of engines behind one host port."""

    name: str
    engines: tuple[EngineParams, ...]
    host_input: HostInput = HostInput.DENSE
    host_output: HostOutput = HostOutput.DENSE

    def __post_init__(self) -> None:
        require(len(self.engines) >= 1, "an accelerator needs at least one engine")
        require(self.name.isidentifier(), f"the name {self.name!r} must be a Verilog identifier")
        for stream, host, fmt in (
            ("input", self.host_input, self.input),
            ("output", self.host_output, self.output),
        ):
            require(
                host == "dense" or (fmt.payload.bits <= WORD_PAYLOAD[1] and fmt.address_bits <= WORD_ADDRESS[1]),
                f"{fmt.address_bits}-bit addresses with {fmt.payload.bits}-bit payloads do not fit the host's {stream} "
                f"tokens, which have {WORD_ADDRESS[1]} and {WORD_PAYLOAD[1]} bits: use dense frames",
            )
        for index, (before, after) in enumerate(zip(self.engines, self.engines[1:], strict=False)):
            require(
                before.output == after.input,
                f"engine {index} sends {before.output} but engine {index + 1} takes {after.input}",
            )

    @property
    def input(self) -> TokenFormat:
        """Tokens of the first engine."""
        return self.engines[0].input

    @property
    def output(self) -> TokenFormat:
        """Tokens of the last engine."""
        return self.engines[-1].output
