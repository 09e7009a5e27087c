"""What the counters of a dataflow engine mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts, Memories, Widths
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.hw.dataflow import layout
from tospike.hw.params import DataflowDenseParams, ImageWindow


def dataflow_widths(params: DataflowDenseParams) -> Widths:
    """Return the operand widths of an engine."""
    return Widths(
        weight_bits=params.weight_bits,
        act_bits=params.act.bits,
        state_bits=params.acc_bits,
        multiplier_bits=params.requantize.multiplier_bits,
    )


def dataflow_memories(params: DataflowDenseParams) -> Memories:
    """Return the bits of an engine's memories."""
    weights, channels = layout.memories(params)
    return Memories(
        weight_bits=weights.bits, state_bits=0, activation_bits=_activation_bits(params), bias_bits=channels.bits
    )


def _activation_bits(params: DataflowDenseParams) -> int:
    """Return the bits of the memory for two frames of inputs; a single group of neurons has none. A convolution has
    the rows of its line buffer."""
    if params.window is not None:
        return line_buffer_bits(params.window, params.act.bits)
    return 0 if params.groups == 1 else 2 * params.words * params.simd * params.act.bits


def line_buffer_bits(window: ImageWindow, act_bits: int) -> int:
    """Return the bits of a line buffer."""
    return window.ring * window.row_words * window.lanes * act_bits


def line_buffer_accesses(window: ImageWindow, act_bits: int, images: Counts, words: Counts) -> list[Access]:
    """Return the accesses of a line buffer, a memory for each row that is read at once."""
    bits = line_buffer_bits(window, act_bits)
    rows = window.rows_at_once
    return [
        Access(
            term="activation_write",
            count=images * window.shape[1] * window.row_words,
            bits=window.lanes * act_bits,
            capacity_bits=bits // window.banks,
        ),
        # all memories of the ring are read
        Access(
            term="activation_read",
            count=words * (window.banks if rows > 1 else 1),
            bits=window.lanes * act_bits,
            capacity_bits=bits // window.banks,
            ports=window.banks if rows > 1 else 1,
        ),
    ]


def dataflow_work(
    name: str, params: DataflowDenseParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of a dataflow engine: a word of inputs and a word of weights per cycle, sums in registers."""
    frames, words, beats = counters["frames"], counters["words"], counters["beats"]
    weights, channels = layout.memories(params)
    acc, lanes = params.acc_bits, params.output_lanes
    word_bits, activation_bits = params.simd * params.act.bits, _activation_bits(params)
    queue_bits = layout.credits(params) * params.group_beats * lanes * params.output.payload.bits
    accesses = [
        Access(term="weight_read", count=words, bits=weights.width, capacity_bits=weights.bits),
        Access(term="bias_read", count=beats, bits=lanes * acc, capacity_bits=channels.bits),
        Access(term="state_write", count=words, bits=params.pe * acc, capacity_bits=0),
        Access(term="queue_write", count=beats, bits=lanes * params.output.payload.bits, capacity_bits=queue_bits),
        Access(term="queue_read", count=beats, bits=lanes * params.output.payload.bits, capacity_bits=queue_bits),
    ]
    if params.window is not None:
        accesses += line_buffer_accesses(params.window, params.act.bits, frames / params.positions, words)
    elif activation_bits:
        accesses += [
            Access(
                term="activation_write",
                count=frames * params.words,
                bits=word_bits,
                capacity_bits=activation_bits,
            ),
            Access(term="activation_read", count=words, bits=word_bits, capacity_bits=activation_bits),
        ]
    arithmetic = [
        Arithmetic(
            term="mac",
            count=words * params.products,
            instances=params.products,
            multiply=(params.act.bits, params.weight_bits),
            add_bits=acc,
        ),
        Arithmetic(term="bias_add", count=beats * lanes, instances=lanes, add_bits=acc),
    ]
    if params.clamp is not None:
        factor = params.requantize.multiplier_bits
        accesses.append(Access(term="multiplier_read", count=beats, bits=lanes * factor, capacity_bits=channels.bits))
        arithmetic.append(Arithmetic(term="requantize", count=beats * lanes, instances=lanes, multiply=(acc, factor)))
    return EngineWork(
        name=name,
        memory_bits=weights.bits + channels.bits + activation_bits + queue_bits,
        accesses=tuple(accesses),
        arithmetic=tuple(arithmetic),
        busy=words,
    )
