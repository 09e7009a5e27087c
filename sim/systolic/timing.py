"""Exact cycle counts of the systolic engine, for a lone frame and a consumer that is always ready.

Weights that are streamed in come from a host that always has the next beat ready, into a queue that is full when the
frame begins.

Every layer is a short recurrence over *groups*: the results that the array completes together (OS: a tile; WS: a
column of tiles). Two groups fit the result buffer; the array holds back a group's results until there is room, and
the post-processor takes one result per cycle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tospike.hw.params import Dataflow, DenseLayer, SystolicParams, ceil_div
from tospike.sim.arithmetic import Ints
from tospike.sim.systolic.weight_stream import StreamedSteps, WeightStream

SLOTS = 2
"""Groups that the result buffer holds."""
OPERAND_LATENCY = 4
"""From the issue of a step to its operands at the array: address, memory, its output register, mask. Banks of weights
add theirs."""
POST_LATENCY = 12
"""From reading a result to its end: buffer, register, selection, nine stages of requantisation."""
INPUT_LATENCY = 1
"""Of the register that a token comes in by."""
OUTPUT_LATENCY = 3
"""Of the queue after the post-processor, and the output register."""
ACCUMULATE_LATENCY = 3
"""WS: from a partial sum at the array's edge to the sum: read, output register, add."""
ACCUMULATE_SPACING = 4
"""WS: a partial sum is read, added to and written back in this many cycles."""
OUTPUT_REGISTER = 1
"""Cycles from a value leaving the host's densifier to the host taking its beat."""
NEXT_LAYER = 3
"""From the last result of a layer (stored and out of the array) to the start of the next: state, two of descriptor."""
REORDER_LATENCY = 6
"""From the last result going into the reorder memory to the first leaving the queue after it."""


@dataclass(frozen=True, kw_only=True)
class FrameTiming:
    """When a frame's tokens leave, in cycles after the one that accepts the last input VALUE."""

    values: Ints
    """(rows * outputs,) cycle in which each VALUE is offered, and taken by a consumer that is ready."""
    end: int
    """Cycle in which the END is offered: the one after the last VALUE."""
    array: int
    """What the frame adds to the counter ``array_cycles``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTiming:
    """Cycles after the start of a layer."""

    reads: Ints
    """When the post-processor reads each result, in its order."""
    first_operand: int
    last_result: int
    """When the last result leaves the array."""


def array_cycles(params: SystolicParams) -> int:
    """Return the cycles from the first operand entering the array to the last result leaving it, summed over layers."""
    return frame_timing(params).array


def frame_cycles(params: SystolicParams) -> int:
    """Return the cycles of each frame through a lone engine, see "Cycles" in ``docs/explanation/architecture.md``."""
    # the first beat is taken in cycle 0; the last value is offered, and taken, as many cycles later as there are
    return params.input.addresses + int(frame_timing(params).values[-1]) + OUTPUT_REGISTER + 1


@lru_cache(maxsize=256)
def frame_timing(params: SystolicParams) -> FrameTiming:
    """Return the cycle counts of a lone frame.

    The engine takes a VALUE in each cycle in which one is offered, so everything is relative to the last VALUE (with
    the engine idle before the frame). The input link must send every address.
    """
    start = INPUT_LATENCY + 2  # the loader says that it is full, the layer starts
    array = 0
    stream = WeightStream(params) if params.streams_weights else None
    for layer in params.layers:
        timing = _layer_timing(params, layer, stream, start)
        array += timing.last_result - timing.first_operand + 1
        offered = start + timing.reads + POST_LATENCY
        start = max(int(offered[-1]), start + timing.last_result) + NEXT_LAYER
    offered = offered + OUTPUT_LATENCY
    if _reorders(params):
        offered = offered[-1] + REORDER_LATENCY + np.arange(len(offered), dtype=np.int64)
    offered.setflags(write=False)
    return FrameTiming(values=offered, end=int(offered[-1]) + 1, array=array)


def _reorders(params: SystolicParams) -> bool:
    """Return whether results pass through the reorder memory: groups might not complete in the order of addresses."""
    layers = params.layers if params.writable else params.layers[-1:]
    return max(layer.rows for layer in layers) > 1 and max(layer.outputs for layer in layers) > params.array.cols


Issue = Callable[[int], int]
"""When the step of the next group is made that needs a slot, which is free from the argument on."""


@dataclass(kw_only=True)
class Steps:
    """The steps of a layer, one per cycle."""

    begin: int
    """The first one of the next group."""
    committing: int
    span: int

    def __call__(self, freed: int) -> int:
        """When the step of the next group is made that needs a slot, which is free from ``freed`` on."""
        commit = max(self.begin + self.committing, freed)
        self.begin = commit - self.committing + self.span
        return commit


def _layer_timing(params: SystolicParams, layer: DenseLayer, stream: WeightStream | None, start: int) -> LayerTiming:
    array = params.array
    output_stationary = array.dataflow is Dataflow.OS
    sizes = _group_sizes(params, layer)
    if output_stationary:
        steps, tiles, loading = layer.inputs, 1, 0
        spacing = max(steps + array.gap, array.rows)
        group_rows = array.rows
        committing = steps - 1  # the step that waits for a free slot: the last
    else:
        steps, tiles, loading = layer.rows, ceil_div(layer.inputs, array.rows), array.rows
        spacing = max(steps, array.rows, ACCUMULATE_SPACING)
        group_rows = layer.rows
        committing = (tiles - 1) * spacing  # the first of the last tile
    # from the issue of a step to its result
    operands = OPERAND_LATENCY + params.bank_cycles
    out = operands + array.latency + (0 if output_stationary else ACCUMULATE_LATENCY)

    issue: Issue = Steps(begin=1 + loading, committing=committing, span=tiles * spacing)
    if stream is not None:
        issue = StreamedSteps(
            params, layer, stream, start=start, spacing=spacing, committing=committing, groups=len(sizes)
        )
    written, reads = group_times(sizes, issue, out=out, slots=SLOTS)
    return LayerTiming(
        reads=reads,
        first_operand=1 + operands,
        last_result=written + group_rows - 1 + array.skew,
    )


def group_times(sizes: Sequence[int], issue: Issue, *, out: int, slots: int) -> tuple[int, Ints]:
    """When groups of results are written and read, in cycles after the start of their layer.

    Parameters
    ----------
    sizes
        Results of each group.
    out
        Cycles from the step that needs a slot to the one before which the group cannot be read.
    slots
        Groups that the result buffer holds.

    Returns
    -------
    (the last group's time of ``out``, the times at which results are read, in their order)
    """
    done: list[int] = []  # cycle of the last read of each group
    reads = []
    written = 0
    for group, size in enumerate(sizes):
        written = issue(done[group - slots] + 1 if group >= slots else 0) + out
        first = written + 1 if group == 0 else max(written + 1, done[-1] + 1)
        reads.append(first + np.arange(size, dtype=np.int64))
        done.append(first + size - 1)
    return written, np.concatenate(reads)


def _group_sizes(params: SystolicParams, layer: DenseLayer) -> list[int]:
    """Return the results of each group, without those beyond the edges."""
    array = params.array
    widths = [min(array.cols, layer.outputs - start) for start in range(0, layer.outputs, array.cols)]
    if array.dataflow is Dataflow.WS:
        return [layer.rows * width for width in widths]
    heights = [min(array.rows, layer.rows - start) for start in range(0, layer.rows, array.rows)]
    return [height * width for height in heights for width in widths]
