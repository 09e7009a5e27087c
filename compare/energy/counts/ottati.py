"""The models of Ottati et al.: one time step, no reuse of data, zeros skipped on both sides.

F. Ottati et al., To spike or not to spike: a digital hardware perspective on deep learning acceleration, IEEE JETCAS
2023, https://doi.org/10.1109/JETCAS.2023.3330432; the formulas and constants are those of the authors' scripts,
https://github.com/fabrizio-ottati/to-spike-or-not.
"""

from dataclasses import dataclass

from tospike.compare.energy.activity import Counts, LayerActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.counts.model import EnergyModel, Terms, per_layer

_SCRIPTS = "github.com/fabrizio-ottati/to-spike-or-not, after Horowitz, ISSCC 2014"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """pJ of the operations in both scripts."""

    add: float
    multiply: float
    memory: float
    """A byte: a weight, an activation, a membrane."""
    neuron_multiply: float
    """Leak of a membrane or requantisation."""
    parameter: float = 0.0
    """A 32-bit parameter of an output channel; 0: not charged."""

    @property
    def spike(self) -> float:
        """pJ of a bit."""
        return self.memory / 8


PRICES_2023 = Prices(add=0.03, multiply=0.2, memory=2.5, neuron_multiply=0.2)
"""8-bit arithmetic; 2.5 pJ per byte: 20 pJ per 64 bits of a 32 KiB SRAM. ``sparsity-analysis-cnn.py``, ``-rnn.py``."""
PRICES_THESIS = Prices(add=0.1, multiply=0.2, memory=12.5, neuron_multiply=3.0, parameter=50.0)
"""32-bit sums; 100 pJ per 64 bits of a 1 MiB SRAM. ``main.py``."""


def ann_2023(macs: Counts, outputs: Counts) -> Terms:
    """Return the energy by ``sparsity-analysis-cnn.py``, ANN: two reads and a MAC per weight of a non-zero input; a
    write per output.

    Parameters
    ----------
    macs
        Multiply-accumulates whose activation is not zero.
    outputs
        Outputs computed.
    """
    p = PRICES_2023
    return {
        "mac": macs * (p.multiply + p.add),
        "weight_read": macs * p.memory,
        "activation_read": macs * p.memory,
        "activation_write": outputs * p.memory,
    }


def snn_2023(synaptic: Counts, updates: Counts, outputs: Counts, spikes: Counts) -> Terms:
    """Return the energy by ``sparsity-analysis-cnn.py``, SNN: per spike and weight, a bit and a weight read and an
    addition.

    Parameters
    ----------
    synaptic
        Synaptic operations.
    updates
        Updates of neurons that received a spike: membrane read, leak, addition and membrane written.
    outputs
        Outputs of all time steps, one bit written for each.
    spikes
        Spikes sent, each with a subtraction of the threshold.
    """
    p = PRICES_2023
    return {
        "sop": synaptic * p.add,
        "weight_read": synaptic * p.memory,
        "activation_read": synaptic * p.spike,
        "state_read": updates * p.memory,
        "neuron_update": updates * (p.neuron_multiply + p.add),
        "state_write": updates * p.memory,
        "spike": spikes * p.add,
        "activation_write": outputs * p.spike,
    }


def ann_recurrent_2023(macs: Counts, neurons: Counts) -> Terms:
    """Return the energy by ``sparsity-analysis-rnn.py``, ANN: `ann_2023`, and per neuron a recurrent product and four
    accesses."""
    p = PRICES_2023
    return {
        "mac": (macs + neurons) * (p.multiply + p.add),
        "weight_read": macs * p.memory,
        "activation_read": macs * p.memory,
        "state_write": 4 * neurons * p.memory,
    }


def snn_recurrent_2023(synaptic: Counts, updates: Counts, spikes: Counts) -> Terms:
    """Return the energy by ``sparsity-analysis-rnn.py``, SNN: as `snn_2023`, but a bit is written only for a spike."""
    return snn_2023(synaptic, updates, spikes, spikes)


def ann_thesis(macs: Counts, outputs: Counts, channels: float) -> Terms:
    """Return the energy by ``main.py``, ANN: requantisation, bias and comparison per output; parameters read per
    channel."""
    p = PRICES_THESIS
    return {
        "mac": macs * (p.multiply + p.add),
        "weight_read": macs * p.memory,
        "activation_read": macs * p.memory,
        "requantize": outputs * p.neuron_multiply,
        "bias_add": outputs * p.add,
        "neuron_update": outputs * PRICES_2023.add,
        "bias_read": outputs * 0 + channels * p.parameter,
        "multiplier_read": outputs * 0 + channels * p.parameter,
        "activation_write": outputs * p.memory,
    }


def snn_thesis(synaptic: Counts, updates: Counts, channels: float) -> Terms:
    """Return the energy by ``main.py``, SNN: per neuron and step, leak, bias, comparison, reset, membrane read and
    written, a bit written."""
    p = PRICES_THESIS
    return {
        "sop": synaptic * p.add,
        "weight_read": synaptic * p.memory,
        "activation_read": synaptic * p.spike,
        "neuron_update": updates * (p.neuron_multiply + 2 * p.add),
        "bias_add": updates * p.add,
        "bias_read": updates * 0 + 3 * channels * p.parameter,
        "state_read": updates * p.memory,
        "state_write": updates * p.memory,
        "activation_write": updates * p.spike,
    }


def _layer_2023(layer: LayerActivity) -> Terms:
    outputs = layer.events * 0 + layer.outputs
    if not layer.spiking:
        return ann_2023(layer.synaptic_events, outputs)
    terms = snn_2023(layer.synaptic_events, layer.updates, layer.steps * outputs, layer.sent)
    if not layer.binary:
        # direct encoding: values are multiplied and read as bytes, as in an ANN
        terms |= {
            name: value for name, value in ann_2023(layer.synaptic_events, outputs).items() if "write" not in name
        }
        del terms["sop"]
    return terms


def _layer_thesis(layer: LayerActivity) -> Terms:
    outputs = layer.events * 0 + layer.outputs
    if not layer.spiking:
        return ann_thesis(layer.synaptic_events, outputs, layer.outputs)
    terms = snn_thesis(layer.synaptic_events, layer.steps * outputs, layer.outputs)
    if not layer.binary:
        dense = ann_thesis(layer.synaptic_events, outputs, 0)
        terms |= {name: dense[name] for name in ("mac", "weight_read", "activation_read")}
        del terms["sop"]
    return terms


def _constants(prices: Prices) -> dict[str, Constant]:
    named = {
        "addition": prices.add,
        "multiplication": prices.multiply,
        "byte of memory": prices.memory,
        "leak or requantisation": prices.neuron_multiply,
        "32-bit parameter": prices.parameter,
    }
    return {name: Constant(value=value, unit="pJ", source=_SCRIPTS) for name, value in named.items() if value}


OTTATI_2023 = EnergyModel(
    name="ottati2023",
    source="F. Ottati et al., IEEE JETCAS 2023; scripts sparsity-analysis-*.py of fabrizio-ottati/to-spike-or-not",
    constants=_constants(PRICES_2023),
    charge=per_layer(_layer_2023),
)
OTTATI_THESIS = EnergyModel(
    name="ottati-thesis",
    source="script main.py of fabrizio-ottati/to-spike-or-not",
    constants=_constants(PRICES_THESIS),
    charge=per_layer(_layer_thesis),
)
