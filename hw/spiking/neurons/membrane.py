"""A membrane that lasts from step to step."""

from amaranth.hdl import *

from tospike.hw.spiking.neurons.cell import Neuron
from tospike.hw.spiking.neurons.compare import below


class MembraneNeuron(Neuron):
    """Bounds below what goes into the next step."""

    def lasting(self, membrane):
        """The membrane, not below its lower bound."""
        bound = self._params.lower_bound
        return membrane if bound is None else Mux(below(membrane, bound), C(bound, membrane.shape()), membrane)
