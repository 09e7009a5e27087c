"""Encoders."""

from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


class Encoding(StrEnum):
    """How a frame of values becomes time steps."""

    DIRECT = "direct"
    """Every non-zero value is sent as the payload, in each of the steps."""
    RATE = "rate"
    """Deterministic rate code: a phase accumulator per value, spike on carry (first-order sigma-delta)."""
    STOCHASTIC = "stochastic"
    """Random rate code: spike where the value is above a random number, from a linear-feedback shift register."""
    TTFS = "ttfs"
    """Time to first spike: every non-zero value spikes once, the larger the earlier, linearly."""
    PHASE = "phase"
    """The bits of the value, the highest first, over and over; a set bit is sent with its weight as the payload."""
    DELTA = "delta"
    """A frame for each step, of which what changed since it was last sent is sent: 1 upwards, -1 downwards."""

    @property
    def takes_integers(self) -> bool:
        """Whether the code is defined on unsigned integers of a given width."""
        return self is not Encoding.DIRECT

    @property
    def takes_frames(self) -> bool:
        """Whether a sample is a frame of values for each step, rather than one for all of them."""
        return self is Encoding.DELTA


LFSR_BITS = 31
LFSR_TAP = 27
"""The shift register takes in the exclusive or of its highest bit and this one: x**31 + x**28 + 1."""
RANDOM_BITS = 8
"""Bits of a random number, and shifts from one to the next."""


@dataclass(frozen=True, kw_only=True)
class EncoderParams(EngineParams):
    """Turns one frame (VALUEs, END) into ``steps`` time steps (VALUEs, TICK each) and an END."""

    inputs: int
    steps: int
    encoding: Encoding = Encoding.DIRECT
    payload: IntFormat = field(default=IntFormat(bits=8, signed=False))
    seed: int = 1
    """Of the shift register, at the start of each sample."""
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("steps", self.steps, 1, 1 << 12)
        require_range("payload-bits", self.payload.bits, 1, 8)
        require(not self.encoding.takes_frames, f"{self.encoding.value} encoding has an encoder of its own")
        require(
            not self.encoding.takes_integers or not self.payload.signed,
            f"{self.encoding.value} encoding needs unsigned input values",
        )
        require_range("seed", self.seed, 1, (1 << LFSR_BITS) - 1)

    @property
    def stored_bits(self) -> int:
        """Bits that an entry of the buffer has for a value: the value, or the step in which it spikes."""
        return max(1, (self.steps - 1).bit_length()) if self.encoding is Encoding.TTFS else self.payload.bits

    @property
    def phase_bits(self) -> int:
        """Bits that an entry has for an accumulator and its carry."""
        return self.payload.bits + 1 if self.encoding is Encoding.RATE else 0

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: a frame."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out."""
        payload = self.payload if self.encoding in (Encoding.DIRECT, Encoding.PHASE) else SPIKE
        return TokenFormat(addresses=self.inputs, payload=payload)

    @property
    def takes(self) -> Contents:
        """Values."""
        return Contents.SPARSE_FRAME

    @property
    def sends(self) -> Contents:
        """Spikes, or values in each step."""
        return Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """None: what it does is no layer."""
        return False
