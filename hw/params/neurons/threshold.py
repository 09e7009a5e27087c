"""When a neuron spikes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.noise import NoiseParams
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.neurons.reset import Reset, ResetTiming
from tospike.hw.params.numbers import IntFormat


class Comparison(StrEnum):
    """When a membrane spikes."""

    ABOVE = "above"
    """v > threshold."""
    AT_LEAST = "at-least"
    """v >= threshold."""


@dataclass(frozen=True, kw_only=True)
class AdaptationParams:
    """An adaptive threshold (ALIF; Bellec et al. 2018, arXiv:1803.09574): ``v > threshold + a``, where
    ``a <- leak(a) + step`` after a step with a spike, and ``a <- leak(a)`` after one without. ``a`` begins at 0 and
    saturates in the format of the membrane; a reset by subtraction subtracts ``threshold`` alone."""

    step: int = 1
    leak: LeakParams = field(default=LeakParams())

    def __post_init__(self) -> None:
        require_range("adaptation", self.step, 1, 1 << 30)
        require(not self.leak.varies, "the leak of an adaptive threshold is common to all neurons")


@dataclass(frozen=True, kw_only=True)
class ThresholdParams(NeuronParams):
    """A neuron that spikes when its membrane is above a threshold. A spike changes nothing, as far as is said here."""

    spikes: ClassVar[bool] = True

    threshold: int = 1
    comparison: Comparison = Comparison.ABOVE
    adaptation: AdaptationParams | None = None
    noise: NoiseParams | None = None
    """Added to the membrane where it is compared with the threshold, and nowhere else."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("threshold", self.threshold, int(self.spikes_at_threshold), self.state.max - 1)
        if self.adaptation is not None:
            require_range("adaptation", self.adaptation.step, 1, self.state.max)

    @property
    def spikes_at_threshold(self) -> bool:
        """Whether a membrane at its threshold spikes."""
        return self.comparison is Comparison.AT_LEAST

    @property
    def limit(self) -> int:
        """A neuron spikes when its membrane is above this."""
        return self.threshold - self.spikes_at_threshold

    @property
    def moves_threshold(self) -> bool:
        """Whether a membrane is compared with more than the constant threshold."""
        return self.adaptation is not None or self.noise is not None

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.threshold + 1)

    @property
    def side(self) -> Mapping[str, IntFormat]:
        """With what the neuron needs of its past spikes: the refractory steps that are left, whether a threshold is
        still to be subtracted before the comparison, how far the threshold is raised."""
        needed = {
            "refractory_count": (
                self.rest_steps > 0,
                IntFormat(bits=max(1, self.rest_steps.bit_length()), signed=False),
            ),
            "pending_reset": (self.pending_reset, IntFormat(bits=1, signed=False)),
            "threshold_offset": (self.adaptation is not None, self.state),
        }
        return {**super().side, **{name: fmt for name, (is_there, fmt) in needed.items() if is_there}}

    @property
    def is_static(self) -> bool:
        return super().is_static and self.initial <= self.limit and self.rest_steps == 0 and not self.moves_threshold

    @property
    def spikes_again_above(self) -> int | None:
        left = {Reset.NONE: 0, Reset.SUBTRACT: (self.spike.max + self.pending_reset) * self.threshold}.get(self.reset)
        if left is None:
            return None
        limit = self.limit + left
        return limit if limit < self.state.max else None

    # --------------------------------------------------------------------------------------- what a spike does

    @property
    def reset(self) -> Reset:
        """What a spike does to the membrane."""
        return Reset.NONE

    @property
    def reset_value(self) -> int:
        """Where a reset other than by subtraction leads."""
        return 0

    @property
    def reset_timing(self) -> ResetTiming:
        """When."""
        return ResetTiming.SAME

    @property
    def rest_steps(self) -> int:
        """Steps after a spike in which the membrane is held at its reset value."""
        return 0

    @property
    def pending_reset(self) -> bool:
        """Whether a membrane may have to exceed the threshold twice to spike."""
        return False

    # ------------------------------------------------------------------------------------------ hardware

    @property
    def count_cycles(self) -> int:
        """Pipeline cycles for each further bit of the number of spikes."""
        return 2 * (self.spike_bits - 1)

    @property
    def extra_cycles(self) -> int:
        """One is for what moves the threshold."""
        return super().extra_cycles + int(self.moves_threshold) + self.count_cycles

    @property
    def side_sums(self) -> int:
        return super().side_sums + int(self.adaptation is not None)
