"""Integrating neurons without leak: IF, and I without a threshold."""

from tospike.hw.spiking.neurons.membrane import MembraneNeuron
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron


class I(MembraneNeuron):  # noqa: E742
    """``v <- v + I``; no threshold, so a membrane readout."""


class If(ThresholdNeuron, MembraneNeuron):
    """``v <- v + I``; spike and reset when v > threshold."""
