"""A membrane that lasts, spikes, and is reset."""

from dataclasses import dataclass

from tospike.hw.params.check import require, require_range
from tospike.hw.params.neurons.membrane import MembraneParams
from tospike.hw.params.neurons.reset import Reset, ResetTiming, check_reset
from tospike.hw.params.neurons.threshold import ThresholdParams


@dataclass(frozen=True, kw_only=True)
class FiringParams(ThresholdParams, MembraneParams):
    """What IF, LIF and CuBa LIF have in common."""

    reset: Reset = Reset.ZERO
    v_reset: int = 0
    """For ``Reset.VALUE``."""
    reset_timing: ResetTiming = ResetTiming.SAME
    spike_bits: int = 1
    """A neuron spikes up to ``2**spike_bits - 1`` times in a step, once for each threshold that it exceeds."""
    refractory: int = 0
    """Steps after a spike in which the membrane stays at its reset value."""

    def __post_init__(self) -> None:
        check_reset(self)
        super().__post_init__()
        require(
            self.spike_bits == 1 or self.threshold >= 1,
            "a neuron that spikes several times in a step needs a threshold of at least 1, not 0",
        )
        require_range("v-reset", self.v_reset, self.state.min, self.limit)
        require(
            not self.moves_threshold or (self.spike_bits == 1 and not self.pending_reset),
            "an adaptive or noisy threshold is for neurons that spike once per step, and not with the reset timing "
            "snntorch: leave --spike-bits and that timing out",
        )
        require(
            self.lower_bound is None or self.reset_value >= self.lower_bound,
            f"v-reset is {self.v_reset}, below the membrane's lower bound of {self.lower_bound}: give a bound that is "
            "not above it",
        )

    @property
    def reset_value(self) -> int:
        return self.v_reset if self.reset is Reset.VALUE else 0

    @property
    def rest_steps(self) -> int:
        return self.refractory

    @property
    def pending_reset(self) -> bool:
        return self.reset_timing is ResetTiming.SNNTORCH

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.v_reset)
