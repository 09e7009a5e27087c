"""Golden model of the event engine: integers, batched, saturating after every single addition."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import SPIKE, EventParams, IntFormat, Readout, require
from tospike.sim.arithmetic import Ints, exact_matmul, saturate
from tospike.sim.engine import EngineRun
from tospike.sim.spiking.drive import DenseDrive, WindowDrive
from tospike.sim.spiking.neurons import neuron_model
from tospike.sim.spiking.noise import NoiseSource
from tospike.sim.spiking.updates import Updates, neurons_of
from tospike.sim.spiking.window import Connections

PAIRS = 4096
"""(sample, neuron) pairs that are computed event by event at a time: bounds memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventRun(EngineRun):
    """What one event engine did for N samples of T steps."""

    spikes: NDArray[np.uint8]
    """(N, T, neurons): how often each neuron spiked."""
    outputs: Ints
    """(N, neurons): spike counts; membranes after the last step's reset with ``Readout.MEMBRANE``."""
    updated: NDArray[np.bool_]
    """(N, T, words): the words that the TICK of each step updates."""


def run_event(
    params: EventParams,
    weight: Ints,
    bias: Ints,
    inputs: NDArray[np.integer],
    recurrent: Ints | None = None,
    decays: Ints | None = None,
) -> EventRun:
    """Compute one engine: per step ``v = saturate(leak(v) + bias)``, then each event in ascending order of address.

    The spikes of the step before come first, where the engine is recurrent. Steps in which no (sample, neuron) can have
    saturated, whatever the order, are matrix products: a bound on the partial sums tells. The others are computed event
    by event. The neuron is :class:`tospike.sim.spiking.neurons.NeuronModel`.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs); of a window (channels, input channels or 1 if depthwise, kernel height, kernel width).
    bias
        (channels,): one for each neuron of dense synapses.
    inputs
        (N, T, inputs) payloads; zeros are no events. The same array in each step (stride 0) is multiplied once.
    recurrent
        (neurons, neurons) weights of the engine's own spikes; ``None`` if it is not recurrent.
    decays
        (channels, n) decays of the n leaks that vary between neurons; ``None`` if none does.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    _check(params, weight, bias, inputs, recurrent)
    varying = len(params.neuron.varying)
    wanted = (params.channels, varying) if varying else None
    given = None if decays is None else decays.shape
    require(given == wanted, f"the decays of the neurons must have shape {wanted}, not {given}")
    samples, steps, _ = inputs.shape
    state = params.neuron.accumulated
    weight = np.asarray(weight, dtype=np.int64) << params.neuron.state_fraction_bits
    own = None if recurrent is None else np.asarray(recurrent, dtype=np.int64) << params.neuron.state_fraction_bits
    connections = None if params.window is None else Connections(params.window)
    drive = DenseDrive(weight, inputs) if connections is None else WindowDrive(connections, weight, inputs)

    spikes = np.zeros((samples, steps, params.neurons), dtype=np.uint8)
    updated = np.ones((samples, steps, params.words), dtype=bool)
    updates = Updates(params, samples)
    saturations = np.zeros(samples, dtype=np.int64)
    law = params.neuron.noise
    noise = None if law is None else NoiseSource(law, neurons=params.neurons, drawn=params.words * params.lanes)
    positions = params.neurons // params.channels
    each = None if decays is None else np.tile(decays, (positions, 1))
    neurons = neuron_model(params.neuron, np.tile(np.asarray(bias, dtype=np.int64), positions), samples, each, noise)
    # a recurrent engine takes its spikes of the last step too: it does not know that it was the last
    for step in range(steps + params.recurrent):
        current, magnitude = drive.at(step) if step < steps else (np.int64(0), np.int64(0))
        before = None
        if own is not None and step > 0:
            before = spikes[:, step - 1].astype(np.int64)
            current = current + exact_matmul(before, own.T)
            magnitude = magnitude + exact_matmul(before, np.abs(own.T))
        total = neurons.start + current
        # no partial sum is above start + (sum of positive terms) or below start + (sum of negative terms)
        highest = neurons.start + (magnitude + current) // 2
        lowest = neurons.start + (current - magnitude) // 2
        rows, columns = np.nonzero((highest > state.max) | (lowest < state.min))
        for first in range(0, len(rows), PAIRS):
            row, column = rows[first : first + PAIRS], columns[first : first + PAIRS]
            terms = [] if own is None or before is None else [own[column] * before[row]]
            terms += [drive.terms(step, row, column)] if step < steps else []
            values, counts = _one_by_one(state, neurons.start[row, column], np.hstack(terms))
            total[row, column] = values
            np.add.at(saturations, row, counts)
        if step < steps:
            ends = step == steps - 1 and params.readout is Readout.MEMBRANE
            spikes[:, step] = neurons.update(total, ends=ends)
            came = np.any(inputs[:, step], axis=1)
            if before is not None:
                came |= np.any(before, axis=1)
            updated[:, step] = updates.step(came, neurons.before)

    counts = spikes.sum(axis=1, dtype=np.int64)
    outputs = {
        Readout.SPIKES: lambda: counts,
        Readout.COUNT: lambda: np.minimum(counts, params.output.payload.max),
        Readout.MEMBRANE: lambda: neurons.after,
    }[params.readout]()
    reached = None if connections is None else np.count_nonzero(inputs, axis=1) @ connections.reached
    counters = _counters(params, inputs, reached, spikes, updated, saturations + neurons.saturations)
    operations = _operations(params, updated, counters)
    sent = spikes if params.readout is Readout.SPIKES else outputs[:, None]
    return EventRun(
        sent=sent, spikes=spikes, outputs=outputs, counters=counters, operations=operations, updated=updated
    )


def _check(params: EventParams, weight: Ints, bias: Ints, inputs: NDArray[np.integer], recurrent: Ints | None) -> None:
    window = params.window
    shape: tuple[int, ...] = (params.neurons, params.inputs)
    if window is not None:
        shape = (window.channels, 1 if window.depthwise else window.shape[0], *window.kernel)
    require(weight.shape == shape, f"the weights must have shape {shape}, not {weight.shape}")
    own = None if recurrent is None else recurrent.shape
    wanted = (params.neurons, params.neurons) if params.recurrent else None
    require(own == wanted, f"the recurrent weights must have shape {wanted}, not {own}")
    require(bias.shape == shape[:1], f"the bias must have shape {shape[:1]}, not {bias.shape}")
    require(
        inputs.ndim == 3 and inputs.shape[1] >= 1 and inputs.shape[2] == params.inputs,
        f"an event engine takes samples of shape (steps, {params.inputs}), not {inputs.shape[1:]}",
    )
    one_step = inputs[:, :1] if inputs.strides[1] == 0 else inputs
    for name, values, fmt in (
        ("weights", weight, params.weight),
        ("recurrent weights", np.zeros(1) if recurrent is None else recurrent, params.weight),
        ("biases", bias, params.neuron.accumulated),
        ("inputs", one_step, params.payload),
    ):
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        require(
            fmt.min <= low and high <= fmt.max,
            f"{name} from {low} to {high} do not fit {fmt.min} to {fmt.max}",
        )


def _one_by_one(fmt: IntFormat, start: Ints, terms: Ints) -> tuple[Ints, Ints]:
    """Return the membranes and numbers of saturations of K pairs: ``start`` (K,), ``terms`` (K, M), added left to
    right."""
    membrane = start
    saturations = np.zeros(len(start), dtype=np.int64)
    for address in np.flatnonzero(terms.any(axis=0)):
        total = membrane + terms[:, address]
        membrane = saturate(total, fmt)
        saturations += membrane != total
    return membrane, saturations


def _counters(
    params: EventParams,
    inputs: NDArray[np.integer],
    reached: Ints | None,
    spikes: NDArray[np.uint8],
    updated: NDArray[np.bool_],
    saturations: Ints,
) -> dict[str, Ints]:
    """``reached``: positions that the events of a window reached, together."""
    samples, steps, _ = inputs.shape
    values = np.count_nonzero(inputs, axis=(1, 2)).astype(np.int64)
    if params.recurrent:
        values += np.count_nonzero(spikes, axis=(1, 2))
    # the last TICK of a membrane readout has no update of its own: the END's reads the membranes and clears them
    ticks = updated[:, :-1] if params.readout is Readout.MEMBRANE else updated
    ones = np.ones(samples, dtype=np.int64)
    return {
        "values": values,
        "ticks": steps * ones,
        "samples": ones,
        "synapse_words": (values if reached is None else reached) * params.event_words,
        "update_words": np.count_nonzero(ticks, axis=(1, 2)) + params.words * ones,
        "spikes": spikes.sum(axis=(1, 2), dtype=np.int64),
        "saturations": saturations,
    }


def _operations(params: EventParams, updated: NDArray[np.bool_], counters: dict[str, Ints]) -> dict[str, Ints]:
    """Count elements, not words. Spike counters are states too, and so is all that a neuron has besides what
    events are added to, as one element."""
    neurons = params.neurons
    fan_out = neurons if params.window is None else params.window.fan_out
    synapses = counters["synapse_words"] // params.event_words * fan_out
    by_step = updated @ neurons_of(params)
    updated_at_end = neurons
    if params.readout is Readout.MEMBRANE:
        by_step[:, -1], updated_at_end = neurons, 0  # the last step's update is the END's
    stepped = by_step.sum(axis=1)
    updates = stepped + updated_at_end
    is_count, has_aux = params.readout is Readout.COUNT, params.neuron.has_aux
    biases = dict.fromkeys(("bias_add", "bias_read"), updates) if params.bias else {}
    return {
        "sop" if params.event == SPIKE else "mac": synapses,
        "neuron_update": stepped,
        "spike": counters["spikes"],
        **biases,
        "weight_read": synapses,
        "state_read": synapses + stepped * (1 + has_aux) + updates * is_count,
        "state_write": synapses + updates * (1 + is_count + has_aux),
    }
