"""Neurons with a persistent membrane and a threshold."""

from tospike.hw.params.neurons.firing import FiringParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.membrane import MembraneModel
from tospike.sim.spiking.neurons.model import Updated
from tospike.sim.spiking.neurons.threshold import ThresholdModel


class FiringModel(ThresholdModel, MembraneModel):
    """The common part of IF, LIF and CuBa LIF."""

    params: FiringParams

    def reset(self, v: Ints, spikes: Ints) -> Updated:
        """Apply the lower bound after the reset, so that a readout sees it, too."""
        updated = super().reset(v, spikes)
        return updated._replace(after=self.bounded(updated.after), base=self.bounded(updated.base))
