"""A model after Dampfhoffer et al.: an event-driven SNN against an upper bound for ANNs.

M. Dampfhoffer, T. Mesquida, A. Valentian and L. Anghel, Are SNNs really more energy-efficient than ANNs? An in-depth
hardware-aware study, IEEE Trans. Emerging Topics in Computational Intelligence 7(3), 2023, p. 731. The question is
theirs, and so is the upper bound for the ANN: largest possible reuse and sparsity, every weight and activation moved
once, sums in registers, zeros skipped. Their constants are not in the openly accessible parts of the paper: prices are
Horowitz's, and this function does not reproduce the published break-even (0.15 to 1.38 spikes per synapse per
inference).
"""

import numpy as np

from tospike.compare.energy.activity import LayerActivity
from tospike.compare.energy.counts.model import EnergyModel, Terms, per_layer
from tospike.compare.energy.technology import load_technology

_HOROWITZ = load_technology("horowitz45")
_SOURCE = "structure after M. Dampfhoffer et al., IEEE TETCI 7(3), 2023; prices: Horowitz, ISSCC 2014"


def layer_terms(layer: LayerActivity) -> Terms:
    """Return the energy in pJ of a dense layer.

    ANN: a weight is read once, and only if its activation is not zero. SNN: per spike and synapse, a weight is read and
    a membrane read and written; a leak (LIF) updates all membranes in each step.
    """
    once = layer.events * 0 + 1
    weight = _HOROWITZ.access(layer.weight_bits, layer.weight_bits * layer.weights)
    state = _HOROWITZ.access(layer.state_bits, layer.state_bits * layer.outputs)
    add = _HOROWITZ.addition(layer.state_bits)
    multiply = _HOROWITZ.multiplication(layer.act_bits, layer.weight_bits)
    value = _HOROWITZ.access(layer.act_bits, layer.act_bits * layer.inputs)
    if not layer.spiking:
        return {
            "mac": layer.synaptic_events * (multiply + add),
            "weight_read": np.minimum(layer.synaptic_events, layer.weights) * weight,
            "activation_read": layer.events * value,
            "activation_write": once * layer.outputs * _HOROWITZ.access(layer.act_bits, layer.act_bits * layer.outputs),
        }
    synaptic = layer.synaptic_events
    updated = once * layer.steps * layer.outputs if layer.leaks else once * 0
    leak = _HOROWITZ.multiplication(layer.state_bits, layer.weight_bits)
    return {
        "sop" if layer.binary else "mac": synaptic * (add if layer.binary else multiply + add),
        "weight_read": synaptic * weight,
        "activation_read": layer.events * value,
        "state_read": (synaptic + updated) * state,
        "state_write": (synaptic + updated) * state,
        "neuron_update": once * layer.steps * layer.outputs * add + updated * leak,
        "activation_write": layer.sent * _HOROWITZ.access(1, layer.outputs),
    }


DAMPFHOFFER_2023 = EnergyModel(
    name="dampfhoffer2023",
    source=_SOURCE,
    constants={
        n: c
        for n, c in _HOROWITZ.describe().items()
        if n.split()[0] in ("add", "multiply", "sram") and c.unit.startswith("pJ")
    },
    charge=per_layer(layer_terms),
)
