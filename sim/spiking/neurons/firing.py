"""A membrane that lasts, spikes, and is reset."""

from tospike.hw.params.neurons.firing import FiringParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.membrane import MembraneModel
from tospike.sim.spiking.neurons.model import Updated
from tospike.sim.spiking.neurons.threshold import ThresholdModel


class FiringModel(ThresholdModel, MembraneModel):
    """What IF, LIF and CuBa LIF have in common."""

    params: FiringParams

    def reset(self, v: Ints, spikes: Ints) -> Updated:
        """Bounded below after the reset, as a readout shows."""
        updated = super().reset(v, spikes)
        return updated._replace(after=self.bounded(updated.after), base=self.bounded(updated.base))
