"""The event stream between engines, and the words of the host."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tospike.hw.params.check import require_range
from tospike.hw.params.numbers import IntFormat, address_bits


class TokenKind(IntEnum):
    """What a token of the event stream says."""

    VALUE = 0
    """``payload`` arrives at ``address``: a spike, several spikes, an activation. Zeros are not sent."""
    TICK = 1
    """A time step ends."""
    END = 2
    """A sample ends."""


class Contents(StrEnum):
    """What a sample is on a link of the event stream: which tokens come, in which order."""

    FRAME = "a whole frame"
    """A VALUE for each address, zeros too, and an END."""
    SPARSE_FRAME = "a frame without its zeros"
    """The VALUEs of a frame that are not zero, and an END."""
    FRAMES = "whole frames"
    """Several frames, whole, each with its END."""
    TRAIN = "a spike train"
    """The VALUEs of a time step that are not zero and a TICK, step by step, then an END."""
    CHANGES = "changes of frames"
    """As a spike train; a TICK ends a frame, and a VALUE says by how much its address differs from the last one."""


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
