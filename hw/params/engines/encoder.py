"""Encoders: a frame of values becomes a spike train."""

from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


class Encoding(StrEnum):
    """How a frame of values is encoded in time steps."""

    DIRECT = "direct"
    """Direct encoding: every non-zero value is the payload of a graded spike in each time step."""
    RATE = "rate"
    """Deterministic rate code: a phase accumulator per value, spike on carry (first-order sigma-delta)."""
    STOCHASTIC = "stochastic"
    """Stochastic rate code: spike if the value exceeds a random number from a linear-feedback shift register."""
    TTFS = "ttfs"
    """Time to first spike: every non-zero value spikes once; the larger the value, linearly, the earlier."""
    PHASE = "phase"
    """Phase code: the bits of the value, most significant first, cyclically; each set bit is a spike of its weight."""
    DELTA = "delta"
    """Delta code: one frame per time step; a value that changed since it was last sent spikes: 1 up, -1 down."""

    @property
    def takes_integers(self) -> bool:
        """Whether the code is defined on unsigned integers of a given width."""
        return self is not Encoding.DIRECT

    @property
    def takes_frames(self) -> bool:
        """Whether a sample has a frame of values for each time step, rather than one for all of them."""
        return self is Encoding.DELTA


LFSR_BITS = 31
LFSR_TAP = 27
"""The LFSR shifts in the exclusive or of its highest bit and this one: x**31 + x**28 + 1."""
RANDOM_BITS = 8
"""Bits of a random number; the LFSR shifts as many times from one to the next."""


@dataclass(frozen=True, kw_only=True)
class EncoderParams(EngineParams):
    """Encode one frame (VALUEs, END) as ``steps`` time steps (VALUEs and a TICK each) and an END."""

    inputs: int
    steps: int
    encoding: Encoding = Encoding.DIRECT
    payload: IntFormat = field(default=IntFormat(bits=8, signed=False))
    seed: int = 1
    """State of the LFSR at the start of each sample."""
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("steps", self.steps, 1, 1 << 12)
        require_range("payload-bits", self.payload.bits, 1, 8)
        require(not self.encoding.takes_frames, f"{self.encoding.value} encoding needs the delta encoder")
        require(
            not self.encoding.takes_integers or not self.payload.signed,
            f"{self.encoding.value} encoding needs unsigned input values",
        )
        require_range("encoding-seed", self.seed, 1, (1 << LFSR_BITS) - 1)

    @property
    def stored_bits(self) -> int:
        """Bits of a buffer entry for the value itself, or for the time step in which it spikes."""
        return max(1, (self.steps - 1).bit_length()) if self.encoding is Encoding.TTFS else self.payload.bits

    @property
    def phase_bits(self) -> int:
        """Bits of a buffer entry for the phase accumulator and its carry."""
        return self.payload.bits + 1 if self.encoding is Encoding.RATE else 0

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: a frame."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: a spike train."""
        payload = self.payload if self.encoding in (Encoding.DIRECT, Encoding.PHASE) else SPIKE
        return TokenFormat(addresses=self.inputs, payload=payload)

    @property
    def takes(self) -> Contents:
        """The non-zero values of a frame."""
        return Contents.SPARSE_FRAME

    @property
    def sends(self) -> Contents:
        """Spikes, possibly graded."""
        return Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """``False``: an encoder is no layer."""
        return False
