"""Exact cycle counts of the systolic engine, for frames alone or back to back and a consumer that is always ready.

Streamed weights come from a host that always has the next beat ready, through a queue that is full when the first
frame begins.

Every layer is a short recurrence over *groups*, the results that the array completes together (OS: a tile; WS: a
column of tiles). The result buffer holds two groups: the array stalls before a group completes if the buffer is full,
and the post-processor reads one result per cycle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tospike.hw.params import ConvParams, Dataflow, DenseLayer, SystolicParams, ceil_div
from tospike.sim.arithmetic import Ints
from tospike.sim.systolic.weight_stream import StreamedSteps, WeightStream

SLOTS = 2
"""Groups that fit the result buffer."""
OPERAND_LATENCY = 4
"""Cycles from the issue of a step to its operands at the array: address, memory, its output register, mask. Weight
banks add theirs."""
POST_LATENCY = 12
"""Cycles of the post-processor, from reading a result: buffer, register, selection, nine stages of requantisation."""
TABLE_LATENCY = 2
"""Cycles that tables of activations add to it: memory, selection."""
INPUT_LATENCY = 1
"""Cycles of the input register."""
OUTPUT_LATENCY = 3
"""Cycles of the queue after the post-processor, and of the output register."""
ACCUMULATE_LATENCY = 3
"""WS: cycles from a partial sum at the array's edge to the accumulated sum: read, output register, add."""
ACCUMULATE_SPACING = 4
"""WS: cycles to read a sum, add to it and write it back."""
OUTPUT_REGISTER = 1
"""Cycles from a value leaving the host's densifier to the host taking its beat."""
NEXT_LAYER = 3
"""Cycles from the last result of a layer (stored, and out of the array) to the start of the next: one of the state
machine, two of the layer descriptor."""
REORDER_LATENCY = 6
"""Cycles from the last result entering the reorder memory to the first one leaving the queue after it."""
QUEUE = 4
"""Results that the queue after the post-processor holds beside those on their way to it."""
QUEUE_LATENCY = 2
"""Cycles of that queue; and from a result leaving it to the read of another one in its place."""
FIRST_LAYER = 5
"""Cycles from the last result of a frame leaving that queue to the start of the next frame: a register, one of the
state machine, three to read the first layer's descriptor."""
EMPTY = 2
"""Cycles from the last result leaving the array to the start of the next frame."""


@dataclass(frozen=True, kw_only=True)
class FrameTiming:
    """When a frame's tokens leave, in cycles after the one that takes the last input VALUE."""

    values: Ints
    """(rows * outputs,) cycle in which each VALUE is offered, and taken by a consumer that is ready."""
    end: int
    """Cycle in which the END is offered: the one after the last VALUE."""
    array: int
    """The frame's increment of the counter ``array_cycles``."""
    release: int
    """First cycle in which the loader can take a value of the next frame."""
    next: int
    """First cycle in which the loader can take the last value of the next frame, as seen from its buffer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTiming:
    """Times of a layer, in cycles after its start."""

    reads: Ints
    """When the post-processor reads each result, in the order of the reads."""
    first_operand: int
    """When the first operand enters the array."""
    last_result: int
    """When the last result leaves the array."""


def array_cycles(params: SystolicParams) -> int:
    """Return the cycles from the first operand entering the array to the last result leaving it, over all layers."""
    return frame_timing(params).array


def frame_cycles(params: SystolicParams) -> int:
    """Return the cycles of a frame through a lone engine; see "Cycles" in ``docs/explanation/architecture.md``."""
    # the first beat is taken in cycle 0, and the last value in cycle ``input.addresses``
    return params.input.addresses + int(frame_timing(params).values[-1]) + OUTPUT_REGISTER + 1


@lru_cache(maxsize=256)
def frame_timing(params: SystolicParams) -> FrameTiming:
    """Return the timing of a lone frame.

    The engine takes a VALUE whenever one is offered and is idle before the frame, so all times are relative to the last
    VALUE. The input link must send every address.
    """
    return Frames(params).timing(0)


class Frames:
    """Frames through an engine one after another: the next one is loaded while the last layer runs."""

    def __init__(self, params: SystolicParams):
        self._params = params
        streamed = params.weight_stream
        self._stream = None if streamed is None else WeightStream(streamed, depth=params.weight_queue)
        self._reordered: int | None = None  # first cycle in which the reorder memory takes a result of another frame

    @classmethod
    def later(cls, params: SystolicParams) -> Callable[[int], FrameTiming] | None:
        """Return `timing` for the first and all other frames; ``None`` if all have that of a lone one."""
        return cls(params).timing if params.streams_weights or _reorders(params) else None

    def timing(self, taken: int) -> FrameTiming:
        """Return the timing of the next frame, as if its last VALUE were taken in cycle ``taken``."""
        params, array = self._params, 0
        # in cycles after `taken`: the loader signals that the frame is complete, and the layer starts
        start = INPUT_LATENCY + 2
        wait = None if self._reordered is None else self._reordered - taken + QUEUE_LATENCY
        for layer in params.layers:
            begun, is_last = start, layer is params.layers[-1]
            until = wait - begun if is_last and wait is not None else 0
            timing = _layer_timing(params, layer, self._stream, taken + begun, until)
            array += timing.last_result - timing.first_operand + 1
            offered = begun + timing.reads + post_latency(params)
            start = max(int(offered[-1]), begun + timing.last_result) + NEXT_LAYER
        left = int(offered[-1]) + QUEUE_LATENCY  # the last result leaves the queue
        offered = offered + OUTPUT_LATENCY
        if _reorders(params):
            if self._reordered is not None:  # so few results that the queue holds them
                left = max(left, self._reordered - taken + len(offered) - 1)
            first = left + OUTPUT_LATENCY - QUEUE_LATENCY + REORDER_LATENCY
            offered = first + np.arange(len(offered), dtype=np.int64)
            self._reordered = taken + int(offered[-1])
        offered.setflags(write=False)
        first_layer = max(left + FIRST_LAYER, begun + timing.last_result + EMPTY)
        return FrameTiming(
            values=offered,
            end=int(offered[-1]) + 1,
            array=array,
            release=begun + 1,
            next=first_layer - INPUT_LATENCY - 2,
        )


def post_latency(params: SystolicParams | ConvParams) -> int:
    """Return the cycles of the post-processor, from reading a result."""
    return POST_LATENCY + (TABLE_LATENCY if params.tables else 0)


def _reorders(params: SystolicParams) -> bool:
    """Return whether results pass through the reorder memory, because groups might not complete in address order."""
    layers = params.layers if params.writable else params.layers[-1:]
    return max(layer.rows for layer in layers) > 1 and max(layer.outputs for layer in layers) > params.array.cols


Issue = Callable[[int], int]
"""Returns when the step of the next group that needs a slot is issued, if the slot is free from the argument on."""


@dataclass(kw_only=True)
class Steps:
    """The steps of a layer, issued one per cycle."""

    begin: int
    """When the first step of the next group is issued."""
    committing: int
    """Cycles from there to the step that needs a free slot."""
    span: int
    """Cycles per group."""

    def __call__(self, freed: int) -> int:
        """Return when the step of the next group that needs a slot is issued, if the slot is free from ``freed`` on."""
        commit = max(self.begin + self.committing, freed)
        self.begin = commit - self.committing + self.span
        return commit


def _layer_timing(
    params: SystolicParams, layer: DenseLayer, stream: WeightStream | None, start: int, until: int
) -> LayerTiming:
    """Return the timing of a layer that starts in cycle ``start`` of ``stream``; ``until`` as in `group_times`."""
    array = params.array
    output_stationary = array.dataflow is Dataflow.OS
    sizes = _group_sizes(params, layer)
    if output_stationary:
        steps, tiles, loading = layer.inputs, 1, 0
        spacing = max(steps + array.gap, array.rows)
        group_rows = array.rows
        committing = steps - 1  # the last step waits for a free slot
    else:
        steps, tiles, loading = layer.rows, ceil_div(layer.inputs, array.rows), array.rows
        spacing = max(steps, array.rows, ACCUMULATE_SPACING)
        group_rows = layer.rows
        committing = (tiles - 1) * spacing  # the first step of the last tile does
    # cycles from the issue of a step to its result
    operands = OPERAND_LATENCY + params.bank_cycles
    out = operands + array.latency + (0 if output_stationary else ACCUMULATE_LATENCY)

    issue: Issue = Steps(begin=1 + loading, committing=committing, span=tiles * spacing)
    if stream is not None:
        issue = StreamedSteps(
            params, layer, stream, start=start, spacing=spacing, committing=committing, groups=len(sizes)
        )
    written, reads = group_times(sizes, issue, out=out, slots=SLOTS, until=until, queue=post_latency(params) + QUEUE)
    return LayerTiming(
        reads=reads,
        first_operand=1 + operands,
        last_result=written + group_rows - 1 + array.skew,
    )


def group_times(
    sizes: Sequence[int], issue: Issue, *, out: int, slots: int, until: int = 0, queue: int = 0
) -> tuple[int, Ints]:
    """Return when groups of results are written and read, in cycles after the start of their layer.

    Parameters
    ----------
    sizes
        Results of each group.
    issue
        Times of the steps that need a slot.
    out
        Cycles from such a step to the write after which the group can be read.
    slots
        Groups that fit the result buffer.
    until
        No result after the first ``queue`` can be read before: the results of the frame before are being reordered.

    Returns
    -------
    (when the last group is written, when each result is read, in the order of the reads)
    """
    done: list[int] = []  # cycle of the last read of each group
    reads = []
    written = read = 0
    for group, size in enumerate(sizes):
        written = issue(done[group - slots] + 1 if group >= slots else 0) + out
        first = written + 1 if group == 0 else max(written + 1, done[-1] + 1)
        times = first + np.arange(size, dtype=np.int64)
        queued = max(0, queue - read)  # of the results of this group, without waiting
        times[queued:] += max(0, until + max(0, read - queue) - (first + queued))
        read += size
        reads.append(times)
        done.append(int(times[-1]))
    return written, np.concatenate(reads)


def _group_sizes(params: SystolicParams, layer: DenseLayer) -> list[int]:
    """Return the number of results of each group, those beyond the edges excluded."""
    array = params.array
    widths = [min(array.cols, layer.outputs - start) for start in range(0, layer.outputs, array.cols)]
    if array.dataflow is Dataflow.WS:
        return [layer.rows * width for width in widths]
    heights = [min(array.rows, layer.rows - start) for start in range(0, layer.rows, array.rows)]
    return [height * width for height in heights for width in widths]
