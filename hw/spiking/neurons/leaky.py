"""Leaky integrating neurons: LIF, and LI without a threshold."""

from tospike.hw.spiking.neurons.membrane import MembraneNeuron
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron


class LeakyNeuron(MembraneNeuron):
    """``v <- leak(v) + I``."""

    def leak(self):
        """Return the leak, by shift or by multiplier."""
        return self._params.leak


class Li(LeakyNeuron):
    """No threshold, so a membrane readout."""


class Lif(ThresholdNeuron, LeakyNeuron):
    """Spike and reset when v > threshold."""
