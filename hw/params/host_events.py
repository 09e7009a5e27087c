"""Events with time stamps at the host's port."""

from dataclasses import dataclass

from tospike.hw.params.check import require, require_range
from tospike.hw.params.stream import WORD_BITS

LONGEST_TIME_BIN = 1 << (WORD_BITS - 1)


@dataclass(frozen=True, kw_only=True)
class HostEventParams:
    """How time stamps become time steps: step n is ``n * time_bin <= stamp - origin < (n + 1) * time_bin``."""

    time_bin: int
    """Units of the time stamps per step."""
    steps: int
    """Steps of a recording; events behind the last are dropped."""

    def __post_init__(self) -> None:
        require_range("time-bin", self.time_bin, 1, LONGEST_TIME_BIN)
        require_range("steps", self.steps, 1, 1 << 12)
        require(
            self.time_bin * self.steps <= 1 << WORD_BITS,
            f"{self.steps} steps of {self.time_bin} units are longer than time stamps of {WORD_BITS} bits reach",
        )
