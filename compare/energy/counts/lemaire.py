"""The model of Lemaire et al.: exact counts of memory accesses, operations and addressing, from spikes per inference.

E. Lemaire, L. Cordone, A. Castagnetti, P.-E. Novac, J. Courtois and B. Miramond, An analytical estimation of spiking
neural networks energy efficiency, ICONIP 2022, https://arxiv.org/abs/2210.13107. Numbers in brackets are equations.
Prices are Horowitz's for 32-bit integers; the price of an access is interpolated linearly between his SRAM figures.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from tospike.compare.energy.activity import LayerActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.counts.model import EnergyModel, Terms, per_layer

ADD = 0.1
MULTIPLY = 3.1
SRAM_KIB = ((0.0, 0.0), (8.0, 10.0), (32.0, 20.0), (1024.0, 100.0))
"""(KiB, pJ per 64 bit)."""

_SOURCE = "E. Lemaire et al., ICONIP 2022, after Horowitz, ISSCC 2014"


def access(bits: int, words: float) -> float:
    """Return the energy in pJ of an access to a word of ``bits`` bits in a memory of ``words`` words."""
    kib = bits * words / 8192
    segments = list(pairwise(SRAM_KIB))
    (x0, y0), (x1, y1) = next((pair for pair in segments if kib <= pair[1][0]), segments[-1])
    return (y0 + (y1 - y0) * (kib - x0) / (x1 - x0)) * bits / 64


@dataclass(frozen=True, kw_only=True)
class ConvCounts:
    """Operations of a spiking convolution, per inference."""

    weight_reads: float
    potential_reads: float
    potential_writes: float
    additions: float
    leak_multiplications: float
    address_multiplications: float
    address_additions: float


def snn_conv_counts(
    *,
    spikes_in: float,
    spikes_out: float,
    channels: int,
    height: int,
    width: int,
    kernel: int,
    stride: int,
    steps: int,
    leaks: bool,
) -> ConvCounts:
    """Count the operations of a spiking convolution [7, 9, 10, 14 to 16].

    Parameters
    ----------
    spikes_in, spikes_out
        Spikes received and sent, summed over all time steps.
    channels, height, width
        Shape of the output.
    """
    updated = steps * channels * height * width
    targets = channels * kernel**2
    return ConvCounts(
        weight_reads=spikes_in * targets,
        potential_reads=spikes_in * targets + updated,
        potential_writes=spikes_in * targets + updated,
        additions=spikes_in * ceil(kernel / stride) ** 2 * channels + updated + spikes_out,
        leak_multiplications=updated if leaks else 0,
        address_multiplications=2 * spikes_in,
        address_additions=spikes_in * kernel**2,
    )


def layer_terms(layer: LayerActivity) -> Terms:
    """Return the energy in pJ of a dense layer.

    ANN: every input read once [4], every weight [6.2], every output written [12], every product [2], an addition per
    address. SNN: weights per spike [8], membranes per spike and per step [9, 10], additions per spike, per step and
    per spike sent. A layer after direct encoding is an ANN layer in every step, with membranes.
    """
    once = layer.events * 0 + 1
    inputs, outputs, steps = layer.inputs, layer.outputs, layer.steps
    weight = access(layer.weight_bits, layer.weights)
    state = access(layer.state_bits, outputs)
    bias = once * (outputs * access(layer.state_bits, outputs) if layer.bias else 0.0)
    if not layer.spiking:
        return {
            "activation_read": once * inputs * access(layer.act_bits, inputs),
            "weight_read": once * layer.synapses * weight,
            "bias_read": bias,
            "activation_write": once * outputs * access(layer.act_bits, outputs),
            "mac": once * layer.synapses * (MULTIPLY + ADD),
            "bias_add": once * (outputs * ADD if layer.bias else 0.0),
            "address": once * layer.synapses * ADD,
        }
    synaptic = layer.synaptic_events if layer.binary else once * steps * layer.synapses
    price = ADD if layer.binary else MULTIPLY + ADD
    updated = once * steps * outputs
    potentials = (synaptic + updated if layer.binary else updated) * state
    return {
        "activation_read": (layer.events if layer.binary else once * steps * inputs) * access(layer.act_bits, inputs),
        "weight_read": synaptic * weight,
        "bias_read": bias,
        "state_read": potentials,
        "state_write": potentials,
        "activation_write": layer.sent * access(layer.act_bits, outputs),
        "sop" if layer.binary else "mac": synaptic * price,
        "bias_add": updated * ADD,
        "spike": layer.sent * ADD,
        "neuron_update": updated * (MULTIPLY if layer.leaks else 0.0),
        "address": synaptic * ADD,
    }


LEMAIRE_2022 = EnergyModel(
    name="lemaire2022",
    source=_SOURCE,
    constants={
        "32-bit addition": Constant(value=ADD, unit="pJ", source=_SOURCE),
        "32-bit multiplication": Constant(value=MULTIPLY, unit="pJ", source=_SOURCE),
        **{f"SRAM {k:g} KiB": Constant(value=p, unit="pJ per 64 bit", source=_SOURCE) for k, p in SRAM_KIB[1:]},
    },
    charge=per_layer(layer_terms),
)
