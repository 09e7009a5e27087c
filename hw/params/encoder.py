"""Encoders."""

from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, TokenFormat


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
