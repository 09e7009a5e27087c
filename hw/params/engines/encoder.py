"""Encoders: a frame of values becomes a spike train."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.encoding import Encoding
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat

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
        check_counter_bits(self.counter_bits)
        require(not self.encoding.code.takes_frames, f"{self.encoding.value} encoding needs the delta encoder")
        require(
            not self.encoding.code.takes_integers or not self.payload.signed,
            f"{self.encoding.value} encoding needs unsigned input values",
        )
        require_range("encoding-seed", self.seed, 1, (1 << LFSR_BITS) - 1)

    @property
    def buffer_entries(self) -> int:
        """Entries of the buffer of values; 0 for a code that keeps nothing."""
        return self.inputs if self.encoding.code.keeps else 0

    @property
    def stored_bits(self) -> int:
        """Bits of a buffer entry for what the code stores of a value."""
        return self.encoding.code.stored_bits(self.payload.bits, self.steps)

    @property
    def state_bits(self) -> int:
        """Bits of a buffer entry for the code's state, which every scan writes back."""
        return self.encoding.code.state_bits(self.payload.bits)

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: a frame."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: a spike train."""
        payload = self.payload if self.encoding.code.sends_values else SPIKE
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
