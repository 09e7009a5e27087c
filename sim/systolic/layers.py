"""Functional golden model of a quantised ANN: exact results of every layer, independent of engines and timing."""

from collections.abc import Iterator

import numpy as np

from tospike.hw.params import InputError, RequantizeParams, require
from tospike.sim.arithmetic import Ints
from tospike.sim.network import Accumulator, Array, AveragePool2d, MaxPool2d, Network, Requantize, Stage
from tospike.sim.network.layers import currents, sent_order, weighted_sums
from tospike.sim.systolic.golden import requantize

BATCH = 64
"""Samples computed at a time: their im2col patches should fit the cache."""


def run_integers(network: Network, x: Array, params: RequantizeParams | None = None) -> Ints:
    """Compute a quantised ANN.

    Parameters
    ----------
    network
        All its neurons are :class:`Requantize` or :class:`Accumulator`.
    x
        (N, inputs) integers, as :func:`tospike.sim.encoders.encoding.encode` returns them.
    params
        The requantiser; by default one that rounds as the network.

    Returns
    -------
    (N, outputs) int64: the last stage's activations or accumulators.

    Raises
    ------
    InputError
        The network is not quantised, or the samples do not fit it.
    """
    require(len(x) >= 1, "there are no samples to compute")
    batches = (x[start : start + BATCH] for start in range(0, len(x), BATCH))
    return np.concatenate([run_stages(network, batch, params)[-1] for batch in batches])


def run_stages(network: Network, x: Array, params: RequantizeParams | None = None) -> tuple[Ints, ...]:
    """Return the (N, outputs) results of every stage; parameters as for :func:`run_integers`, but in a single batch."""
    return tuple(_sent(network, x.astype(np.int64), params or RequantizeParams(rounding=network.rounding)))


def _sent(network: Network, x: Ints, params: RequantizeParams) -> Iterator[Ints]:
    sent: list[Ints] = []
    for index, stage in enumerate(network.stages):
        inputs = [sent[source] if source >= 0 else x for source in network.sources(index)]
        sent.append(_run_stage(stage, inputs, params))
        yield sent[-1]


def _run_stage(stage: Stage, inputs: list[Ints], params: RequantizeParams) -> Ints:
    synapses = stage.synapses
    if isinstance(stage.neuron, Accumulator) and not isinstance(synapses, AveragePool2d):
        return currents(synapses, *inputs, fraction_bits=stage.neuron.fraction_bits)
    if isinstance(stage.neuron, Requantize) and not isinstance(synapses, AveragePool2d | MaxPool2d):
        return sent_order(requantize(params, weighted_sums(synapses, *inputs), synapses.bias, stage.neuron))
    raise InputError(
        f"stage {stage.name!r} ({type(synapses).__name__}, {type(stage.neuron).__name__}) is not a stage of a "
        "quantised ANN: quantise the network first"
    )
