"""Exact timing of the layers of a delta ANN: see `tospike.sim.cycles.link` for the method."""

from dataclasses import dataclass, field

import numpy as np

from tospike.hw.params import DeltaAnnParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.front import FrontLink, sleeping_front_link
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.ann_timing import ACTIVATE
from tospike.sim.spiking.delta_ann import DeltaAnnRun
from tospike.sim.spiking.timing import SENT, EventLink, event_engine_link

CHANGES = 2
"""Cycles of `tospike.hw.spiking.changes.Changes` from an activation to its change."""


@dataclass(kw_only=True, eq=False)
class ChangesLink:
    """`tospike.hw.spiking.activate.Activate` with changes: takes a token per cycle; its queue holds a whole frame."""

    carried = ("departed",)

    changes: Ints
    """(N, F, neurons)."""
    downstream: Link
    departed: Ints
    """When the downstream engine took the last token."""
    frame: int = field(default=0, init=False)
    address: int = field(default=0, init=False)
    """The next address: frames are complete."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle, and send the changes."""
        end, last = int(last_address[0]) + 1, offer - 1
        for address in range(self.address, end):
            last = last + 1
            sends = self.changes[:, self.frame, address] != 0
            if sends.any():
                departed = self.downstream.take_values(
                    self._offer(last), sends.astype(np.int64), np.full_like(last, address)
                )
                self.departed = np.where(sends, departed, self.departed)
        self.address = end
        return last

    def take_tick(self, offer: Ints) -> Ints:
        """Send it after the values, and return when it has left."""
        self.departed = self.downstream.take_tick(self._offer(offer))
        self.frame, self.address = self.frame + 1, 0
        return self.departed

    def take_end(self, offer: Ints) -> Ints:
        """Send it like a TICK."""
        self.departed = self.downstream.take_end(self._offer(offer))
        return self.departed

    def _offer(self, taken: Ints) -> Ints:
        """Return when a token is offered to the downstream engine."""
        return np.maximum(taken + ACTIVATE + CHANGES, self.departed + 1)


@dataclass(kw_only=True, eq=False)
class HiddenLink(EventLink):
    """`tospike.hw.spiking.engine.EventEngine` with changes: a TICK sends all membranes, an END none."""

    def take_tick(self, offer: Ints) -> Ints:
        """Begin an update, once everything from the last one has left."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(np.maximum(taken + 1, self.free), self.departed[0] + SENT)
        every = np.ones((len(begin), self.params.words), dtype=bool)
        sent = self._send(begin, np.ones((len(begin), self.params.neurons)), every, self.downstream, self.sent)
        self.sent = self.downstream.take_tick(self._marker_offer(begin, every, sent))
        self.departed = [self.sent]
        self._update(begin, every)
        return taken

    def take_end(self, offer: Ints) -> Ints:
        """Begin an update that clears; the END leaves with its first word."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(np.maximum(taken + 1, self.free), self.departed[0] + SENT)
        self.sent = self.downstream.take_end(begin + self.to_offer)
        self.departed = [self.sent]
        self._update(begin, np.ones((len(begin), self.params.words), dtype=bool))
        return taken


def delta_ann_link(params: DeltaAnnParams, run: DeltaAnnRun, changes: Sample, downstream: Link) -> FrontLink:
    """Return the timing model of a delta ANN's layer before its first frame."""
    samples = len(changes)
    zeros, never_yet = np.zeros(samples, dtype=np.int64), np.zeros(samples, dtype=bool)
    never = zeros - 1
    if run.changes is None:
        last = event_engine_link(params, run, downstream, samples)
        return sleeping_front_link(last, samples, sleeps=params.sleeps)
    changes_link = ChangesLink(changes=run.changes, downstream=downstream, departed=never)
    engine = HiddenLink(
        params=params,
        run=run,
        downstream=changes_link,
        results=changes_link,
        ready=zeros,
        free=zeros,
        sent=never,
        fed_back=never,
        departed=[zeros - SENT],
        due=never_yet,
        listed=zeros,
        touched=never_yet,
    )
    return sleeping_front_link(engine, samples, sleeps=params.sleeps)
