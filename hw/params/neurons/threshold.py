"""Firing thresholds: constant, adaptive or noisy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.noise import NoiseParams
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.neurons.reset import PayloadCode, Reset, ResetTiming
from tospike.hw.params.numbers import IntFormat

MAX_ADAPTATION = 1 << 30


class Comparison(StrEnum):
    """How the membrane is compared with the threshold for a spike."""

    ABOVE = "above"
    """v > threshold."""
    AT_LEAST = "at-least"
    """v >= threshold."""


@dataclass(frozen=True, kw_only=True)
class AdaptationParams:
    """An adaptive threshold (ALIF; Bellec et al. 2018, arXiv:1803.09574): spike when ``v > threshold + a``.

    ``a <- leak(a) + step`` after a time step with a spike, and ``a <- leak(a)`` after one without. ``a`` starts at 0
    and saturates in the format of the membrane; a reset by subtraction subtracts ``threshold`` alone.
    """

    step: int = 1
    leak: LeakParams = field(default=LeakParams())

    def __post_init__(self) -> None:
        require_range("adaptation", self.step, 1, MAX_ADAPTATION)
        require(not self.leak.varies, "the leak of an adaptive threshold is the same for all neurons")


@dataclass(frozen=True, kw_only=True)
class ThresholdParams(NeuronParams):
    """A neuron that spikes when its membrane is above a threshold. Subclasses define the reset."""

    spikes: ClassVar[bool] = True

    threshold: int = 1
    comparison: Comparison = Comparison.ABOVE
    adaptation: AdaptationParams | None = None
    noise: NoiseParams | None = None
    """Added to the membrane for the comparison with the threshold alone."""
    host_threshold: bool = field(default=False, metadata=ADDED)
    """The threshold is a word of memory, the same for all neurons of the layer, which the host may write. An engine's
    parameters then hold the largest one; that of a network is in its stage, and in the memory's contents."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            not self.host_threshold or (self.spike_bits == 1 and not self.pending_reset),
            "a threshold that the host writes allows one spike per time step, and no reset timing snntorch: leave "
            "--spike-bits and --reset-timing out, or threshold-factor",
        )
        require_range("threshold", self.threshold, int(self.spikes_at_threshold or self.host_threshold), self.largest)
        if self.adaptation is not None:
            require_range("adaptation", self.adaptation.step, 1, self.state.max)
        if self.noise is not None:
            # a spike is then at most the noise below the threshold, so that a reset by subtraction cannot underflow
            bits = self.noise.format.bits
            require(
                bits <= self.state_bits,
                f"noise of {bits} bits with its shift does not fit a membrane of {self.state_bits}: lower noise-bits "
                "or noise-shift, or give more state-bits",
            )

    @property
    def largest(self) -> int:
        """The largest threshold that membranes can exceed."""
        return (self.state.max - 1) >> self.largest_exponent

    @property
    def hardware(self) -> NeuronParams:
        return replace(self, threshold=self.largest) if self.host_threshold else self

    @property
    def spikes_at_threshold(self) -> bool:
        """Whether a membrane equal to the threshold spikes."""
        return self.comparison is Comparison.AT_LEAST

    @property
    def limit(self) -> int:
        """The largest membrane that does not spike."""
        return self.threshold - self.spikes_at_threshold

    @property
    def moves_threshold(self) -> bool:
        """Whether the effective threshold varies: it is adaptive or noisy."""
        return self.adaptation is not None or self.noise is not None

    @property
    def constants(self) -> tuple[int, ...]:
        adaptation = () if self.adaptation is None else (self.adaptation.step,)
        noise = () if self.noise is None else (self.noise.format.min,)
        return (*super().constants, self.threshold + 1, *adaptation, *noise)

    def moved_by_noise(self, threshold_offset: int) -> int:
        """Of two neurons with the same input that reset by subtraction, the one whose membrane is higher by more than
        the noise's span and the offset spikes if the other one does, so that only a spike of a threshold can take them
        further apart; leaks and lower bounds take them closer together. With a reset to a value or recurrent spikes,
        this is an estimate."""
        if self.noise is None or self.reset is Reset.NONE:
            return 0
        return self.noise.format.max - self.noise.format.min + threshold_offset + self.threshold

    @property
    def aux(self) -> Mapping[str, IntFormat]:
        """Including what the past spikes leave behind: the remaining refractory steps, whether the threshold is still
        to be subtracted before the comparison, the offset of an adaptive threshold, and the place in a burst or a
        period."""
        needed = {
            "refractory_count": (
                self.refractory_steps > 0,
                IntFormat(bits=max(1, self.refractory_steps.bit_length()), signed=False),
            ),
            "pending_reset": (self.pending_reset, IntFormat(bits=1, signed=False)),
            "threshold_offset": (self.adaptation is not None, self.state),
            "spike_place": (self.largest_exponent > 0, IntFormat(bits=2, signed=False)),
        }
        return {**super().aux, **{name: fmt for name, (is_there, fmt) in needed.items() if is_there}}

    @property
    def is_static(self) -> bool:
        return (
            super().is_static
            and self.initial <= self.limit
            and self.refractory_steps == 0
            and not self.moves_threshold
            and self.code is PayloadCode.COUNT
            and not self.host_threshold  # with a lower one, a membrane may spike without an event
        )

    @property
    def spikes_again_above(self) -> int | None:
        reset_amount = {
            Reset.NONE: 0,
            Reset.SUBTRACT: (self.spike.max + self.pending_reset) * self.threshold,
        }.get(self.reset)
        if reset_amount is None:
            return None
        limit = self.limit + reset_amount
        return limit if limit < self.state.max else None

    # --------------------------------------------------------------------------------------- what a spike does

    @property
    def reset(self) -> Reset:
        """What a spike does to the membrane."""
        return Reset.NONE

    @property
    def reset_value(self) -> int:
        """The membrane after a hard reset."""
        return 0

    @property
    def reset_timing(self) -> ResetTiming:
        """When a spike resets the membrane."""
        return ResetTiming.SAME

    @property
    def refractory_steps(self) -> int:
        """Time steps after a spike in which the membrane is held at its reset value."""
        return 0

    @property
    def pending_reset(self) -> bool:
        """Whether a membrane may have to exceed twice the threshold to spike, see ``ResetTiming.SNNTORCH``."""
        return False

    @property
    def code(self) -> PayloadCode:
        """What the payload of a graded spike tells."""
        return PayloadCode.COUNT

    @property
    def largest_exponent(self) -> int:
        """Of the power of two that a spike of a burst or a phase sends."""
        return 0 if self.code is PayloadCode.COUNT else self.spike_bits - 1

    # ------------------------------------------------------------------------------------------ hardware

    @property
    def count_cycles(self) -> int:
        """Pipeline cycles of the number of spikes, two for each bit beyond the first; powers of two need none."""
        return 2 * (self.spike_bits - 1) if self.code is PayloadCode.COUNT else 0

    @property
    def extra_cycles(self) -> int:
        """Including one for an adaptive or noisy threshold."""
        return super().extra_cycles + int(self.moves_threshold) + self.count_cycles

    @property
    def aux_sums(self) -> int:
        return super().aux_sums + int(self.adaptation is not None)

    @property
    def threshold_additions(self) -> int:
        """Those of the offset, to the membrane and to itself; those of the integers of the noise, and its own."""
        return 2 * int(self.adaptation is not None) + (0 if self.noise is None else self.noise.draws)
