"""Layers of spiking neurons whose states are in registers."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range
from tospike.hw.params.engines.spiking import SpikingLayerParams

MAX_REGISTER_NEURONS = 256
"""Neurons that a register engine may have: each has its own arithmetic."""


@dataclass(frozen=True, kw_only=True)
class RegisterParams(SpikingLayerParams):
    """The register engine of a small spiking layer: all neurons are updated in every cycle. Synapses are dense."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("neurons of a register engine", self.neurons, 1, MAX_REGISTER_NEURONS)

    @property
    def lanes(self) -> int:
        """All neurons."""
        return self.neurons

    @property
    def in_registers(self) -> bool:
        """All of them."""
        return True
