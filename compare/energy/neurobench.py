"""A design's activity by the names of NeuroBench, so that its tables can be compared with others'.

J. Yik et al., The NeuroBench framework for benchmarking neuromorphic computing algorithms and systems, Nature
Communications 16:1545, 2025. Its harness measures float models in PyTorch; these are the same figures of the quantised
network, as the golden model counts them. One rule differs, and is stated in the result: NeuroBench leaves connections
whose weight is 0 out of the effective operations, the hardware does not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tospike.compare.energy.activity import EngineActivity, LayerActivity
from tospike.sim.network import Conv2d, Dense, Network


@dataclass(frozen=True, kw_only=True)
class SynapticOperations:
    """Synaptic operations per inference, over all time steps."""

    effective_macs: float
    """With an input other than 0, in layers whose inputs have more than a bit."""
    effective_acs: float
    """With a spike, in layers whose inputs are spikes."""
    dense: float
    """With every input, zeros included."""


@dataclass(frozen=True, kw_only=True)
class NeuroBench:
    """The complexity metrics of NeuroBench."""

    footprint: float
    """Bytes of weights, biases, multipliers and states in memory."""
    connection_sparsity: float
    """Weights that are 0 after quantisation, as a fraction."""
    activation_sparsity: float | None
    """Outputs of hidden neurons that are 0, over all time steps, as a fraction; ``None``: no hidden layers."""
    synaptic_operations: SynapticOperations
    membrane_updates: float
    """Per inference; 0 for an ANN."""
    zero_weights_counted: bool = True
    """Whether effective operations include connections whose weight is 0."""


def neurobench(network: Network, engines: Sequence[EngineActivity]) -> NeuroBench:
    """Return the metrics of a quantised network.

    Parameters
    ----------
    network
        The quantised network.
    engines
        The activity of its design.
    """
    layers = [layer for engine in engines for layer in engine.layers]
    bits = sum(each.weight_bits + each.bias_bits + each.state_bits for each in (e.memories for e in engines))
    synapses = [stage.synapses for stage in network.stages]
    weights = [each.weight for each in synapses if isinstance(each, Dense | Conv2d)]
    weights += [stage.recurrent for stage in network.stages if stage.recurrent is not None]
    return NeuroBench(
        footprint=bits / 8,
        connection_sparsity=1 - sum(map(np.count_nonzero, weights)) / sum(each.size for each in weights),
        activation_sparsity=_activation_sparsity(layers[:-1]),
        synaptic_operations=SynapticOperations(
            effective_macs=_reached(layer for layer in layers if not layer.binary),
            effective_acs=_reached(layer for layer in layers if layer.binary),
            dense=float(sum(layer.steps * layer.synapses for layer in layers)),
        ),
        membrane_updates=sum(float(np.mean(e.counts().get("neuron_update", np.zeros(1)))) for e in engines),
    )


def _activation_sparsity(hidden: Sequence[LayerActivity]) -> float | None:
    if not hidden:
        return None
    return 1 - sum(float(np.mean(each.sent)) for each in hidden) / sum(each.steps * each.outputs for each in hidden)


def _reached(layers: Iterable[LayerActivity]) -> float:
    return float(sum(float(np.mean(layer.synaptic_events)) for layer in layers))
