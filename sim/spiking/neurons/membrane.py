"""A membrane that lasts from step to step."""

import numpy as np

from tospike.hw.params.neurons.membrane import MembraneParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.model import NeuronModel, Updated


class MembraneModel(NeuronModel):
    """Bounds below what goes into the next step."""

    params: MembraneParams

    def fire(self, v: Ints) -> Updated:
        """A readout shows the membrane before it is bounded."""
        updated = super().fire(v)
        return updated._replace(base=self.bounded(updated.base))

    def bounded(self, v: Ints) -> Ints:
        """The membrane, not below its lower bound."""
        bound = self.params.lower_bound
        return v if bound is None else np.maximum(v, bound)
