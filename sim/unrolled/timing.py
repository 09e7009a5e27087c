"""Exact timing of the unrolled engine, `tospike.hw.unrolled.engine.Unrolled`.

It depends only on when beats are offered and taken, not on the data; see `tospike.sim.dataflow.timing`. The latencies
repeat those of the circuit on purpose.
"""

from collections import deque
from dataclasses import dataclass

from tospike.hw.params import UnrolledParams, ceil_div
from tospike.sim.cycles.link import Link
from tospike.sim.dataflow.stage import BEFORE, Stage
from tospike.sim.dataflow.timing import CREDIT, QUEUE, DataflowLink, first_of, resized
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

    latency: int
    """Cycles from a frame's entry to the offer of its beat."""
    downstream: Stage
    departed: deque[int]
    """When each of the latest beats left, for as many as the queue has places."""
    left: int = BEFORE
    """When the last beat left."""

    def take(self, offer: int) -> int:
        """Take a frame as soon as the queue has a place for its beat."""
        entered = max(offer, self.departed[0] + CREDIT)
        self.left = self.downstream.take(max(entered + self.latency, self.left + 1))
        self.departed.append(self.left)
        return entered


def unrolled_link(params: UnrolledParams, run: EngineRun, received: Sample, downstream: Link) -> DataflowLink:
    """Return the timing model of an unrolled engine before its first frame."""
    latency = pipeline_latency(params) + QUEUE
    places = latency + CREDIT
    pipeline = Pipeline(latency=latency, downstream=first_of(downstream), departed=deque([BEFORE] * places, places))
    lanes = ceil_div(params.layers[0].inputs, params.input_lanes) * params.input_lanes
    return DataflowLink(first=resized(params.input, lanes, pipeline))
