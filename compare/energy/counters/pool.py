"""What the counters of a pooling engine mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts, Memories, Widths
from tospike.compare.energy.counters.dataflow import line_buffer_accesses, line_buffer_bits
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.hw.dataflow.layout import places
from tospike.hw.params import DataflowPoolParams
from tospike.hw.window import layout


def pool_widths(params: DataflowPoolParams) -> Widths:
    """Return the operand widths of an engine."""
    return Widths(
        weight_bits=0,
        act_bits=params.act.bits,
        state_bits=params.act.bits if params.maximum else params.layer.acc_bits,
        multiplier_bits=0 if params.clamp is None else params.requantize.multiplier_bits,
    )


def pool_memories(params: DataflowPoolParams) -> Memories:
    """Return the bits of an engine's memories."""
    return Memories(
        weight_bits=0,
        state_bits=0,
        activation_bits=line_buffer_bits(params.window, params.act.bits),
        bias_bits=sum(shape.bits for shape in layout.memories(params)),
    )


def pool_work(
    name: str, params: DataflowPoolParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of a pooling engine: a word of the line buffer per cycle, sums or maxima in registers."""
    frames, words, beats = counters["frames"], counters["words"], counters["beats"]
    lanes, memories, layer = params.window.lanes, pool_memories(params), params.layer
    bits = params.act.bits if params.maximum else layer.acc_bits
    sent = lanes * params.output.payload.bits
    queue_bits = places(layer, layout.delay(params)) * sent
    accesses = [
        *line_buffer_accesses(params.window, params.act.bits, frames / params.positions, words),
        Access(term="state_write", count=words, bits=lanes * bits, capacity_bits=0),
        Access(term="queue_write", count=beats, bits=sent, capacity_bits=queue_bits),
        Access(term="queue_read", count=beats, bits=sent, capacity_bits=queue_bits),
    ]
    term = "compare" if params.maximum else "mac"
    arithmetic = [Arithmetic(term=term, count=words * lanes, instances=lanes, add_bits=bits)]
    if not params.maximum:
        accesses.append(
            Access(term="bias_read", count=beats, bits=lanes * layer.acc_bits, capacity_bits=memories.bias_bits)
        )
        arithmetic.append(Arithmetic(term="bias_add", count=beats * lanes, instances=lanes, add_bits=layer.acc_bits))
    if params.clamp is not None:
        factor = params.requantize.multiplier_bits
        accesses.append(
            Access(term="multiplier_read", count=beats, bits=lanes * factor, capacity_bits=memories.bias_bits)
        )
        arithmetic.append(
            Arithmetic(term="requantize", count=beats * lanes, instances=lanes, multiply=(layer.acc_bits, factor))
        )
    return EngineWork(
        name=name,
        memory_bits=memories.activation_bits + memories.bias_bits + queue_bits,
        accesses=tuple(accesses),
        arithmetic=tuple(arithmetic),
        busy=words,
    )
