"""Time-stamped events at the host port."""

from dataclasses import dataclass

from tospike.hw.params.check import require, require_range
from tospike.hw.params.stream import WORD_BITS

LONGEST_TIME_BIN = 1 << (WORD_BITS - 1)
"""Longest time bin, in units of the time stamps."""


@dataclass(frozen=True, kw_only=True)
class HostEventParams:
    """Binning of time stamps into time steps: step n is ``n * time_bin <= stamp - origin < (n + 1) * time_bin``."""

    time_bin: int
    """Length of a time step, in units of the time stamps."""
    steps: int
    """Time steps of a recording; later events are dropped."""

    def __post_init__(self) -> None:
        require_range("event-bin", self.time_bin, 1, LONGEST_TIME_BIN)
        require_range("steps", self.steps, 1, 1 << 12)
        require(
            self.time_bin * self.steps <= 1 << WORD_BITS,
            f"{self.steps} steps of {self.time_bin} units exceed the range of {WORD_BITS}-bit time stamps",
        )
