"""Golden model of the event engine: integers, batched, saturating after every single addition."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import SPIKE, EventParams, NeuronParams, Readout, Reset, require
from tospike.sim.arithmetic import Ints, exact_matmul, leak, saturate

PAIRS = 4096
"""(sample, neuron) pairs that are computed event by event at a time: bounds memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventRun:
    """What one event engine did for N samples of T steps."""

    spikes: NDArray[np.bool_]
    """(N, T, neurons)."""
    outputs: Ints
    """(N, neurons): spike counts; membranes after the last step's reset with ``Readout.MEMBRANE``."""
    counters: dict[str, Ints]
    """The hardware's counters, (N,) each."""
    operations: dict[str, Ints]
    """Operation counts, (N,) each."""


def fire(membrane: Ints, params: NeuronParams) -> tuple[NDArray[np.bool_], Ints]:
    """Spikes (strictly above the threshold) and the membranes after the reset."""
    if not params.kind.spikes:
        return np.zeros(membrane.shape, dtype=bool), membrane
    spikes = membrane > params.threshold
    reset = np.int64(0) if params.reset is Reset.ZERO else membrane - params.threshold
    return spikes, np.where(spikes, reset, membrane)


def decay(membrane: Ints, params: NeuronParams) -> Ints:
    """The membranes after the leak, if the neuron has one."""
    return leak(membrane, params.leak) if params.kind.leaks else membrane


def run_event(params: EventParams, weight: Ints, bias: Ints, inputs: NDArray[np.integer]) -> EventRun:
    """Compute one engine: per step ``v = saturate(leak(v) + bias)``, then each event in ascending order of address.

    Steps in which no (sample, neuron) can have saturated, whatever the order, are matrix products: a bound on the
    partial sums tells. The others are computed event by event.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs).
    bias
        (neurons,).
    inputs
        (N, T, inputs) payloads; zeros are no events. The same array in each step (stride 0) is multiplied once.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    _check(params, weight, bias, inputs)
    samples, steps, _ = inputs.shape
    state = params.neuron.state
    bias = np.asarray(bias, dtype=np.int64)
    sums, magnitudes = _currents(weight, inputs)

    spikes = np.zeros((samples, steps, params.neurons), dtype=bool)
    saturations = np.zeros(samples, dtype=np.int64)
    start = np.broadcast_to(bias, (samples, params.neurons))
    after = start
    for step in range(steps):
        current, magnitude = sums[:, step], magnitudes[:, step]
        membrane = start + current
        # no partial sum is above start + (sum of positive terms) or below start + (sum of negative terms)
        highest, lowest = start + (magnitude + current) // 2, start + (current - magnitude) // 2
        rows, columns = np.nonzero((highest > state.max) | (lowest < state.min))
        for first in range(0, len(rows), PAIRS):
            row, column = rows[first : first + PAIRS], columns[first : first + PAIRS]
            values, events = _one_by_one(params, start[row, column], weight[column], inputs[row, step])
            membrane[row, column] = values
            np.add.at(saturations, row, events)
        spikes[:, step], after = fire(membrane, params.neuron)
        unbounded = decay(after, params.neuron) + bias
        start = saturate(unbounded, state)
        if step < steps - 1 or params.readout is not Readout.MEMBRANE:
            saturations += np.count_nonzero(start != unbounded, axis=1)

    counts = spikes.sum(axis=1, dtype=np.int64)
    outputs = {
        Readout.SPIKES: lambda: counts,
        Readout.COUNT: lambda: np.minimum(counts, params.output.payload.max),
        Readout.MEMBRANE: lambda: after,
    }[params.readout]()
    counters = _counters(params, inputs, counts.sum(axis=1), saturations)
    return EventRun(spikes=spikes, outputs=outputs, counters=counters, operations=_operations(params, steps, counters))


def _check(params: EventParams, weight: Ints, bias: Ints, inputs: NDArray[np.integer]) -> None:
    shape = (params.neurons, params.inputs)
    require(weight.shape == shape, f"the weights must have shape {shape}, not {weight.shape}")
    require(bias.shape == shape[:1], f"the bias must have shape {shape[:1]}, not {bias.shape}")
    require(
        inputs.ndim == 3 and inputs.shape[1] >= 1 and inputs.shape[2] == params.inputs,
        f"an event engine takes samples of shape (steps, {params.inputs}), not {inputs.shape[1:]}",
    )
    one_step = inputs[:, :1] if inputs.strides[1] == 0 else inputs
    for name, values, fmt in (
        ("weights", weight, params.weight),
        ("biases", bias, params.neuron.state),
        ("inputs", one_step, params.payload),
    ):
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        require(
            fmt.min <= low and high <= fmt.max,
            f"{name} from {low} to {high} do not fit {fmt.min} to {fmt.max}",
        )


def _currents(weight: Ints, inputs: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """(N, T, neurons) sums of payload * weight, and of its magnitude."""
    samples, steps, count = inputs.shape
    distinct = inputs[:, :1] if inputs.strides[1] == 0 else inputs
    flat = np.ascontiguousarray(distinct).reshape(-1, count)
    shape = (samples, distinct.shape[1], len(weight))
    result = tuple(
        np.broadcast_to(exact_matmul(x, w.T).reshape(shape), (samples, steps, len(weight)))
        for x, w in ((flat, weight), (np.abs(flat), np.abs(weight)))
    )
    return result[0], result[1]


def _one_by_one(params: EventParams, start: Ints, weight: Ints, inputs: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Membranes and numbers of saturations of K pairs: ``start`` (K,), ``weight`` and ``inputs`` (K, inputs)."""
    membrane = start
    saturations = np.zeros(len(start), dtype=np.int64)
    terms = weight.astype(np.int64) * inputs
    for address in np.flatnonzero(terms.any(axis=0)):
        total = membrane + terms[:, address]
        membrane = saturate(total, params.neuron.state)
        saturations += membrane != total
    return membrane, saturations


def _counters(params: EventParams, inputs: NDArray[np.integer], spikes: Ints, saturations: Ints) -> dict[str, Ints]:
    samples, steps, _ = inputs.shape
    values = np.count_nonzero(inputs, axis=(1, 2)).astype(np.int64)
    # the last TICK of a membrane readout has no sweep of its own: the END's reads the membranes and clears them
    sweeps = steps if params.readout is Readout.MEMBRANE else steps + 1
    ones = np.ones(samples, dtype=np.int64)
    return {
        "values": values,
        "ticks": steps * ones,
        "samples": ones,
        "synapse_words": values * params.words,
        "sweep_words": sweeps * params.words * ones,
        "spikes": spikes,
        "saturations": saturations,
    }


def _operations(params: EventParams, steps: int, counters: dict[str, Ints]) -> dict[str, Ints]:
    """Elements, not words. Spike counters are states too."""
    neurons = params.neurons
    synapses = counters["values"] * neurons
    sweeps = counters["sweep_words"] // params.words
    is_count = params.readout is Readout.COUNT
    biases = dict.fromkeys(("bias_add", "bias_read"), sweeps * neurons) if params.bias else {}
    return {
        "sop" if params.payload == SPIKE else "mac": synapses,
        "neuron_update": counters["ticks"] * neurons,
        "spike": counters["spikes"],
        **biases,
        "weight_read": synapses,
        "state_read": synapses + (steps + (sweeps if is_count else 0)) * neurons,
        "state_write": synapses + (sweeps + (sweeps if is_count else 0)) * neurons,
    }
