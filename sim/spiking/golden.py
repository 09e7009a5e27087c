"""Golden model of the event engine and the register engine: integers that saturate after every addition."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import SPIKE, EventParams, NeuronUpdate, Readout, require
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.counting import count_nonzero
from tospike.sim.engine import EngineRun
from tospike.sim.spiking.running import RunningLayer
from tospike.sim.spiking.updates import neurons_of
from tospike.sim.spiking.window import Connections


@dataclass(frozen=True, kw_only=True, eq=False)
class EventRun(EngineRun):
    """The results of one engine for N samples of T steps."""

    spikes: NDArray[np.uint8]
    """(N, T, neurons): number of spikes of each neuron."""
    outputs: Ints
    """(N, neurons): spike counts, or with ``Readout.MEMBRANE`` the membranes after the last step's reset."""
    updated: NDArray[np.bool_]
    """(N, T, words): whether the TICK of the step updates the word."""


def run_event(
    params: EventParams,
    weight: Ints,
    bias: Ints,
    inputs: NDArray[np.integer],
    recurrent: Ints | None = None,
    decays: Ints | None = None,
) -> EventRun:
    """Compute one engine.

    ::

        v <- saturate(leak(v) + bias)
        v <- saturate(v + weight * payload)      for each event of the step, by ascending address
        spike and reset                          see `tospike.sim.spiking.neurons`

    A recurrent engine takes its own spikes of the previous step before the other events. With a firing phase, the bias
    is added once per sample, and neurons spike in the steps of the phase only.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs); with a window (channels, input channels or 1 if depthwise, kernel height, kernel width).
    bias
        (channels,); dense synapses have a channel per neuron.
    inputs
        (N, T, inputs) payloads; zeros are not events. Steps that share memory (stride 0) are multiplied once.
    recurrent
        (neurons, neurons) weights of the engine's own spikes; ``None`` if it is not recurrent.
    decays
        (channels, n) decays of the n leaks that vary between neurons; ``None`` if n is 0.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    check_event(params, weight, bias, inputs, recurrent)
    varying = len(params.neuron.varying)
    wanted = (params.channels, varying) if varying else None
    given = None if decays is None else decays.shape
    require(given == wanted, f"the decays of the neurons must have shape {wanted}, not {given}")
    samples = len(inputs)
    layer = RunningLayer(params, weight, bias, samples, recurrent, decays)
    spikes, updated, saturations = layer.advance(inputs, ends=True)
    counts = spikes.sum(axis=1, dtype=np.int64)
    outputs = {
        Readout.SPIKES: lambda: counts,
        Readout.COUNT: lambda: np.minimum(counts, params.output.payload.max),
        Readout.MEMBRANE: lambda: layer.neurons.after,
    }[params.readout]()
    counters = event_counters(params, inputs, spikes, updated, saturations)
    operations = _operations(params, updated, counters)
    sent = spikes if params.readout is Readout.SPIKES else outputs[:, None]
    return EventRun(
        sent=sent, spikes=spikes, outputs=outputs, counters=counters, operations=operations, updated=updated
    )


def recount(params: EventParams, inputs: NDArray[np.integer], run: EventRun) -> EventRun | None:
    """Return the run of an engine that computes what the engine of ``run`` does, with other lanes or registers.

    ``None`` if a TICK of either does not update all words: which ones, only running it tells.
    """
    if params.update is not NeuronUpdate.ALL or not run.updated.all():
        return None
    samples, steps, _ = inputs.shape
    updated = np.broadcast_to(np.True_, (samples, steps, params.words))
    counters = event_counters(params, inputs, run.spikes, updated, run.counters["saturations"])
    return replace(run, counters=counters, operations=_operations(params, updated, counters), updated=updated)


def check_event(
    params: EventParams, weight: Ints, bias: Ints, inputs: NDArray[np.integer], recurrent: Ints | None
) -> None:
    """Refuse arrays that do not fit an engine; see `run_event`.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    window = params.window
    shape: tuple[int, ...] = (params.neurons, params.inputs)
    if window is not None:
        shape = (window.channels, 1 if window.depthwise else window.shape[0], *window.kernel)
    require(weight.shape == shape, f"the weights must have shape {shape}, not {weight.shape}")
    given = None if recurrent is None else recurrent.shape
    wanted = (params.neurons, params.neurons) if params.recurrent else None
    require(given == wanted, f"the recurrent weights must have shape {wanted}, not {given}")
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


def event_counters(
    params: EventParams,
    inputs: NDArray[np.integer],
    spikes: NDArray[np.uint8],
    updated: NDArray[np.bool_],
    saturations: Ints,
) -> dict[str, Ints]:
    """Return the hardware's counters of N samples; ``saturations`` are counted already."""
    samples, steps, _ = inputs.shape
    values = count_nonzero(inputs)
    if params.recurrent:
        values += count_nonzero(spikes)
    # with a membrane readout, the last TICK has no update of its own: that of the END reads and clears the membranes
    ticks = updated[:, :-1] if params.readout is Readout.MEMBRANE else updated
    ones = np.ones(samples, dtype=np.int64)
    reached = values  # positions that all events together reach: through a window, several each
    if params.window is not None:
        reached = np.count_nonzero(inputs, axis=1) @ Connections(params.window).reached
    return {
        "values": values,
        "ticks": steps * ones,
        "samples": ones,
        "synapse_words": reached * params.event_words,
        "update_words": count_nonzero(ticks) + params.words * ones,
        "spikes": spikes.sum(axis=(1, 2), dtype=np.int64),
        "saturations": saturations,
    }


def _operations(params: EventParams, updated: NDArray[np.bool_], counters: dict[str, Ints]) -> dict[str, Ints]:
    """Count accesses in elements, not words.

    A neuron's states are up to three elements: the one that events are added to, the auxiliary states, the spike count.
    """
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
    biased = np.full_like(updates, neurons) if params.keeps_membranes else updates
    biases = dict.fromkeys(("bias_add", "bias_read"), biased) if params.bias else {}
    return {
        "sop" if params.event == SPIKE else "mac": synapses,
        "neuron_update": stepped,
        "spike": counters["spikes"],
        **biases,
        "weight_read": synapses,
        "state_read": synapses + stepped * (1 + has_aux) + updates * is_count,
        "state_write": synapses + updates * (1 + is_count + has_aux),
    }
