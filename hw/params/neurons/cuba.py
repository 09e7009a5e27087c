"""Current-based neurons: CuBa LIF, and CuBa LI without a threshold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tospike.hw.params.check import require_range
from tospike.hw.params.neurons.firing import FiringParams
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.neurons.leaky import LeakyParams
from tospike.hw.params.neurons.reset import Reset, ResetTiming
from tospike.hw.params.numbers import IntFormat


@dataclass(frozen=True, kw_only=True)
class CubaParams(LeakyParams):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + leak_bias + i``.

    Events and biases are added to the synaptic current i. ``leak_bias`` is the contribution of a non-zero leak
    potential to the membrane in every time step.
    """

    synaptic: ClassVar[bool] = True

    current_bits: int = 16
    """Width of the synaptic current."""
    synapse: LeakParams = field(default=LeakParams())
    """Leak of the synaptic current."""
    leak_bias: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("current-bits", self.current_bits, 4, 32)
        require_range("leak-bias", self.leak_bias, self.state.min, self.state.max)

    @property
    def accumulated(self) -> IntFormat:
        """Format of the state that accumulates events: the synaptic current."""
        return IntFormat(bits=self.current_bits, signed=True)

    @property
    def leaks(self) -> Mapping[str, LeakParams]:
        return {**super().leaks, "current": self.synapse}

    @property
    def aux(self) -> Mapping[str, IntFormat]:
        """Including the ``membrane``, with its leak already applied."""
        return {**super().aux, "membrane": self.state}

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.leak_bias, self.initial + self.leak_bias)

    @property
    def join_cycles(self) -> int:
        """One more cycle to add current and membrane."""
        return super().join_cycles + 1

    @property
    def aux_sums(self) -> int:
        return super().aux_sums + 1


@dataclass(frozen=True, kw_only=True)
class CubaLiParams(CubaParams):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + leak_bias + i``; no threshold, so a membrane readout."""

    tag: ClassVar[str] = "cubali"


@dataclass(frozen=True, kw_only=True)
class CubaLifParams(FiringParams, CubaParams):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + leak_bias + i``; spike and reset when v > threshold."""

    tag: ClassVar[str] = "cubalif"

    @property
    def refractory_steps(self) -> int:
        """At least 1 for a hard reset in the next time step, which discards that step as a refractory step does."""
        resets_late = self.reset_timing is ResetTiming.NEXT and self.reset is not Reset.SUBTRACT
        return self.refractory or int(resets_late)
