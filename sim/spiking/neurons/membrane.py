"""Neurons whose membrane persists from step to step."""

import numpy as np

from tospike.hw.params.neurons.membrane import MembraneParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.model import NeuronModel, Updated


class MembraneModel(NeuronModel):
    """Applies the lower bound, ``v <- max(v, lower_bound)``, at the end of a step."""

    params: MembraneParams

    def fire(self, v: Ints) -> Updated:
        """Apply the lower bound; without a threshold, a readout sees the membrane before that."""
        updated = super().fire(v)
        return updated._replace(base=self.bounded(updated.base))

    def bounded(self, v: Ints) -> Ints:
        """Return ``max(v, lower_bound)``."""
        bound = self.params.lower_bound
        return v if bound is None else np.maximum(v, bound)
