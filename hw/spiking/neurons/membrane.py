"""Neurons whose membrane persists from time step to time step."""

from amaranth.hdl import *

from tospike.hw.spiking.neurons.cell import Neuron
from tospike.hw.spiking.neurons.compare import below


class MembraneNeuron(Neuron):
    """Apply the lower bound to the membrane that persists."""

    def bounded(self, membrane):
        """Return the membrane, not below its lower bound."""
        bound = self._params.lower_bound
        return membrane if bound is None else Mux(below(membrane, bound), C(bound, membrane.shape()), membrane)
