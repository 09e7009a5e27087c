"""Neurons whose membrane persists from time step to time step."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range
from tospike.hw.params.neurons.model import NeuronParams


@dataclass(frozen=True, kw_only=True)
class MembraneParams(NeuronParams):
    """``v <- v + I``, then ``v <- max(v, lower_bound)`` if there is one."""

    initial: int = 0
    """Membrane at the start of a sample, which the first time step leaks like any other."""
    lower_bound: int | None = None
    """Lower bound of the membrane (``min_v_mem`` of Sinabs), applied once per time step after the reset. The comparison
    with the threshold, and the readout of a neuron without one, precede it."""

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

    @property
    def changes_after_events(self) -> bool:
        return super().changes_after_events or self.lower_bound is not None
