"""Exact cycle counts of the conv engine, for frames alone or back to back and a consumer that is always ready.

The recurrence is that of an output-stationary systolic engine, tile by tile, except that a tile is read only after all
its rows have been written, because reads skip the rows beyond the image. Streamed weights come from a host that always
has the next beat ready, through a ring buffer that is full when the first frame
begins.
"""

from collections.abc import Callable
from functools import lru_cache

from tospike.hw.params import ConvLayer, ConvParams
from tospike.hw.params.banks import bank_cycles
from tospike.hw.params.conv_storage import bank_depth
from tospike.sim.conv.weight_ring import StreamedSteps, WeightRing
from tospike.sim.systolic.timing import (
    EMPTY,
    FIRST_LAYER,
    INPUT_LATENCY,
    NEXT_LAYER,
    OUTPUT_LATENCY,
    OUTPUT_REGISTER,
    QUEUE_LATENCY,
    FrameTiming,
    Issue,
    LayerTiming,
    Steps,
    group_times,
    post_latency,
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
    return Frames(params).timing(0)


class Frames:
    """Frames through an engine one after another: the next one is loaded while the last layer runs, if that one does
    not read the frame."""

    def __init__(self, params: ConvParams):
        self._params, streamed = params, params.weight_stream
        self._operands = OPERAND_LATENCY + max(0, bank_cycles(bank_depth(params)) - BANK_CYCLES)
        ring = None if streamed is None else WeightRing(streamed, depth=params.weight_ring, operands=self._operands)
        self._ring = ring

    @classmethod
    def later(cls, params: ConvParams) -> Callable[[int], FrameTiming] | None:
        """Return `timing` for the first and all other frames; ``None`` if all have that of a lone one."""
        return cls(params).timing if params.streams_weights else None

    def timing(self, taken: int) -> FrameTiming:
        """Return the timing of the next frame, as if its last VALUE were taken in cycle ``taken``."""
        params, array = self._params, 0
        # in cycles after `taken`: the loader signals that the frame is complete, and the layer starts
        start = INPUT_LATENCY + 2
        for layer in params.layers:
            begun = start
            timing = _layer_timing(params, layer, self._operands, self._ring, taken + begun)
            array += timing.last_result - timing.first_operand + 1
            offered = begun + timing.reads + post_latency(params)
            start = max(int(offered[-1]), begun + timing.last_result) + NEXT_LAYER
        left = int(offered[-1]) + QUEUE_LATENCY  # the last result leaves the queue
        offered = offered + OUTPUT_LATENCY
        offered.setflags(write=False)
        first_layer = max(left + FIRST_LAYER, begun + timing.last_result + EMPTY)
        return FrameTiming(
            values=offered,
            end=int(offered[-1]) + 1,
            array=array,
            release=(begun if params.loads_early else left + 1) + 1,
            next=first_layer - INPUT_LATENCY - 2,
        )


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
