"""Exact times of the bridges."""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import Contents
from tospike.hw.params.engines.bridge import BridgeParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link, send_scanned
from tospike.sim.engine import EngineRun, Sample

END_TO_OFFER = 2
"""From the cycle that takes the END to the one that offers the first word."""


@dataclass(kw_only=True, eq=False)
class BridgeLink:
    """`tospike.hw.bridge.engine.Bridge`: takes a token per cycle, then scans its words."""

    params: BridgeParams
    sent: Sample
    downstream: Link

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        return offer + np.maximum(count, 1) - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """The scan: a word takes a cycle, or waits until it is taken."""
        now = offer + END_TO_OFFER
        whole = self.params.sends is Contents.FRAME
        for step in range(self.params.steps):
            sends = np.ones_like(self.sent[:, step], dtype=bool) if whole else self.sent[:, step] != 0
            now = send_scanned(self.downstream, sends, now)
            if not whole:
                now = self.downstream.take_tick(now) + 1
        self.downstream.take_end(now)
        return offer


def bridge_link(params: BridgeParams, run: EngineRun, came: Sample, downstream: Link) -> BridgeLink:
    """Return a bridge before its first sample."""
    return BridgeLink(params=params, sent=run.sent, downstream=downstream)
