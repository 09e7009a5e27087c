"""Exact timing of the bridges."""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import Contents
from tospike.hw.params.engines.bridge import BridgeParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link, send_scanned
from tospike.sim.engine import EngineRun, Sample

END_TO_OFFER = 2
"""Cycles from taking the END to offering the first word."""


@dataclass(kw_only=True, eq=False)
class BridgeLink:
    """`tospike.hw.bridge.engine.Bridge`: takes a token per cycle, then scans its memory."""

    carried = ("ready", "sent")

    params: BridgeParams
    values: Sample
    downstream: Link
    ready: Ints
    """First cycle in which a token can be taken: after the scan."""
    sent: Ints
    """When the downstream engine took the last END."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        return np.maximum(offer, self.ready) + np.maximum(count, 1) - 1

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        return np.maximum(offer, self.ready)

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once, then scan: a word per cycle, unless the downstream engine stalls it."""
        taken = np.maximum(offer, self.ready)
        now = np.maximum(taken + END_TO_OFFER, self.sent + 1)
        for step in range(self.params.steps):
            if step < self.params.scans:
                values = self.values[:, step]
                sends = np.ones_like(values, dtype=bool) if self.params.sends is Contents.FRAME else values != 0
                now = send_scanned(self.downstream, sends, now)
            if self.params.sends is Contents.TRAIN:
                now = self.downstream.take_tick(now) + 1
        self.ready = now
        self.sent = self.downstream.take_end(now)
        return taken


def bridge_link(params: BridgeParams, run: EngineRun, received: Sample, downstream: Link) -> BridgeLink:
    """Return the timing model of a bridge before its first sample."""
    zeros = np.zeros(len(received), dtype=np.int64)
    return BridgeLink(params=params, values=run.sent, downstream=downstream, ready=zeros, sent=zeros - 1)
