"""The sliding parallel spiking neuron (Fang et al. 2023, arXiv:2304.12760), with signed powers of two as weights, which
may differ between channels, and dilated taps (arXiv:2501.14490)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.neurons.model import NeuronConstant
from tospike.hw.params.neurons.threshold import ThresholdParams
from tospike.hw.params.numbers import IntFormat

MAX_TAPS = 7
"""Earlier inputs that a sliding neuron can weight, at most."""
MAX_INPUTS = 28
"""Earlier inputs that it can store."""
MAX_TAP_SHIFT = 15
NEGATIVE_TAP = MAX_TAP_SHIFT + 1
"""Added to a shift, it makes the weight negative."""
NO_TAP = 2 * NEGATIVE_TAP
"""A weight of 0."""


@dataclass(frozen=True, kw_only=True)
class SlidingParams(ThresholdParams):
    """``v = I(t) + sum of weight(taps[n - 1]) * I(t - n * dilation)`` over the taps n = 1, 2, ...; spike when
    v > threshold.

    A tap from 0 to 15 weights an input by ``2**-tap``, rounded down; `NEGATIVE_TAP` more negates that; `NO_TAP` is a
    weight of 0. No membrane persists, so there is no reset.
    """

    tag: ClassVar[str] = "sliding"

    taps: tuple[int, ...] = (1, 2, 3)
    dilation: int = field(default=1, metadata=ADDED)
    """Steps between the inputs that are weighted."""
    varies: bool = field(default=False, metadata=ADDED)
    """Read each neuron's taps from a memory; of ``taps``, only the number is used."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= len(self.taps) <= MAX_TAPS, f"a sliding neuron has 1 to {MAX_TAPS} taps, not {len(self.taps)}")
        for tap in self.taps:
            require_range("taps", tap, 0, NO_TAP)
        require_range("dilation", self.dilation, 1, MAX_INPUTS)
        require(
            self.inputs <= MAX_INPUTS,
            f"{len(self.taps)} taps with a dilation of {self.dilation} reach {self.inputs} steps back, more than the "
            f"{MAX_INPUTS} that a sliding neuron stores: give fewer taps or a smaller dilation",
        )

    @property
    def inputs(self) -> int:
        """Earlier inputs that are stored."""
        return len(self.taps) * self.dilation

    @property
    def aux(self) -> Mapping[str, IntFormat]:
        """Including the inputs of earlier time steps, the most recent first."""
        return {**super().aux, **{f"input_{n}": self.state for n in range(1, self.inputs + 1)}}

    @property
    def varying(self) -> Mapping[str, NeuronConstant]:
        """The taps, if they differ between neurons."""
        if not self.varies:
            return {}
        return {f"tap_{n}": NeuronConstant(largest=NO_TAP) for n in range(1, len(self.taps) + 1)}

    @property
    def varying_cycle(self) -> int:
        """With the inputs that the taps weight."""
        return 0

    @property
    def is_static(self) -> bool:
        return False

    @property
    def join_cycles(self) -> int:
        """One per level of a binary adder tree over the terms, and one for shifts that vary."""
        return len(self.taps).bit_length() + self.varies

    @property
    def join_additions(self) -> int:
        return len(self.taps)
