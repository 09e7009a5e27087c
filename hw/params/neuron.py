"""Neurons of the event engine."""

from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.check import require_range
from tospike.hw.params.numbers import IntFormat, Rounding


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
