"""The class that a spiking network would give if it stopped after 1, 2, ... steps."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import NeuronParams, Readout, require
from tospike.sim.accelerator import spike_trains
from tospike.sim.arithmetic import Ints, partial_sum_range
from tospike.sim.design import Design
from tospike.sim.encoders.delay import delayed
from tospike.sim.encoders.encoding import encode_float
from tospike.sim.network import Array, Network
from tospike.sim.network.steps import float_steps, neuron_states
from tospike.sim.spiking.drive import DenseDrive
from tospike.sim.spiking.neurons import NeuronModel, neuron_model

BATCH = 128
"""Samples computed at a time: bounds memory."""


def float_predictions(network: Network, x: ArrayLike) -> NDArray[np.int64]:
    """Return the (N, steps) classes of the float network after each step.

    Raises
    ------
    InputError
        The network is an ANN, or the samples do not fit it.
    """
    values = np.asarray(x)
    batches = [_float_batch(network, values[start : start + BATCH]) for start in range(0, len(values), BATCH)]
    return np.concatenate(batches)


def _float_batch(network: Network, x: Array) -> NDArray[np.int64]:
    values = encode_float(network.input, x)
    states = neuron_states(network, len(x))
    count = np.zeros((len(x), network.outputs))
    predictions = np.zeros(values.shape[:2], dtype=np.int64)
    for step in float_steps(network, values, states):
        count += states[-1].sent
        readout = states[-1].read if network.readout is Readout.MEMBRANE else count
        predictions[:, step] = np.argmax(readout, axis=1)
    return predictions


def golden_predictions(design: Design, x: Array) -> NDArray[np.int64]:
    """Return the (N, steps) classes of hardware generated for 1, 2, ... steps.

    Raises
    ------
    InputError
        The network is a single layer with membrane readout, or membranes of the last layer might saturate within a
        step; or as :func:`tospike.sim.accelerator.spike_trains`.
    """
    trains = spike_trains(design, x)
    if design.network.readout is not Readout.MEMBRANE:
        return np.argmax(np.cumsum(trains[-1], axis=1, dtype=np.int64), axis=2)
    require(len(trains) > 1, "accuracy over time of a single layer with membrane readout is not modelled")
    stage = design.network.stages[-1]
    assert isinstance(stage.neuron, NeuronParams)  # every neuron of an integer SNN is
    weight = stage.dense.weight.astype(np.int64) << stage.neuron.state_fraction_bits
    neurons = neuron_model(stage.neuron, stage.dense.bias.astype(np.int64), len(x), stage.decays)
    inputs = trains[-2] if stage.delays is None else delayed(trains[-2], stage.delays)
    drive = DenseDrive(weight, inputs)
    return np.stack([_membrane_class(neurons, *drive.at(step)) for step in range(inputs.shape[1])], axis=1)


def _membrane_class(neurons: NeuronModel, current: Ints, magnitude: Ints) -> NDArray[np.int64]:
    """Return the (N,) classes after a step; the arguments are as :class:`DenseDrive` gives them."""
    lowest, highest = partial_sum_range(neurons.start, current, magnitude)
    state = neurons.params.accumulated
    require(
        state.min <= int(lowest.min()) and int(highest.max()) <= state.max,
        "accuracy over time is not modelled where membranes of the last layer saturate: give more state-bits",
    )
    neurons.update(neurons.start + current)
    return np.argmax(neurons.after, axis=1)
