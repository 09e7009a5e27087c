"""What energy models need of each kind of engine: the widths of its operands and the bits of its memories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tospike.compare.energy.activity import Memories, Widths
from tospike.hw.conv.storage import bank_depth
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    BridgeParams,
    ConvParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    EventParams,
    GradedSpikeParams,
    Readout,
    RegisterParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
    require,
)
from tospike.hw.spiking.sequencer import updates_outside
from tospike.hw.systolic.layout import buffer_depth


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


def _array_widths(params: SystolicParams | ConvParams) -> Widths:
    return Widths(
        weight_bits=params.array.weight_bits,
        act_bits=params.array.act.bits,
        state_bits=params.array.acc_bits,
        multiplier_bits=params.requantize.multiplier_bits,
    )


def _array_memories(params: SystolicParams | ConvParams) -> Memories:
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
    """What energy models need of a kind of engine."""

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
    ConvParams: _Seen(label="image", widths=_array_widths, memories=_array_memories),
}
"""By the class of the engine's parameters."""


def activation_words(params: SystolicParams | ConvParams) -> int:
    """Return the words of the activation memory, a value for each row of the array."""
    return ACTIVATION_WORDS[type(params)](params)


ACTIVATION_WORDS: Mapping[type[EngineParams], Callable[[Any], int]] = {
    SystolicParams: lambda params: 2 * buffer_depth(params),
    ConvParams: bank_depth,
}


def encoder_entry_bits(params: EncoderParams) -> int:
    """Return the width of an entry of the encoder's buffer: address, value, and what the code has of state."""
    return params.input.address_bits + params.stored_bits + params.state_bits


def activation_queue_bits(params: EventParams) -> int:
    """Return the bits of the queue in which activations of an ANN wait for the next engine: a frame of tokens."""
    if params.activation is None:
        return 0
    return (params.neurons + 2) * activation_entry_bits(params)


def last_sent_bits(params: EventParams) -> int:
    """Return the bits of the memory of what a layer of a delta ANN has last sent."""
    if params.activation is None or not params.sends_changes:
        return 0
    return params.neurons * params.activation.act.bits


def activation_entry_bits(params: EventParams) -> int:
    """Return the bits of a token in that queue, with its kind."""
    return params.output.address_bits + params.output.payload.bits + 2


def queue_words(params: EventParams) -> int:
    """Return the words of lanes that the queue behind the neurons holds; a register engine has none."""
    if params.in_registers:
        return 0
    return updates_outside(params) * params.words + 1
