"""A model after Yan et al.: an SNN of T steps against the quantised network (QNN) with as many bits.

Z. Yan, Z. Bai, K. Tang and W.-F. Wong, Reconsidering the energy efficiency of spiking neural networks inference from
analytical perspectives, https://arxiv.org/abs/2409.08290. The bit-matched QNN is theirs, with activations of
ceil(log2(T + 1)) bits (`matching_bits`), and so are the terms that are charged (arithmetic, weights, dense or sparse
activations) and the break-even (see `tospike.compare.energy.break_even`). Their constants and their network on chip are
not published in a usable form: prices are Horowitz's, as in every model here, membranes stay in the processing
elements, and this function does not reproduce the published break-even.
"""

from tospike.compare.energy.activity import LayerActivity
from tospike.compare.energy.counts.model import EnergyModel, Terms, per_layer
from tospike.compare.energy.technology import load_technology

_HOROWITZ = load_technology("horowitz45")
_SOURCE = "structure after Z. Yan et al., arXiv 2409.08290; prices: Horowitz, ISSCC 2014"


def matching_bits(steps: int) -> int:
    """Return the bits of the spike count of a neuron over ``steps`` steps: ceil(log2(T + 1))."""
    return steps.bit_length()


def layer_terms(layer: LayerActivity) -> Terms:
    """Return the energy in pJ of a dense layer: both sides skip zeros; activations are dense, a bit per neuron and
    step."""
    once = layer.events * 0 + 1
    weights = layer.weight_bits * layer.weights
    add = _HOROWITZ.addition(layer.state_bits)
    multiply = _HOROWITZ.multiplication(layer.act_bits, layer.weight_bits)
    bits_in = layer.act_bits * (1 if not layer.binary else layer.steps)
    bits_out = layer.steps if layer.spiking else layer.act_bits
    terms = {
        "sop" if layer.binary else "mac": layer.synaptic_events * (add + (0.0 if layer.binary else multiply)),
        "weight_read": layer.synaptic_events * _HOROWITZ.access(layer.weight_bits, weights),
        "activation_read": once * layer.inputs * _HOROWITZ.access(bits_in, bits_in * layer.inputs),
        "activation_write": once * layer.outputs * _HOROWITZ.access(bits_out, bits_out * layer.outputs),
    }
    if layer.spiking:
        leak = _HOROWITZ.multiplication(layer.state_bits, layer.weight_bits) if layer.leaks else 0.0
        terms["neuron_update"] = once * layer.steps * layer.outputs * (add + leak)
    return terms


YAN_2024 = EnergyModel(
    name="yan2024",
    source=_SOURCE,
    constants={
        n: c
        for n, c in _HOROWITZ.describe().items()
        if n.split()[0] in ("add", "multiply", "sram") and c.unit.startswith("pJ")
    },
    charge=per_layer(layer_terms),
)
