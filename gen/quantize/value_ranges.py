"""Measure the ranges of an integer stage's states on given data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.gen.place.windows import convolution
from tospike.hw.params import NeuronParams
from tospike.sim.arithmetic import exact_matmul, partial_sum_range
from tospike.sim.network import Conv2d, Dense
from tospike.sim.spiking.drive import DenseDrive, WindowDrive
from tospike.sim.spiking.neurons import neuron_model
from tospike.sim.spiking.noise import NoiseSource
from tospike.sim.spiking.window import Connections, chain_order, network_order

Ints = NDArray[np.int64]

BATCH_VALUES = 1 << 22
"""Most spikes per batch: bounds memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StateRanges:
    """Ranges of a stage's states if they never saturate, and the resulting spikes."""

    current: tuple[int, int]
    """Lowest and highest value of the state to which events are added, for *any order* of the events."""
    membrane: tuple[int, int]
    """The same for the membranes before their resets."""
    threshold_offset: int
    """The highest offset of an adaptive threshold; 0 if there is none."""
    spikes: NDArray[np.uint8]
    """(N, steps, outputs)."""


def trace(
    neuron_params: NeuronParams,
    synapses: Dense | Conv2d,
    events: NDArray[np.integer],
    recurrent: Ints | None = None,
    decays: Ints | None = None,
) -> StateRanges:
    """Run a stage over ``events`` (N, steps, inputs) with the widest states."""
    size = max(1, BATCH_VALUES // (events.shape[1] * max(synapses.inputs, synapses.outputs)))
    parts = [
        _trace_batch(neuron_params, synapses, events[start : start + size], recurrent, decays)
        for start in range(0, len(events), size)
    ]
    current, membrane = (
        (min(low for low, _ in ranges), max(high for _, high in ranges))
        for ranges in ([part.current for part in parts], [part.membrane for part in parts])
    )
    return StateRanges(
        current=current,
        membrane=membrane,
        threshold_offset=max(part.threshold_offset for part in parts),
        spikes=np.concatenate([part.spikes for part in parts]),
    )


def _trace_batch(
    neuron_params: NeuronParams,
    synapses: Dense | Conv2d,
    events: NDArray[np.integer],
    recurrent: Ints | None,
    decays: Ints | None,
) -> StateRanges:
    weight = synapses.weight.astype(np.int64, casting="same_kind") << neuron_params.state_fraction_bits
    bias = synapses.bias.astype(np.int64, casting="same_kind")
    drive: DenseDrive | WindowDrive
    if isinstance(synapses, Conv2d):
        window = convolution(synapses)
        drive = WindowDrive(Connections(window), weight, events[:, :, chain_order(window.shape)])
        bias = np.tile(bias, window.positions)
        decays = None if decays is None else np.tile(decays, (window.positions, 1))
    else:
        drive = DenseDrive(weight, events)
    feedback = (
        None
        if recurrent is None
        else recurrent.astype(np.int64, casting="same_kind").T << neuron_params.state_fraction_bits
    )
    samples, steps, _ = events.shape
    spikes = np.zeros((samples, steps, synapses.outputs), dtype=np.uint8)
    noise = neuron_params.noise
    # an engine's neurons draw other numbers, by its words and lanes: see `NeuronParams.moved_by_noise`
    source = None if noise is None else NoiseSource(noise, neurons=len(bias), drawn=len(bias))
    neurons = neuron_model(neuron_params, bias, samples, decays, source)
    low = high = v_low = v_high = threshold_offset = 0
    for step in range(steps):
        current, magnitude = drive.at(step)
        if feedback is not None and step > 0:
            previous = spikes[:, step - 1].astype(np.int64, casting="same_kind")
            current = current + exact_matmul(previous, feedback)
            magnitude = magnitude + exact_matmul(previous, np.abs(feedback))
        start = neurons.start
        lowest, highest = partial_sum_range(start, current, magnitude)
        low, high = min(low, int(lowest.min())), max(high, int(highest.max()))
        spikes[:, step] = neurons.update(start + current)
        v_high, v_low = max(v_high, int(neurons.before.max())), min(v_low, int(neurons.before.min()))
        if "threshold_offset" in neurons.aux:
            threshold_offset = max(threshold_offset, int(neurons.aux["threshold_offset"].max()))
    reached = (v_low, v_high) if neuron_params.synaptic else (min(low, v_low), max(high, v_high))
    sent: NDArray[np.uint8] = spikes
    if isinstance(synapses, Conv2d):
        sent = spikes[:, :, network_order((synapses.channels, *window.size))]
    return StateRanges(current=(low, high), membrane=reached, threshold_offset=threshold_offset, spikes=sent)
