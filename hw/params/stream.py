"""The event stream between engines, and its encoding in 32-bit host words."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import IntFormat, address_bits, ceil_div

WORD_BITS = 32
"""TDATA width of the host's AXI4-Streams, unless they are packed."""
HOST_BITS = (32, 64, 128, 256)
"""TDATA widths of packed streams, and of streamed weights."""


class TokenKind(IntEnum):
    """Kind of a token of the event stream."""

    VALUE = 0
    """``payload`` arrives at ``address``: a spike, a graded spike or an activation. Zeros are not sent."""
    TICK = 1
    """End of a time step."""
    END = 2
    """End of a sample."""


class Contents(StrEnum):
    """The form of a sample on a link of the event stream: which tokens it consists of, in which order."""

    FRAME = "a whole frame"
    """A VALUE for each address, zeros included, and an END."""
    SPARSE_FRAME = "a frame without its zeros"
    """The non-zero VALUEs of a frame, and an END."""
    FRAMES = "whole frames"
    """Several whole frames, each followed by an END."""
    TRAIN = "a spike train"
    """For each time step its non-zero VALUEs and a TICK; after the last one an END."""
    CHANGES = "changes of frames"
    """Like a spike train, but a TICK ends a frame, and a VALUE is the difference from the previous frame."""
    BEATS = "a whole frame in wide beats"
    """Not tokens: `BeatFormat.beats` beats of several values each, zeros included. Both ends count the beats."""


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


@dataclass(frozen=True, kw_only=True)
class BeatFormat(TokenFormat):
    """A link without tokens: whole frames, ``lanes`` values to a beat, value ``beat * lanes + lane`` in each lane.

    The lanes of the last beat beyond ``addresses`` are undefined.
    """

    lanes: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("lanes of a link", self.lanes, 1, 1 << 12)

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return ceil_div(self.addresses, self.lanes)

    def resized(self, most: int) -> "BeatFormat":
        """Return this link with the most lanes, up to ``most``, that are a multiple or a divisor of its own."""
        if self.lanes <= most:
            return replace(self, lanes=most // self.lanes * self.lanes)
        return replace(self, lanes=max(lanes for lanes in range(1, most + 1) if self.lanes % lanes == 0))


@dataclass(frozen=True, kw_only=True)
class WeightFormat:
    """The stream of an engine's weights, in words of one weight per column: a frame's, in the order of use."""

    words: int
    """Words of a frame."""
    word_bits: int
    beat_bits: int = WORD_BITS
    """TDATA width."""

    @property
    def beats_per_word(self) -> int:
        """Beats of a word: column 0 is in the lowest bits of the first."""
        return ceil_div(self.word_bits, self.beat_bits)

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return self.words * self.beats_per_word

    def split(self, words: Iterable[int]) -> list[int]:
        """Return the beats of ``words``."""
        mask = (1 << self.beat_bits) - 1
        return [word >> self.beat_bits * beat & mask for word in words for beat in range(self.beats_per_word)]


SPIKE = IntFormat(bits=1, signed=False)
"""Payload of a link that carries at most one spike per neuron and time step."""

BYTES_PER_BEAT = WORD_BITS // 8
"""Values per beat of dense input: one byte each, value 0 in bits 7..0."""
WORD_ADDRESS = (0, 16)
"""(lowest bit, width) of the address of a token in a host word."""
WORD_PAYLOAD = (16, 14)
"""(lowest bit, width) of the payload of a token in a host word; signed payloads are sign-extended."""
WORD_KIND = (30, 2)
"""(lowest bit, width) of the :class:`TokenKind` in a host word."""


def require_stream_bits(bits: int) -> None:
    """Refuse a width that no stream of weights has.

    Raises
    ------
    InputError
        With those that one can have.
    """
    require(bits in HOST_BITS, f"weight-stream-bits must be {', '.join(map(str, HOST_BITS))}, not {bits}")
