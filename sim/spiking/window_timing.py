"""Exact timing of an event engine with a window: an event takes a cycle for each word that it reaches."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventWindow, SpikingParams
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.counting import count_nonzero
from tospike.sim.cycles.front import FrontLink, sleeping_front_link
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.golden import EventRun
from tospike.sim.spiking.timing import event_engine_link
from tospike.sim.spiking.window import Connections

DECODE = 4
"""Pipeline registers between the engine's input buffer and its sequencer: `tospike.hw.spiking.address_decoder`."""


def spent_cycles(params: SpikingParams, window: EventWindow, inputs: NDArray[np.integer]) -> Ints:
    """Return the (N, most events + 1) cycles that the first 0, 1, 2, ... events of each sample take together.

    ``inputs`` are (N, T, inputs) payloads. An event that reaches no neuron takes one cycle.
    """
    costs = np.maximum(1, Connections(window).reached * params.event_words)
    samples = len(inputs)
    counts = count_nonzero(inputs)
    spent = np.zeros((samples, int(counts.max(initial=0)) + 1), dtype=np.int64)
    for sample, count in enumerate(counts.tolist()):
        addresses = np.flatnonzero(inputs[sample].ravel() != 0) % inputs.shape[2]
        spent[sample, 1 : count + 1] = np.cumsum(costs[addresses])
    return spent


def spiking_link(params: SpikingParams, run: EventRun, trains: Sample, downstream: Link) -> FrontLink:
    """Return the timing model of a spiking layer's event engine before its first sample."""
    samples, window = len(trains), params.window
    if window is None:
        return sleeping_front_link(event_engine_link(params, run, downstream, samples), samples, sleeps=params.sleeps)
    spent = spent_cycles(params, window, trains)
    engine = event_engine_link(params, run, downstream, samples, spent=spent)
    return sleeping_front_link(engine, samples, sleeps=params.sleeps, registers=DECODE)
