"""Neurons with a synaptic current: CuBa LIF, and CuBa LI without a threshold."""

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

    The events, and the biases, are added to the current; ``leak_bias`` is what a leak potential adds to the membrane in
    every step.
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
        """Format of what the events are added to: the synaptic current."""
        return IntFormat(bits=self.current_bits, signed=True)

    @property
    def leaks(self) -> Mapping[str, LeakParams]:
        return {**super().leaks, "current": self.synapse}

    @property
    def side(self) -> Mapping[str, IntFormat]:
        """With the ``membrane``, its leak done."""
        return {**super().side, "membrane": self.state}

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.leak_bias, self.initial + self.leak_bias)

    @property
    def join_cycles(self) -> int:
        """One adds current and membrane."""
        return super().join_cycles + 1

    @property
    def side_sums(self) -> int:
        return super().side_sums + 1


@dataclass(frozen=True, kw_only=True)
class CubaLiParams(CubaParams):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + i``; no threshold: a membrane readout."""

    tag: ClassVar[str] = "cubali"


@dataclass(frozen=True, kw_only=True)
class CubaLifParams(FiringParams, CubaParams):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + i``; spike and reset when v > threshold."""

    tag: ClassVar[str] = "cubalif"

    @property
    def rest_steps(self) -> int:
        """A hard reset in the next step wipes out the whole of that, as a step of rest does."""
        late = self.reset_timing is ResetTiming.NEXT and self.reset is not Reset.SUBTRACT
        return self.refractory or int(late)
