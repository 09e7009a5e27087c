"""From a design and what its golden model says, to the activity that energy models price."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tospike.compare.energy.activity import Counts, EngineActivity, LayerActivity, Memories, Widths
from tospike.hw.ann.layout import buffer_depth
from tospike.hw.host.layout import engine_layout
from tospike.hw.image.storage import bank_depth
from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    SPIKE,
    BridgeParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    EventParams,
    GradedSpikeParams,
    ImageParams,
    Readout,
    RegisterParams,
    SpikeCountParams,
    SpikingLayerParams,
    SpikingParams,
    SystolicParams,
    require,
)
from tospike.hw.snn.sequencer import sweeps_outside
from tospike.sim.design import Design
from tospike.sim.layers import weighted_sums
from tospike.sim.layers_integer import BATCH, run_stages
from tospike.sim.network import Array, Conv2d, Dense, Network, Result
from tospike.sim.window import Connections


def engine_activities(design: Design, x: Array, result: Result) -> tuple[EngineActivity, ...]:
    """Return what each engine did.

    Parameters
    ----------
    design
        The network on its hardware.
    x
        (N, ...) integer samples, those of ``result``.
    result
        What the golden model says.
    """
    design.network.require_one_kind()
    layers: tuple[LayerActivity | None, ...]
    if any(isinstance(engine, DeltaAnnParams | SpikingLayerParams) for engine in design.params.engines):
        layers = _counted_layers(design, result)
    else:
        layers = _dense_layers(design, x)
    engines = []
    for index, (params, operations) in enumerate(zip(design.params.engines, result.engine_operations, strict=True)):
        first = sum(design.stage_counts[:index])
        engines.append(
            EngineActivity(
                name=f"{index} {ENGINES[type(params)].label}",
                operations=operations,
                widths=widths(params),
                memories=memories(params),
                layers=tuple(layer for layer in layers[first : first + design.stage_counts[index]] if layer),
            )
        )
    return tuple(engines)


def _dense_layers(design: Design, x: Array) -> tuple[LayerActivity | None, ...]:
    """Return the stages of an ANN, ``None`` without weights: the integer network tells which activations are zero."""
    own_engines = design.params.has_event_ann
    batches = [_count_batch(design.network, x[start : start + BATCH]) for start in range(0, len(x), BATCH)]
    layers: list[LayerActivity | None] = []
    for index, stage in enumerate(design.network.stages):
        synapses = stage.synapses
        if not isinstance(synapses, Dense | Conv2d):
            layers.append(None)
            continue
        events, reached, sent = (np.concatenate([batch[index][n] for batch in batches]) for n in range(3))
        everything = np.ones((1, synapses.inputs), dtype=np.int64)
        operands = widths(design.params.engines[index if own_engines else 0])
        layers.append(
            LayerActivity(
                name=stage.name,
                inputs=synapses.inputs,
                outputs=synapses.outputs,
                steps=1,
                spiking=False,
                binary=False,
                events=events,
                sent=sent,
                weight_bits=operands.weight_bits,
                act_bits=operands.act_bits,
                state_bits=operands.state_bits,
                connections=int(connections_reached(synapses, everything)[0]),
                reached=reached,
                shared_weights=synapses.weight.size,
            )
        )
    return tuple(layers)


def _count_batch(network: Network, x: Array) -> list[tuple[Counts, Counts, Counts]]:
    """Of each stage: inputs that are not zero, connections that they reach, outputs that are not zero."""
    sent = run_stages(network, x)
    counts = []
    for index, stage in enumerate(network.stages):
        source = network.sources(index)[0]
        values = sent[source] if source >= 0 else x
        synapses = stage.synapses
        reached = np.zeros(len(x))
        if isinstance(synapses, Dense | Conv2d):
            reached = connections_reached(synapses, values)
        events, sent_on = (np.count_nonzero(v, axis=1).astype(np.float64) for v in (values, sent[index]))
        counts.append((events, reached, sent_on))
    return counts


def connections_reached(synapses: Dense | Conv2d, values: Array) -> Counts:
    """Return (N,) connections that the non-zero ones of (N, inputs) ``values`` pass through: their sum with weights of
    1."""
    ones: dict[str, Any] = {
        "weight": np.ones_like(synapses.weight, dtype=np.int64),
        "bias": np.zeros_like(synapses.bias),
    }
    if isinstance(synapses, Conv2d):
        ones["pad_value"] = 0
    counting = replace(synapses, **ones)
    return weighted_sums(counting, (values != 0).astype(np.int64)).sum(axis=(1, 2)).astype(np.float64)


def _counted_layers(design: Design, result: Result) -> tuple[LayerActivity, ...]:
    """Return the layers of event engines that get spikes or changes: their counters tell all."""
    is_spiking = design.network.is_spiking
    steps = design.network.input.steps if is_spiking else design.params.input_frames
    layers = []
    for index, params in enumerate(design.params.engines):
        if not isinstance(params, EventParams):
            continue
        stage = design.stages_of(index)[0]
        layers.append(
            LayerActivity(
                name=stage.name,
                inputs=params.inputs,
                outputs=params.neurons,
                steps=steps,
                spiking=is_spiking,
                binary=params.payload == SPIKE,
                events=result.counters[f"{index}.values"].astype(np.float64),
                sent=_sent(params, index, result),
                weight_bits=params.weight_bits,
                act_bits=params.payload.bits,
                state_bits=params.neuron.state_bits,
                leaks="membrane" in params.neuron.leaks,
                bias=params.bias,
                **_window_counts(params, stage.weighted.weight, result.counters[f"{index}.synapse_words"]),
            )
        )
    return tuple(layers)


def _sent(params: EventParams, engine: int, result: Result) -> Counts:
    """Return the spikes, or changes of activations; of the last layer of a delta ANN its membranes."""
    if isinstance(params, DeltaAnnParams) and not params.sends_changes:
        return np.full(len(result.cycles), params.neurons, dtype=np.float64)
    return result.counters[f"{engine}.{'activations' if params.sends_changes else 'spikes'}"].astype(np.float64)


def _window_counts(params: EventParams, weight: Array, synapse_words: Array) -> dict[str, Any]:
    """Return what a layer is told of connections that are not all there are."""
    window = params.window
    if window is None:
        return {}
    return {
        "connections": int(Connections(window).reached.sum()) * window.fan_out,
        "reached": synapse_words / params.event_words * window.fan_out,
        "shared_weights": weight.size // math.prod(window.pool),
    }


def widths(params: EngineParams) -> Widths:
    """Return the operands of an engine."""
    return ENGINES[type(params)].widths(params)


def memories(params: EngineParams) -> Memories:
    """Return the bits of an engine's memories. What leaves an event engine waits in a queue of words of lanes.

    Raises
    ------
    InputError
        Weights are streamed in: they lie in a memory that we know nothing about.
    """
    return ENGINES[type(params)].memories(params)


def _encoder_widths(params: EncoderParams) -> Widths:
    return Widths(weight_bits=0, act_bits=encoder_entry_bits(params), state_bits=0)


def _encoder_memories(params: EncoderParams) -> Memories:
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.inputs * encoder_entry_bits(params))


def _stored_widths(params: DelayParams | DeltaParams) -> Widths:
    return Widths(weight_bits=0, act_bits=params.payload.bits, state_bits=0)


def _stored_memories(params: DelayParams | DeltaParams) -> Memories:
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.stored_bits)


def _bridge_widths(params: BridgeParams) -> Widths:
    return Widths(weight_bits=0, act_bits=params.stored.bits, state_bits=0)


def _bridge_memories(params: BridgeParams) -> Memories:
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.inputs * params.stored.bits)


def _event_widths(params: EventParams) -> Widths:
    return Widths(
        weight_bits=params.weight_bits,
        act_bits=params.payload.bits,
        state_bits=params.neuron.state_bits,
        multiplier_bits=params.activation.requantize.multiplier_bits if params.activation else 0,
        event_bits=params.output.address_bits + params.output.payload.bits,
        leak=params.neuron.leaks.get("membrane"),
    )


def _event_memories(params: EventParams) -> Memories:
    filled: dict[str, MemoryShape] = {shape.name: shape for shape in engine_layout(params).memories(params)}
    states = params.neuron.state_bits + (params.count_bits if params.readout is Readout.COUNT else 0)
    beside = (filled[name].bits for name in ("bias", "multipliers") if name in filled)
    return Memories(
        weight_bits=filled["weights"].bits,
        state_bits=params.words * params.lanes * states,
        activation_bits=activation_queue_bits(params) + last_sent_bits(params)
        or queue_words(params) * params.lanes * params.output.payload.bits,
        bias_bits=sum(beside),
    )


def _array_widths(params: SystolicParams | ImageParams) -> Widths:
    return Widths(
        weight_bits=params.array.weight_bits,
        act_bits=params.array.act.bits,
        state_bits=params.array.acc_bits,
        multiplier_bits=params.requantize.multiplier_bits,
    )


def _array_memories(params: SystolicParams | ImageParams) -> Memories:
    require(
        not params.streams_weights,
        "the energy of weights that come from outside is not modelled: leave --weights stream out",
    )
    filled: dict[str, MemoryShape] = {shape.name: shape for shape in engine_layout(params).memories(params)}
    return Memories(
        weight_bits=filled["weights"].bits,
        state_bits=0,
        activation_bits=activation_words(params) * params.array.rows * params.array.act.bits,
        bias_bits=filled["channels"].bits,
    )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What level 1 sees of a kind of engine."""

    label: str
    widths: Callable[[Any], Widths]
    memories: Callable[[Any], Memories]


ENGINES: Mapping[type[EngineParams], _Seen] = {
    EncoderParams: _Seen(label="encoder", widths=_encoder_widths, memories=_encoder_memories),
    DeltaParams: _Seen(label="delta", widths=_stored_widths, memories=_stored_memories),
    DelayParams: _Seen(label="delay", widths=_stored_widths, memories=_stored_memories),
    SpikingParams: _Seen(label="event", widths=_event_widths, memories=_event_memories),
    RegisterParams: _Seen(label="event", widths=_event_widths, memories=_event_memories),
    EventAnnParams: _Seen(label="event", widths=_event_widths, memories=_event_memories),
    DeltaAnnParams: _Seen(label="event", widths=_event_widths, memories=_event_memories),
    GradedSpikeParams: _Seen(label="graded spikes", widths=_bridge_widths, memories=_bridge_memories),
    SpikeCountParams: _Seen(label="spike count", widths=_bridge_widths, memories=_bridge_memories),
    SystolicParams: _Seen(label="systolic", widths=_array_widths, memories=_array_memories),
    ImageParams: _Seen(label="image", widths=_array_widths, memories=_array_memories),
}
"""By the class of the engine's parameters."""


def activation_words(params: SystolicParams | ImageParams) -> int:
    """Return the words of the activation memory, a value for each row of the array."""
    return bank_depth(params) if isinstance(params, ImageParams) else 2 * buffer_depth(params)


def encoder_entry_bits(params: EncoderParams) -> int:
    """Return the width of an entry of the encoder's buffer: address, value, and with rate coding a phase."""
    return params.input.address_bits + params.stored_bits + params.phase_bits


def activation_queue_bits(params: EventParams) -> int:
    """Return the bits of the queue in which the activations of an ANN's layer wait for the next engine: a frame of
    tokens."""
    if params.activation is None:
        return 0
    return (params.neurons + 2) * activation_entry_bits(params)


def last_sent_bits(params: EventParams) -> int:
    """Return the bits of the memory of what a layer of a delta ANN has last sent."""
    if params.activation is None or not params.sends_changes:
        return 0
    return params.neurons * params.activation.act.bits


def activation_entry_bits(params: EventParams) -> int:
    """Return a token in that queue, with its kind."""
    return params.output.address_bits + params.output.payload.bits + 2


def queue_words(params: EventParams) -> int:
    """Return the words of lanes that the queue behind the neurons holds; a register engine has none."""
    if isinstance(params, RegisterParams):
        return 0
    return sweeps_outside(params) * params.words + 1
