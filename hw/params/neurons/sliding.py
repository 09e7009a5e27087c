"""The sliding parallel spiking neuron (Fang et al. 2023, arXiv:2304.12760)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tospike.hw.params.check import require, require_range
from tospike.hw.params.neurons.threshold import ThresholdParams
from tospike.hw.params.numbers import IntFormat

MAX_TAPS = 7
"""Earlier inputs that a sliding neuron can weight, at most."""


@dataclass(frozen=True, kw_only=True)
class SlidingParams(ThresholdParams):
    """``v = I(t) + sum of I(t - n) / 2**taps[n - 1]`` over the taps n = 1, 2, ...; spike when v > threshold.

    No membrane persists, so there is no reset.
    """

    tag: ClassVar[str] = "sliding"

    taps: tuple[int, ...] = (1, 2, 3)
    """The input of n time steps before contributes ``floor(input / 2**taps[n - 1])``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= len(self.taps) <= MAX_TAPS, f"a sliding neuron has 1 to {MAX_TAPS} taps, not {len(self.taps)}")
        for tap in self.taps:
            require_range("taps", tap, 0, 15)

    @property
    def aux(self) -> Mapping[str, IntFormat]:
        """Including the inputs of earlier time steps, the most recent first."""
        return {**super().aux, **{f"input_{n}": self.state for n in range(1, len(self.taps) + 1)}}

    @property
    def is_static(self) -> bool:
        return False

    @property
    def join_cycles(self) -> int:
        """One per level of a binary adder tree over the terms."""
        return len(self.taps).bit_length()

    @property
    def join_additions(self) -> int:
        return len(self.taps)
