"""The register engine: a small spiking layer with all states in registers."""

from dataclasses import dataclass

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.spiking import SpikingLayerParams

MAX_REGISTER_NEURONS = 256
"""Neurons of a register engine, at most: each has its own datapath."""


@dataclass(frozen=True, kw_only=True)
class RegisterParams(SpikingLayerParams):
    """The register engine: dense synapses, and a datapath per neuron, so that all are updated in the same cycle."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.neuron.firing is None, "a register engine has no firing phase: give it an event engine")
        require_range("neurons of a register engine", self.neurons, 1, MAX_REGISTER_NEURONS)

    @property
    def lanes(self) -> int:
        """One per neuron."""
        return self.neurons

    @property
    def settle(self) -> int:
        """Cycles from taking a token until every pipeline is empty, that of the counters included."""
        return 10

    @property
    def in_registers(self) -> bool:
        """``True``."""
        return True
