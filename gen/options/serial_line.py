"""The options of a board's serial line, on which both ends must agree."""

from dataclasses import dataclass

from tospike.hw.params import option


@dataclass(frozen=True, kw_only=True)
class BaudOptions:
    """The speed of the serial line."""

    baud: int = option(1_000_000, "Bits per second of the serial line", low=300)
