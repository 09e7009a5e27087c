"""Exact timing of the delay engine."""

from dataclasses import dataclass, field

import numpy as np

from tospike.hw.params import DelayParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.encoders.delay import DelayRun
from tospike.sim.engine import Sample

TAKEN_TO_READ = 3
"""Cycles from taking a TICK or END to having read the first entry that it sends, or else the marker itself."""


@dataclass(kw_only=True, eq=False)
class DelayLink:
    """`tospike.hw.encoders.delay.Delay`: a VALUE takes a cycle; so does an entry of a scan, unless it is stalled."""

    carried = ("ready", "read", "sent")

    params: DelayParams
    run: DelayRun
    downstream: Link
    ready: Ints
    """First cycle in which a token can be taken."""
    read: Ints
    """When the last TICK or END left for the output register."""
    sent: Ints
    """When the last token was taken by the downstream engine."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        last = np.maximum(offer, self.ready) + count - 1
        self.ready = np.where(count > 0, last + 1, self.ready)
        return last

    def take_tick(self, offer: Ints) -> Ints:
        """Send the entries of the step's slot by ascending address, then the TICK."""
        taken = np.maximum(offer, self.ready)
        events = self.run.sent[:, self.step] != 0
        any_event = events.any(axis=1)
        before = np.maximum(taken + TAKEN_TO_READ, self.read + 1) - 1
        read, position = before, 0  # `read` is when the entry before `position` was read
        for address in np.flatnonzero(events.any(axis=0)).tolist():
            here = events[:, address]
            read, position = read + (address + 1 - position), address + 1
            read = np.where(here, np.maximum(read, self.sent), read)
            last = self.downstream.take_values(read + 1, here.astype(np.int64), np.full_like(read, address))
            self.sent = np.where(here, last, self.sent)
        # an empty slot is skipped
        read = np.where(any_event, read + (self.params.inputs - position), before)
        self.ready = read + 1
        self.read = np.maximum(read + 1, self.sent)
        self.sent = self.downstream.take_tick(self.read + 1)
        self.step += 1
        return taken

    def take_end(self, offer: Ints) -> Ints:
        """Send the END, then drop what remains in the ring buffer."""
        taken = np.maximum(offer, self.ready)
        fetched = np.maximum(taken + TAKEN_TO_READ, self.read + 1)
        self.read = np.maximum(fetched, self.sent)
        self.ready = np.where(self.run.dropping > 0, self.read + self.run.dropping, fetched)
        self.sent = self.downstream.take_end(self.read + 1)
        return taken


def delay_link(params: DelayParams, run: DelayRun, trains: Sample, downstream: Link) -> DelayLink:
    """Return the timing model of a delay engine before its first sample."""
    zeros = np.zeros(len(trains), dtype=np.int64)
    return DelayLink(params=params, run=run, downstream=downstream, ready=zeros, read=zeros - 1, sent=zeros - 1)
