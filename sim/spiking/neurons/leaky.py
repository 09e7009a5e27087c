"""Neurons whose membrane leaks: LIF, and LI without a threshold."""

from tospike.hw.params import LifParams, LiParams
from tospike.hw.params.neurons.leaky import LeakyParams
from tospike.sim.arithmetic import Ints, leak
from tospike.sim.spiking.neurons.firing import FiringModel
from tospike.sim.spiking.neurons.membrane import MembraneModel


class LeakyModel(MembraneModel):
    """``v <- leak(v) + I``."""

    params: LeakyParams

    def leak(self, membrane: Ints) -> Ints:
        """Apply the common decay, or each neuron's own."""
        return leak(membrane, self.params.leak, self.decays.get("membrane"))


class Li(LeakyModel):
    """``v <- leak(v) + I``, without a threshold: for membrane readouts."""

    params: LiParams


class Lif(FiringModel, LeakyModel):
    """``v <- leak(v) + I``; spike and reset when v > threshold."""

    params: LifParams
