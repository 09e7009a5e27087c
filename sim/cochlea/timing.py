"""Exact timing of the cochlea."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import CochleaParams, Contents
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link, send_scanned
from tospike.sim.engine import EngineRun, Sample

END_TO_OFFER = 11
"""Cycles from taking the END of a time bin to offering the first channel's token."""
LEAST_PASS = 7
"""Minimum cycles for a section of all channels."""


def sample_cycles(params: CochleaParams) -> int:
    """Return the cycles between two samples of sound: a multiplier takes two for a section of a channel."""
    return params.sections * max(2 * params.groups, LEAST_PASS) + 1


@dataclass(kw_only=True, eq=False)
class CochleaLink:
    """`tospike.hw.cochlea.engine.Cochlea`: samples take a fixed time; after the END of a bin, a channel per cycle."""

    carried = ("ready",)

    params: CochleaParams
    sends: NDArray[np.bool_]
    """(N, steps, channels) whether a token is sent."""
    downstream: Link
    ready: Ints
    """First cycle in which a token can be taken."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take a sample, then the next when it has been through all sections."""
        period = sample_cycles(self.params)
        taken = np.maximum(offer, self.ready) + (count - 1) * period
        self.ready = np.where(count > 0, taken + period, self.ready)
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Never called: frames have no TICK."""
        raise AssertionError("frames have no TICK")

    def take_end(self, offer: Ints) -> Ints:
        """Send the tokens of a bin, and after the last one an END."""
        taken = np.maximum(offer, self.ready)
        first = self.step * self.params.channels if self.params.code.sends_levels else 0
        now = send_scanned(self.downstream, self.sends[:, self.step], taken + END_TO_OFFER, first)
        self.step += 1
        if self.params.sends is Contents.TRAIN:
            now = self.downstream.take_tick(now)
            if self.step == self.params.steps:
                now = self.downstream.take_end(now + 1)
        elif self.step == self.params.steps:
            now = self.downstream.take_end(now)
        self.ready = now + 1
        return taken


def cochlea_link(params: CochleaParams, run: EngineRun, sound: Sample, downstream: Link) -> CochleaLink:
    """Return the timing model of a cochlea before its first sample."""
    sent = run.sent.reshape(len(run.sent), params.steps, params.channels)
    sends = np.ones_like(sent, dtype=bool) if params.sends is Contents.FRAME else sent != 0
    return CochleaLink(params=params, sends=sends, downstream=downstream, ready=np.zeros(len(sound), np.int64))
