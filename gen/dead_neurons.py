"""Dead-neuron elimination: drop neurons and inputs whose outgoing weights are all 0 after quantisation.

A spike of such a neuron or input would add a row of zeros. Dead neurons get no hardware, and unused inputs do not reach
the encoder; the network's results are the same. A layer with noise keeps its neurons: which numbers a neuron draws
depends on how many neurons the layer has. Only dense spiking layers are analysed: what a convolution does not
read at one position, it reads at another.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.sim.network import Dense, Network, SpikingNeuron, Stage

Read = NDArray[np.bool_]
"""(outputs,) of a stage: whether each neuron is read."""


def read_neurons(network: Network) -> tuple[Read, ...]:
    """Return which neurons of each stage are read, by a neuron that they feed or by the host."""
    read = [np.ones(stage.synapses.outputs, dtype=bool) for stage in network.stages]
    if not network.is_spiking or any(stage.sources for stage in network.stages):
        return tuple(read)
    for index in reversed(range(len(network.stages) - 1)):
        stage, downstream = network.stages[index], network.stages[index + 1]
        if not isinstance(stage.synapses, Dense) or not isinstance(downstream.synapses, Dense):
            continue
        if getattr(stage.neuron, "noise", None) is not None:
            continue
        live = (downstream.synapses.weight[read[index + 1]] != 0).any(axis=0)
        if stage.recurrent is not None:
            live |= (stage.recurrent != 0).any(axis=0)
        if live.any():  # a layer has at least one neuron
            read[index] = live
    return tuple(read)


def unused_inputs(network: Network) -> tuple[int, ...]:
    """Return the inputs of a spiking network that its first layer does not read and its encoder can skip.

    An encoder that draws a random number per value cannot skip any: the other values would get different spikes.
    """
    first, encoding = network.stages[0].synapses, network.input.encoding
    if not isinstance(first, Dense) or encoding is None:
        return ()
    if encoding.code.takes_frames or not encoding.code.is_elementwise:
        return ()
    return tuple(np.flatnonzero(~(first.weight != 0).any(axis=0)).tolist())


def keep(network: Network, read: Sequence[Read]) -> Network:
    """Return the network, float or integer, with only the neurons that are read."""
    inputs: list[Read | None] = [None, *read[:-1]]
    stages = [
        stage if own.all() and (given is None or given.all()) else _kept(stage, given, own)
        for stage, given, own in zip(network.stages, inputs, read, strict=True)
    ]
    return replace(network, stages=tuple(stages))


def _kept(stage: Stage, given: Read | None, own: Read) -> Stage:
    synapses = stage.synapses
    assert isinstance(synapses, Dense)
    weight = synapses.weight[own]
    neuron = stage.neuron
    if isinstance(neuron, SpikingNeuron):
        each = {field.name: getattr(neuron, field.name) for field in fields(neuron)}
        neuron = replace(neuron, **{name: value[own] for name, value in each.items() if _is_of_each(value)})
    return replace(
        stage,
        synapses=replace(synapses, weight=weight if given is None else weight[:, given], bias=synapses.bias[own]),
        neuron=neuron,
        recurrent=None if stage.recurrent is None else stage.recurrent[np.ix_(own, own)],
        delays=stage.delays if stage.delays is None or given is None else stage.delays[given],
        decays=None if stage.decays is None else stage.decays[own],
    )


def _is_of_each(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim >= 1
