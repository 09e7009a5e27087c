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

    params: BridgeParams
    sent: Sample
    downstream: Link

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        return offer + np.maximum(count, 1) - 1

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once, then scan: a word per cycle, unless the downstream engine stalls it."""
        now = offer + END_TO_OFFER
        sends_frame = self.params.sends is Contents.FRAME
        for step in range(self.params.steps):
            sends = np.ones_like(self.sent[:, step], dtype=bool) if sends_frame else self.sent[:, step] != 0
            now = send_scanned(self.downstream, sends, now)
            if not sends_frame:
                now = self.downstream.take_tick(now) + 1
        self.downstream.take_end(now)
        return offer


def bridge_link(params: BridgeParams, run: EngineRun, received: Sample, downstream: Link) -> BridgeLink:
    """Return the timing model of a bridge before its first sample."""
    return BridgeLink(params=params, sent=run.sent, downstream=downstream)
