"""Neurons that integrate without a leak: IF, and I without a threshold."""

from tospike.hw.params import IfParams, IParams
from tospike.sim.spiking.neurons.firing import FiringModel
from tospike.sim.spiking.neurons.membrane import MembraneModel


class I(MembraneModel):  # noqa: E742
    """``v <- v + I``, without a threshold: for membrane readouts."""

    params: IParams


class If(FiringModel):
    """``v <- v + I``; spike and reset when v > threshold."""

    params: IfParams
