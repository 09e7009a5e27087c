"""What energy models need of each kind of engine: the widths of its operands and the bits of its memories."""

from tospike.compare.energy.activity import Memories, Widths
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    BridgeParams,
    ConvParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    EventParams,
    Readout,
    SystolicParams,
    require,
)
from tospike.hw.params.conv_storage import bank_depth
from tospike.hw.spiking.sequencer import updates_in_flight
from tospike.hw.systolic.layout import buffer_depth


def encoder_widths(params: EncoderParams) -> Widths:
    """Return the operand widths of an encoder: the entries of its buffer."""
    return Widths(weight_bits=0, act_bits=encoder_entry_bits(params), state_bits=0)


def encoder_memories(params: EncoderParams) -> Memories:
    """Return the bits of an encoder's buffer."""
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.buffer_entries * encoder_entry_bits(params))


def stored_widths(params: DelayParams | DeltaParams) -> Widths:
    """Return the operand widths of a delay or a delta encoder."""
    return Widths(weight_bits=0, act_bits=params.payload.bits, state_bits=0)


def stored_memories(params: DelayParams | DeltaParams) -> Memories:
    """Return the bits of the memories of a delay or a delta encoder."""
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.stored_bits)


def bridge_widths(params: BridgeParams) -> Widths:
    """Return the operand widths of a bridge."""
    return Widths(weight_bits=0, act_bits=params.stored.bits, state_bits=0)


def bridge_memories(params: BridgeParams) -> Memories:
    """Return the bits of a bridge's frame buffer."""
    return Memories(weight_bits=0, state_bits=0, activation_bits=params.inputs * params.word_bits)


def event_widths(params: EventParams) -> Widths:
    """Return the operand widths of a layer on an event or a register engine."""
    return Widths(
        weight_bits=params.weight_bits,
        act_bits=params.payload.bits,
        state_bits=params.neuron.state_bits,
        multiplier_bits=params.activation.requantize.multiplier_bits if params.activation else 0,
        event_bits=params.output.address_bits + params.output.payload.bits,
        leak=params.neuron.leaks.get("membrane"),
    )


def event_memories(params: EventParams) -> Memories:
    """Return the bits of the memories of an event or a register engine, including the output queue of words of
    lanes."""
    filled: dict[str, MemoryShape] = {shape.name: shape for shape in engine_layout(params).memories(params)}
    states = params.neuron.state_bits + (params.count_bits if params.readout is Readout.COUNT else 0)
    biases = (filled[name].bits for name in ("bias", "multipliers") if name in filled)
    return Memories(
        weight_bits=filled["weights"].bits,
        state_bits=params.words * params.lanes * states,
        activation_bits=activation_queue_bits(params) + last_sent_bits(params)
        or queue_words(params) * params.lanes * params.output.payload.bits,
        bias_bits=sum(biases),
    )


def array_widths(params: SystolicParams | ConvParams) -> Widths:
    """Return the operand widths of an array."""
    return Widths(
        weight_bits=params.array.weight_bits,
        act_bits=params.array.act.bits,
        state_bits=params.array.acc_bits,
        multiplier_bits=params.requantize.multiplier_bits,
    )


def systolic_memories(params: SystolicParams) -> Memories:
    """Return the bits of a systolic engine's memories."""
    return _array_memories(params, systolic_words(params))


def conv_memories(params: ConvParams) -> Memories:
    """Return the bits of a conv engine's memories."""
    return _array_memories(params, bank_depth(params))


def array_contents(params: SystolicParams | ConvParams) -> dict[str, MemoryShape]:
    """Return the memories of an array with contents, by name.

    Raises
    ------
    InputError
        Weights are streamed from an unknown memory.
    """
    require(
        not params.streams_weights,
        "the energy of weights from the host is not modelled: leave out --weights stream",
    )
    return {shape.name: shape for shape in engine_layout(params).memories(params)}


def _array_memories(params: SystolicParams | ConvParams, words: int) -> Memories:
    filled = array_contents(params)
    return Memories(
        weight_bits=filled["weights"].bits,
        state_bits=0,
        activation_bits=words * params.array.rows * params.array.act.bits,
        bias_bits=filled["channels"].bits,
        table_bits=filled["tables"].bits if "tables" in filled else 0,
    )


def systolic_words(params: SystolicParams) -> int:
    """Return the words of the activation memory, with one value per row of the array."""
    return 2 * buffer_depth(params)


def encoder_entry_bits(params: EncoderParams) -> int:
    """Return the width of an entry of the encoder's buffer: address, value, and the state of the code."""
    return params.input.address_bits + params.stored_bits + params.state_bits


def activation_queue_bits(params: EventParams) -> int:
    """Return the bits of the queue for activations of an ANN, which holds a frame of tokens."""
    if params.activation is None:
        return 0
    return (params.neurons + 2) * activation_entry_bits(params)


def last_sent_bits(params: EventParams) -> int:
    """Return the bits of a delta ANN layer's memory of the values last sent."""
    if params.activation is None or not params.sends_changes:
        return 0
    return params.neurons * params.activation.act.bits


def activation_entry_bits(params: EventParams) -> int:
    """Return the bits of a token in that queue, including its kind."""
    return params.output.address_bits + params.output.payload.bits + 2


def queue_words(params: EventParams) -> int:
    """Return the words of lanes of the output queue; 0 for a register engine."""
    if params.in_registers:
        return 0
    return updates_in_flight(params) * params.words + 1
