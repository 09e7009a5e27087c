"""Exact cycle counts of the conv engine, for a lone frame and a consumer that is always ready.

The recurrence is that of an output-stationary systolic engine, tile by tile, except that a tile is read only after all
its rows have been written, because reads skip the rows beyond the image. Streamed weights come from a host that always
has the next beat ready, through a ring buffer that is full when the frame begins.
"""

from functools import lru_cache

from tospike.hw.params import ConvLayer, ConvParams
from tospike.hw.params.banks import bank_cycles
from tospike.hw.params.conv_storage import bank_depth
from tospike.sim.conv.weight_ring import StreamedSteps, WeightRing
from tospike.sim.systolic.timing import (
    INPUT_LATENCY,
    NEXT_LAYER,
    OUTPUT_LATENCY,
    OUTPUT_REGISTER,
    POST_LATENCY,
    FrameTiming,
    Issue,
    LayerTiming,
    Steps,
    group_times,
)

SLOTS = 4
"""Tiles that fit the result buffer."""
OPERAND_LATENCY = 9
"""Cycles from the issue of a step to its operands at the array: addresses, banks, rotation, maximum. Deep banks add
theirs."""
BANK_CYCLES = 1
"""Cycles of selecting a bank, included in that."""


def frame_cycles(params: ConvParams) -> int:
    """Return the cycles of each frame through a lone engine, see "Cycles" in ``docs/explanation/architecture.md``."""
    return params.input.addresses + int(frame_timing(params).values[-1]) + OUTPUT_REGISTER + 1


@lru_cache(maxsize=256)
def frame_timing(params: ConvParams) -> FrameTiming:
    """Return the timing of a lone frame, in cycles after the one that takes the last input VALUE."""
    start = INPUT_LATENCY + 2  # the loader signals that the frame is complete, and the layer starts
    array, streamed = 0, params.weight_stream
    operands = OPERAND_LATENCY + max(0, bank_cycles(bank_depth(params)) - BANK_CYCLES)
    ring = None if streamed is None else WeightRing(streamed, depth=params.weight_ring, operands=operands)
    for layer in params.layers:
        timing = _layer_timing(params, layer, operands, ring, start)
        array += timing.last_result - timing.first_operand + 1
        offered = start + timing.reads + POST_LATENCY
        start = max(int(offered[-1]), start + timing.last_result) + NEXT_LAYER
    offered = offered + OUTPUT_LATENCY
    offered.setflags(write=False)
    return FrameTiming(values=offered, end=int(offered[-1]) + 1, array=array)


def _layer_timing(
    params: ConvParams, layer: ConvLayer, operands: int, ring: WeightRing | None, start: int
) -> LayerTiming:
    array = params.array
    span = max(layer.depth + array.gap, array.rows)
    issue: Issue = Steps(begin=1, committing=layer.depth - 1, span=span)
    if ring is not None:
        readers = layer.weight_readers(array.cols)
        issue = StreamedSteps(ring, start=start, depth=layer.depth, span=span, readers=readers)
    written, reads = group_times(
        tile_sizes(params, layer),
        issue,
        out=operands + array.latency + array.rows - 1,
        slots=SLOTS,
    )
    return LayerTiming(reads=reads, first_operand=1 + operands, last_result=written + array.skew)


def tile_sizes(params: ConvParams, layer: ConvLayer) -> list[int]:
    """Return the number of results of each tile, those beyond the edges excluded: pass by pass, tiles row by row."""
    heights, widths = (
        [min(tile, size - start) for start in range(0, size, tile)]
        for tile, size in zip(layer.tile, layer.size, strict=True)
    )
    width = layer.pass_width(params.array.cols)
    channels = [min(width, layer.outputs - start) for start in range(0, layer.outputs, width)]
    return [height * across * count for count in channels for height in heights for across in widths]
