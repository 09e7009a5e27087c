"""The model of Davidson and Furber: energies in units E of a 32-bit addition.

S. Davidson and S. B. Furber, Comparison of artificial and spiking neural networks on digital hardware, Frontiers in
Neuroscience 15:651141, 2021, https://doi.org/10.3389/fnins.2021.651141: 22FDX, E about 60 fJ; a 32 x 8 MAC 5 E, a
32-bit read of a local SRAM 5 E.

Per connection, an ANN reads a weight and multiplies, an SNN reads a weight and adds for each spike, both without
reuse. With these rounded constants the break-even is (5 + 5) / (5 + 1) = 1.67 spikes per value; the paper says 1.72.
"""

from tospike.compare.energy.activity import LayerActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.counts.model import EnergyModel, Terms, per_layer

E_PJ = 0.06
MAC = 5 * E_PJ
READ = 5 * E_PJ
"""pJ of a 32-bit read."""

_SOURCE = "S. Davidson and S. B. Furber, Front. Neurosci. 15:651141, 2021: 22FDX"


def layer_terms(layer: LayerActivity) -> Terms:
    """Return the energy in pJ of a dense layer: every connection of an ANN, every connection per spike of an SNN.

    Neurons: an ANN reads each input and writes each output once; an SNN reads, leaks, compares and writes each
    membrane in each step.
    """
    once = layer.events * 0 + 1
    if not layer.spiking:
        return {
            "mac": once * layer.synapses * MAC,
            "weight_read": once * layer.synapses * READ,
            "activation_read": once * layer.inputs * READ,
            "activation_write": once * layer.outputs * READ,
        }
    updated = once * layer.outputs * layer.steps
    synaptic = {"sop": layer.synaptic_events * E_PJ} if layer.binary else {"mac": layer.synaptic_events * MAC}
    return {
        **synaptic,
        "weight_read": layer.synaptic_events * READ,
        "state_read": updated * READ,
        "neuron_update": updated * (2 if layer.leaks else 1) * E_PJ,
        "state_write": updated * READ,
    }


DAVIDSON_FURBER_22FDX = EnergyModel(
    name="davidson-furber-22fdx",
    source=_SOURCE,
    constants={
        "32-bit addition": Constant(value=E_PJ, unit="pJ", source=_SOURCE),
        "32 x 8 multiply-accumulate": Constant(value=MAC, unit="pJ", source=_SOURCE),
        "32-bit SRAM access": Constant(value=READ, unit="pJ", source=_SOURCE),
    },
    charge=per_layer(layer_terms),
)
