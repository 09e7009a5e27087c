"""Exact timing of the pooling engine, `tospike.hw.window.pool.DataflowPool`: see `tospike.sim.dataflow.timing`."""

from tospike.hw.params import DataflowPoolParams
from tospike.sim.cycles.link import Link
from tospike.sim.dataflow.timing import MEMORY, SELECT, DataflowLink, resized, results_of
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.window.windows import Windows


def pool_link(params: DataflowPoolParams, run: EngineRun, received: Sample, downstream: Link) -> DataflowLink:
    """Return the timing model of a pooling engine before its first image."""
    taps, groups = params.window.taps, params.window.pixel_words
    results = results_of(params.layer, MEMORY + SELECT + (taps > 1), downstream)
    windows = Windows(window=params.window, words=taps, groups=groups, results=results)
    return DataflowLink(first=resized(params.input, params.window.lanes, windows))
