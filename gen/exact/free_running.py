"""The SNN of an exact pair without its phases: what rate-coded IF neurons make of the same weights in as many steps."""

from dataclasses import replace
from typing import cast

import numpy as np

from tospike.gen.exact.sides import require_exact
from tospike.hw.params import Encoding, IfParams, NeuronKind, NeuronParams
from tospike.sim.network import InputSpec, Network, SpikingNeuron, Stage


def free_running(network: Network) -> Network:
    """Return the free-running counterpart of the SNN of an exact pair.

    Every neuron fires in all T steps, while its input arrives. The values x are sent in each step (direct encoding)
    and so is the bias b, so that over all steps a layer gets T times what it gets in its phases:

        v[t] = v[t-1] + W x + b              threshold T theta      first layer
        v[t] = v[t-1] + T W s[t] + b         threshold T theta      hidden layers, s: spikes of the layer before
        v[t] = v[t-1] + T W s[t] + b                                last layer, read after T steps: T times the sums

    A layer whose input comes all at once sends the same number of spikes as in its phase. Behind others, a neuron may
    fire before the negative weights have arrived, or too late to send all of its spikes: this is the error of rate
    coding, with nothing lost to rounding.

    Parameters
    ----------
    network
        A quantised network.

    Returns
    -------
    Network
        A float network of integers for `tospike.sim.network.reference.run_float`, which takes the integers that
        ``network`` takes.

    Raises
    ------
    InputError
        The network is not the SNN of an exact pair.
    """
    require_exact(network)
    first = network.stages[0].firing
    steps = max(1, first.steps if first is not None else 1)  # a single layer does not fire
    stages = tuple(_stage(stage, steps, steps if number else 1) for number, stage in enumerate(network.stages))
    spec = InputSpec(inputs=network.input.inputs, steps=steps, encoding=Encoding.DIRECT)
    return replace(network, input=spec, stages=stages)


def _stage(stage: Stage, steps: int, factor: int) -> Stage:
    synapses = stage.weighted
    weight, bias = factor * synapses.weight.astype(np.float64), synapses.bias.astype(np.float64)
    neuron = _neuron(cast(NeuronParams, stage.neuron), steps)
    return replace(stage, synapses=replace(synapses, weight=weight, bias=bias), neuron=neuron)


def _neuron(neuron: NeuronParams, steps: int) -> SpikingNeuron:
    if not neuron.spikes:
        return SpikingNeuron(kind=NeuronKind.I)
    given = cast(IfParams, neuron)
    return SpikingNeuron(
        kind=NeuronKind.IF,
        threshold=float(steps * given.threshold),
        initial=given.initial / given.threshold,
        comparison=given.comparison,
        reset=given.reset,
    )
