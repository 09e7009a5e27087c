"""Exact departures of samples that follow one another without a gap, for chains whose timing no data change."""

import numpy as np

from tospike.hw.params import AcceleratorParams, BeatFormat, require
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.chain import answered, chain_links
from tospike.sim.cycles.host import send_beats
from tospike.sim.engine import EngineRun

STREAM = 32
"""Samples after which the pipeline is full."""


def interval(params: AcceleratorParams) -> int | None:
    """Return the cycles between two answers of a long stream of samples; ``None`` if only one is inside at a time."""
    if not isinstance(params.input, BeatFormat):
        return None
    left = departures(params, STREAM)
    return int(left[-1] - left[-2])


def departures(params: AcceleratorParams, samples: int) -> Ints:
    """Return (samples,): when the last beat of each answer leaves, if the host offers and takes a beat in every cycle.

    They count from the first beat of the first sample, which is in cycle 0, to the cycle after the departure, so that
    the first one is the latency of a lone sample. ``samples`` over the last one is the throughput.

    Raises
    ------
    InputError
        The engines take no beats: only dataflow engines have several samples in their pipeline.
    """
    require(
        isinstance(params.input, BeatFormat),
        "the departures of samples back to back are known for dataflow engines only: give --engine dataflow",
    )
    assert isinstance(params.input, BeatFormat)
    # beats and their timing are the same whatever they carry
    sample = np.zeros((1, 1, params.input.addresses), dtype=np.int64)
    runs = [
        EngineRun(sent=np.zeros((1, 1, engine.output.addresses), dtype=np.int64), counters={}, operations={})
        for engine in params.engines
    ]
    sink, link = chain_links(params, sample, runs)
    left = np.empty(samples, dtype=np.int64)
    offer = np.ones(1, dtype=np.int64)  # a cycle after the host's beat
    for number in range(samples):
        offer = send_beats(params.input, offer, link) + 1
        left[number] = answered(params, sink)[0]
    return left
