"""Cycles of an event engine with a window of weights: each event takes as many as it reaches words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventWindow, SpikingParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.golden import EventRun
from tospike.sim.spiking.timing import EventLink, event_engine_link
from tospike.sim.spiking.window import Connections

DECODE = 4
"""Registers between a window's input and its sequencer: `tospike.hw.spiking.address_decoder`."""


def spent_cycles(params: SpikingParams, window: EventWindow, inputs: NDArray[np.integer]) -> Ints:
    """Return (N, most events + 1) cycles that a sample's first 0, 1, 2, ... events take together; (N, T, inputs)
    ``inputs``.

    An event that reaches no neuron takes one.
    """
    costs = np.maximum(1, Connections(window).reached * params.event_words)
    samples = len(inputs)
    counts = np.count_nonzero(inputs, axis=(1, 2))
    spent = np.zeros((samples, int(counts.max(initial=0)) + 1), dtype=np.int64)
    for sample, count in enumerate(counts.tolist()):
        spent[sample, 1 : count + 1] = np.cumsum(costs[np.nonzero(inputs[sample])[1]])
    return spent


@dataclass(kw_only=True, eq=False)
class WindowLink:
    """The registers in which addresses become places, and the `EventLink` of the engine behind them.

    Token k enters the registers at ``max(offer, left[k - DECODE])``, and leaves them ``DECODE`` cycles later at the
    earliest.
    """

    engine: EventLink
    spent: Ints
    """Of `spent_cycles`."""
    seen: Ints
    """(N,) events so far."""
    left: Ints
    """(DECODE, N): when the last tokens left the registers, the oldest first."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """As many cycles as the next ``count`` events take; only the first may come too late to follow at once."""
        engine, rows, some = self.engine, np.arange(len(count)), count > 0
        entered = np.maximum(offer, self.left[0])
        first = np.maximum(entered + DECODE, engine.ready)
        begin = engine.after_due_update(np.maximum(first + 1, engine.free), some)
        before = self.spent[rows, self.seen]
        # of the last of these tokens and the DECODE before it; 1 is the first of these, numbers up to 0 came before
        number = count + np.arange(-DECODE, 1)[:, None]
        later = begin + self.spent[rows, self.seen + np.maximum(number - 1, 0)] - before - 1
        earlier = np.take_along_axis(self.left, np.clip(number + DECODE - 1, 0, DECODE - 1), axis=0)
        left = np.where(number > 1, later, np.where(number == 1, first, earlier))
        taken = np.maximum(entered + count - 1, left[0])
        self.left = left[1:]
        engine.free = np.where(some, begin + self.spent[rows, self.seen + count] - before, engine.free)
        engine.ready = np.where(some, engine.free - 1, engine.ready)
        self.seen = self.seen + count
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Through the registers."""
        entered = np.maximum(offer, self.left[0])
        self.left = np.vstack([self.left[1:], self.engine.take_tick(entered + DECODE)])
        return entered

    def take_end(self, offer: Ints) -> Ints:
        """Through the registers."""
        entered = np.maximum(offer, self.left[0])
        self.left = np.vstack([self.left[1:], self.engine.take_end(entered + DECODE)])
        return entered


def spiking_link(params: SpikingParams, run: EventRun, trains: Sample, downstream: Link) -> EventLink | WindowLink:
    """Return the event engine of a spiking layer before its first sample."""
    samples = len(trains)
    engine = event_engine_link(params, run, downstream, samples)
    if params.window is None:
        return engine
    zeros = np.zeros(samples, dtype=np.int64)
    spent = spent_cycles(params, params.window, trains)
    return WindowLink(engine=engine, spent=spent, seen=zeros, left=np.tile(zeros - 1, (DECODE, 1)))
