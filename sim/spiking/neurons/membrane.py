"""A membrane that lasts from step to step."""

import numpy as np

from tospike.hw.params.neurons.membrane import MembraneParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.model import NeuronModel, Swept


class MembraneModel(NeuronModel):
    """Bounds below what goes into the next step."""

    params: MembraneParams

    def fire(self, v: Ints) -> Swept:
        """A readout shows the membrane before it is bounded."""
        swept = super().fire(v)
        return swept._replace(base=self.bounded(swept.base))

    def bounded(self, v: Ints) -> Ints:
        """The membrane, not below its lower bound."""
        bound = self.params.lower_bound
        return v if bound is None else np.maximum(v, bound)
