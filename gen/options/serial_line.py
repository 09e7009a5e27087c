"""A board's serial line, as both of its ends must have it."""

from dataclasses import dataclass

from tospike.hw.params import option


@dataclass(frozen=True, kw_only=True)
class BaudOptions:
    """How fast it is."""

    baud: int = option(1_000_000, "Bits per second of the serial line", low=300)
