"""The widths and memories of an accelerator, as the energy models take them."""

from tospike.compare.energy import Memories, Widths
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import AcceleratorParams, EncoderParams, EventParams, SystolicParams, require


def widths(params: AcceleratorParams) -> Widths:
    """The widest operands of any engine: one price per operation for the whole design."""
    systolic = [engine for engine in params.engines if isinstance(engine, SystolicParams)]
    event = [engine for engine in params.engines if isinstance(engine, EventParams)]
    leaks = [engine.neuron.leak for engine in event if engine.neuron.kind.leaks]
    return Widths(
        weight_bits=max([e.array.weight_bits for e in systolic] + [e.weight_bits for e in event]),
        act_bits=max(engine.input.payload.bits for engine in params.engines),
        state_bits=max([e.array.acc_bits for e in systolic] + [e.neuron.state_bits for e in event]),
        multiplier_bits=max([e.requantize.multiplier_bits for e in systolic], default=0),
        event_bits=max([e.input.address_bits + e.input.payload.bits for e in event], default=0),
        leak=leaks[0] if leaks else None,
    )


def memories(params: AcceleratorParams) -> Memories:
    """Bits of weights (with biases and the like), of states, and of buffered activations and events.

    Raises
    ------
    InputError
        Weights are streamed in: they lie in a memory that we know nothing about.
    """
    require(
        params.weight_stream is None,
        "the energy of weights that come from outside is not modelled: leave --weights stream out",
    )
    weight = state = activation = 0
    for engine in params.engines:
        if isinstance(engine, EncoderParams):
            activation += engine.inputs * (engine.input.address_bits + engine.payload.bits)
            continue
        weight += sum(shape.bits for shape in engine_layout(engine).memories(engine))
        if isinstance(engine, EventParams):
            state += engine.words * engine.lanes * engine.neuron.state_bits
            activation += engine.words * engine.lanes
        else:
            values = [layer.rows * layer.inputs for layer in engine.layers]
            activation += 2 * max(values) * engine.array.act.bits
            state += 2 * engine.array.macs_per_cycle * engine.array.acc_bits
    return Memories(weight_bits=weight, state_bits=state, activation_bits=activation)
