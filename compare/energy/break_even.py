"""Break-even number of spikes per activation: a formula that covers the published results, and those results.

n is the number of spikes per non-zero ANN activation, summed over all time steps. Per synapse, an ANN pays once for an
activation, an SNN pays n times; their energies are equal at ::

    n* = (E_w / R_w + E_a / R_a + E_mul + E_add) / (E_w / R_w' + E_spk + E_add + E_state / R_s)

with R the number of uses of a datum per memory access. Reuse and the placement of the state (R_s infinite: in a
register) move n* over the whole range of the published results.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tospike.compare.energy.activity import LayerActivity
from tospike.hw.params import require

Unit = Literal["spikes per activation", "spikes per synapse", "spike rate"]


@dataclass(frozen=True, kw_only=True)
class SynapsePrices:
    """pJ of the operations at one synapse."""

    weight: float
    activation: float
    multiply: float
    add: float
    spike: float
    """Read of the spike."""
    state: float
    """Read and write of the membrane."""


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Uses of a datum per access to its memory; infinite: in a register, or free."""

    ann_weight: float = 1.0
    ann_activation: float = 1.0
    snn_weight: float = 1.0
    state: float = math.inf

    def __post_init__(self) -> None:
        for name in ("ann_weight", "ann_activation", "snn_weight", "state"):
            value = getattr(self, name)
            require(value >= 1, f"reuse of {name.replace('_', ' ')} must be 1 or more, not {value}")


def break_even(prices: SynapsePrices, reuse: Reuse) -> float:
    """Return n*: spikes per activation below which the SNN needs less energy."""
    ann = prices.weight / reuse.ann_weight + prices.activation / reuse.ann_activation + prices.multiply + prices.add
    return ann / snn_synapse(prices, reuse)


def snn_synapse(prices: SynapsePrices, reuse: Reuse) -> float:
    """Return the energy in pJ of one spike at one synapse: the denominator of n*."""
    return prices.weight / reuse.snn_weight + prices.spike + prices.add + prices.state / reuse.state


LARGE_SRAM = SynapsePrices(weight=12.5, activation=12.5, multiply=0.2, add=0.1, spike=12.5 / 8, state=25.0)
"""8-bit data in a memory of 1 MiB, 100 pJ per 64 bit: Horowitz, ISSCC 2014; with no reuse that is `ottati-thesis`."""
SMALL_SRAM = SynapsePrices(weight=2.5, activation=2.5, multiply=0.2, add=0.03, spike=2.5 / 8, state=5.0)
"""8-bit data in a memory of 32 KiB, 20 pJ per 64 bit, 8-bit sums: with no reuse that is `ottati2023`."""


@dataclass(frozen=True, kw_only=True)
class PublishedBreakEven:
    """A published result, in its original unit."""

    name: str
    unit: Unit
    low: float
    high: float
    source: str
    steps: int = 1
    """Time steps of a spike rate."""

    def spikes_per_activation(self, *, density: float) -> tuple[float, float]:
        """Return the result as n, for an ANN with ``density`` non-zero activations per synapse.

        Spikes per synapse are spikes per activation, including zeros; a spike rate is spikes per synapse and step.
        """
        require(density > 0, f"the density of activations must be above 0, not {density}")
        factor = {"spikes per activation": 1.0, "spikes per synapse": 1 / density, "spike rate": self.steps / density}
        return self.low * factor[self.unit], self.high * factor[self.unit]


PUBLISHED: tuple[PublishedBreakEven, ...] = (
    PublishedBreakEven(
        name="Davidson and Furber 2021",
        unit="spikes per synapse",
        low=1.72,
        high=1.72,
        source="Front. Neurosci. 15:651141: spikes per transmitted output value; 22FDX, no reuse",
    ),
    PublishedBreakEven(
        name="Dampfhoffer et al. 2023",
        unit="spikes per synapse",
        low=0.15,
        high=1.38,
        source="IEEE TETCI 7(3) p. 731: spikes per synapse and inference; IF neurons, by the ANN's implementation",
    ),
    PublishedBreakEven(
        name="Yan et al. 2024, v2",
        unit="spike rate",
        low=0.064,
        high=0.064,
        steps=5,
        source="arXiv 2409.08290v2: T from 5 to 10, here at 5; against a QNN of ceil(log2(T + 1)) bits",
    ),
    PublishedBreakEven(
        name="Yan et al. 2024, v4",
        unit="spike rate",
        low=0.057,
        high=0.057,
        steps=5,
        source="arXiv 2409.08290v4: T = 5; against a QNN of 3 bits",
    ),
    PublishedBreakEven(
        name="Ottati et al. 2023",
        unit="spikes per activation",
        low=break_even(LARGE_SRAM, Reuse()),
        high=break_even(SMALL_SRAM, Reuse()),
        source="10.1109/JETCAS.2023.3330432: from the constants of the authors' scripts, no reuse, state not charged",
    ),
)


# ------------------------------------------------------------------------------------------- where a network lies


@dataclass(frozen=True, kw_only=True)
class SpikeActivity:
    """The activity in every unit of the literature, over the layers with spikes as input."""

    spikes_per_synapse: float
    """Synaptic operations over synapses, per inference."""
    spikes_per_neuron: float
    """Spikes over the neurons that send them, per inference."""
    spike_rate: float
    """Spikes per neuron and time step."""
    spikes_per_activation: float | None
    """n: synaptic operations over the ANN's multiply-accumulates with a non-zero activation, in layers with spikes as
    input; ``None`` if the ANN has no such layer, and for a delta ANN of several frames, whose events are changes."""
    density: float | None
    """Non-zero activations of the ANN per synapse of those layers: a fraction, unless it takes several time bins."""


def spike_activity(ann: Sequence[LayerActivity], snn: Sequence[LayerActivity]) -> SpikeActivity | None:
    """Convert the activity of an SNN, relative to an ANN for the same task; ``None`` if no layer has spikes as input.

    Compares the layers of both networks from the SNN's first one with spikes as input on, each weighted with its
    fan-out: all layers if the input is spikes or encoded as spikes, those after the first if that one multiplies. For
    networks of different size, both are taken per synapse. An ANN that takes several time bins of each of the SNN's
    inputs has that many activations at one synapse.
    """
    driven = [layer for layer in snn if layer.binary]
    if not driven:
        return None
    synaptic = sum(_mean(layer.synaptic_events) for layer in driven)
    spikes = sum(_mean(layer.events) for layer in driven)
    senders = sum(layer.inputs for layer in driven)
    per_synapse = synaptic / sum(layer.synapses for layer in driven)
    n = density = None
    first = snn.index(driven[0])
    if ann[first:] and all(layer.steps == 1 for layer in ann):
        bins, rest = divmod(ann[0].inputs, snn[0].inputs)
        density = _per_synapse(ann[first:], bins=1 if first or rest else bins)
        n = per_synapse / density if density else None
    return SpikeActivity(
        spikes_per_synapse=per_synapse,
        spikes_per_neuron=spikes / senders,
        spike_rate=spikes / sum(layer.inputs * layer.steps for layer in driven),
        spikes_per_activation=n,
        density=density,
    )


def _per_synapse(layers: Sequence[LayerActivity], *, bins: int) -> float:
    """Return the non-zero activations per synapse; the first layer's synapses get one in each of ``bins``."""
    synapses = layers[0].synapses / bins + sum(layer.synapses for layer in layers[1:])
    return sum(_mean(layer.synaptic_events) for layer in layers) / synapses


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))
