"""Neurons with a membrane that spikes and is reset."""

from dataclasses import dataclass, field

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.neurons.membrane import MembraneParams
from tospike.hw.params.neurons.reset import PayloadCode, Reset, ResetTiming, check_reset
from tospike.hw.params.neurons.threshold import ThresholdParams


@dataclass(frozen=True, kw_only=True)
class FiringParams(ThresholdParams, MembraneParams):
    """Parameters common to IF, LIF and CuBa LIF."""

    reset: Reset = Reset.ZERO
    v_reset: int = 0
    """Reset potential, for ``Reset.VALUE``."""
    reset_timing: ResetTiming = ResetTiming.SAME
    spike_bits: int = 1
    """A neuron emits a graded spike of up to ``2**spike_bits - 1``: the multiples of the threshold that v exceeds."""
    refractory: int = 0
    """Refractory period: time steps after a spike in which the membrane stays at its reset value."""
    code: PayloadCode = field(default=PayloadCode.COUNT, metadata=ADDED)
    """What the payload of a graded spike tells."""

    def __post_init__(self) -> None:
        check_reset(self)
        super().__post_init__()
        require(
            self.spike_bits == 1 or self.threshold >= 1,
            "several spikes per time step need a threshold of at least 1, not 0",
        )
        require_range("v-reset", self.v_reset, self.state.min, self.limit)
        require(
            not self.moves_threshold or (self.spike_bits == 1 and not self.pending_reset),
            "an adaptive or noisy threshold allows one spike per time step, and no reset timing snntorch: leave "
            "--spike-bits and --reset-timing out",
        )
        require(
            self.lower_bound is None or self.reset_value >= self.lower_bound,
            f"v-reset is {self.v_reset}, below the membrane's lower-bound of {self.lower_bound}: lower the bound",
        )

    @property
    def reset_value(self) -> int:
        return self.v_reset if self.reset is Reset.VALUE else 0

    @property
    def refractory_steps(self) -> int:
        return self.refractory

    @property
    def pending_reset(self) -> bool:
        return self.reset_timing is ResetTiming.SNNTORCH

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.v_reset, (self.threshold << self.largest_exponent) + 1)
