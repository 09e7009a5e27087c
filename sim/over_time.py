"""What a spiking network would answer if it stopped after 1, 2, ... steps."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import EventParams, InputError, Readout, require
from tospike.sim.accelerator import spike_trains
from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.delay import DelayLine, delayed
from tospike.sim.design import Design
from tospike.sim.encoding import encode_float
from tospike.sim.layers import currents
from tospike.sim.membrane import Law
from tospike.sim.network import Array, Membrane, Network
from tospike.sim.neuron import Neurons

BATCH = 128
"""Samples computed at a time: bounds memory."""


def float_predictions(network: Network, x: ArrayLike) -> NDArray[np.int64]:
    """(N, steps) classes by the float network after each step.

    All layers go through a step before the next one begins, so that no spike trains are kept.

    Raises
    ------
    InputError
        An ANN, or samples that do not fit.
    """
    require(network.is_spiking, f"network {network.name!r} is an ANN: it has no time steps")
    values = np.asarray(x)
    batches = [_float_batch(network, values[start : start + BATCH]) for start in range(0, len(values), BATCH)]
    return np.concatenate(batches)


def _float_batch(network: Network, x: Array) -> NDArray[np.int64]:
    values = encode_float(network.input, x)
    laws = []
    for stage in network.stages:
        if not isinstance(stage.neuron, Membrane):
            raise InputError(f"stage {stage.name!r} is quantised: run the golden model, not the float reference")
        laws.append(Law(stage.neuron, (len(x), stage.synapses.outputs)))
    pasts = [None if stage.delays is None else DelayLine(stage.delays, len(x)) for stage in network.stages]
    constant = values.strides[1] == 0 and pasts[0] is None
    first = currents(network.stages[0].synapses, values[:, 0])
    count = np.zeros((len(x), network.outputs))
    predictions = np.zeros(values.shape[:2], dtype=np.int64)
    for step in range(values.shape[1]):
        sent = values[:, step]
        for index, (stage, law, past) in enumerate(zip(network.stages, laws, pasts, strict=True)):
            sent = sent if past is None else past.step(sent)
            current = first if constant and index == 0 else currents(stage.synapses, sent)
            if stage.recurrent is not None:
                current = current + law.sent @ stage.recurrent.T
            sent = law.step(current)
        count += sent
        predictions[:, step] = np.argmax(laws[-1].v if network.readout is Readout.MEMBRANE else count, axis=1)
    return predictions


def golden_predictions(design: Design, x: Array) -> NDArray[np.int64]:
    """(N, steps) classes by the hardware, if it had been generated for so many steps.

    Raises
    ------
    InputError
        As :func:`tospike.sim.accelerator.run`; a last layer whose membranes could saturate within a step.
    """
    last = design.params.engines[-1]
    trains = spike_trains(design, x)
    if not isinstance(last, EventParams) or last.readout is not Readout.MEMBRANE:
        return np.argmax(np.cumsum(trains[-1], axis=1, dtype=np.int64), axis=2)
    require(len(trains) > 1, "accuracy over time of a single layer with membrane readout is not modelled")
    stage = design.network.stages[-1]
    weight = stage.dense.weight.astype(np.int64).T << last.neuron.weight_shift
    neurons = Neurons(last.neuron, stage.dense.bias.astype(np.int64), len(x), stage.decays)
    arriving = trains[-2] if stage.delays is None else delayed(trains[-2], stage.delays)
    return np.stack([_membrane_class(neurons, train, weight) for train in arriving.swapaxes(0, 1)], axis=1)


def _membrane_class(neurons: Neurons, spikes: NDArray[np.uint8], weight: Ints) -> NDArray[np.int64]:
    neurons.sweep(neurons.start + exact_matmul(spikes.astype(np.int64), weight))
    return np.argmax(neurons.after, axis=1)
