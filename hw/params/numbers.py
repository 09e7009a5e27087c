"""Number formats and rounding."""

from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params.check import require_range


def ceil_div(a: int, b: int) -> int:
    """Return ``ceil(a / b)`` in integers."""
    return -(-a // b)


def address_bits(count: int) -> int:
    """Return the bits needed to address ``count`` things; at least 1."""
    return max(1, (count - 1).bit_length())


class Rounding(StrEnum):
    """How a right shift rounds."""

    FLOOR = "floor"
    """Towards minus infinity: the plain arithmetic shift."""
    HALF_UP = "half-up"
    """To nearest, ties towards plus infinity: add half, then shift."""
    TRUNCATE = "truncate"
    """Towards zero."""
    HALF_EVEN = "half-even"
    """To nearest, ties to the even integer."""


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

    @property
    def difference(self) -> "IntFormat":
        """The format that holds the difference of any two values."""
        return IntFormat(bits=self.bits + 1, signed=True)

    def holds(self, value: int) -> bool:
        """Return whether ``value`` is representable."""
        return self.min <= value <= self.max
