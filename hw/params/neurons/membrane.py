"""A membrane that lasts from step to step."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range
from tospike.hw.params.neurons.model import NeuronParams


@dataclass(frozen=True, kw_only=True)
class MembraneParams(NeuronParams):
    """``v <- v + I``, then ``v <- max(v, lower_bound)`` if there is one."""

    initial: int = 0
    """SpikingNeuron at the start of a sample, which the first step leaks as any other."""
    lower_bound: int | None = None
    """No membrane goes lower into the next step: it is applied once per step, behind the reset. What is compared with
    a threshold, and what a neuron without one shows, comes before (``min_v_mem`` of Sinabs)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("initial", self.initial, self.state.min, self.state.max)
        if self.lower_bound is not None:
            require_range("lower-bound", self.lower_bound, self.state.min, 0)

    @property
    def constants(self) -> tuple[int, ...]:
        return (*super().constants, self.initial, self.lower_bound or 0)

    @property
    def is_static(self) -> bool:
        return self.lower_bound is None or self.initial >= self.lower_bound
