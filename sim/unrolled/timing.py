"""Exact timing of the unrolled engine, `tospike.hw.unrolled.engine.Unrolled`.

It depends only on when beats are offered and taken, not on the data; see `tospike.sim.dataflow.timing`. The latencies
repeat those of the circuit on purpose.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from tospike.hw.params import UnrolledParams, ceil_div
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.dataflow.timing import CREDIT, QUEUE, DataflowLink, resized
from tospike.sim.engine import EngineRun, Sample

SCALE = 3
"""Cycles of a product with a multiplier that is no power of two."""


def pipeline_latency(params: UnrolledParams) -> int:
    """Return the cycles from a frame's entry to its results at the queue."""
    cycles = 0
    for layer in params.layers:
        depth = 0
        while 1 << depth < layer.terms:
            depth += 1
        cycles += (layer.weight_bits > 2) + ceil_div(depth, params.adder_levels)
        if layer.clamp is not None:
            cycles += 1 + (SCALE if layer.scaled else 0)
    return cycles


@dataclass(kw_only=True, eq=False)
class Pipeline:
    """From a frame's entry to its beat: frames wait at the start, beats at the end."""

    params: UnrolledParams
    downstream: Link
    departed: deque[Ints]
    """When each of the latest beats left, for as many as the queue has places."""
    left: Ints
    """When the last beat left."""

    def take(self, offer: Ints) -> Ints:
        """Take a frame as soon as the queue has a place for its beat."""
        entered = np.maximum(offer, self.departed[0] + CREDIT)
        ready = entered + pipeline_latency(self.params) + QUEUE
        one = np.ones_like(entered)
        last = (self.params.output.addresses - 1) * one
        self.left = self.downstream.take_values(np.maximum(ready, self.left + 1), one, last)
        self.departed.append(self.left)
        return entered


def unrolled_link(params: UnrolledParams, run: EngineRun, received: Sample, downstream: Link) -> DataflowLink:
    """Return the timing model of an unrolled engine before its first frame."""
    before = np.full(len(received), -(1 << 40), dtype=np.int64)  # long ago
    places = pipeline_latency(params) + QUEUE + CREDIT
    pipeline = Pipeline(params=params, downstream=downstream, departed=deque([before] * places, places), left=before)
    lanes = ceil_div(params.layers[0].inputs, params.input_lanes) * params.input_lanes
    return DataflowLink(first=resized(params.input, lanes, pipeline, before))
