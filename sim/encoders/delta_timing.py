"""Exact times of the delta encoder."""

from dataclasses import dataclass, field

from tospike.hw.params import DeltaParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link, send_scanned
from tospike.sim.engine import EngineRun, Sample

LATENCY = 4
"""From a value that is taken to its change being offered."""
LEAST_SPACING = 4
"""From reading a value to reading the one that has replaced it."""


@dataclass(kw_only=True, eq=False)
class DeltaLink:
    """`tospike.hw.encoders.delta.DeltaEncoder`: a value takes a cycle, or waits until its change is taken.

    All of its stages wait as one, so a value counts as taken ``LATENCY`` cycles before its change leaves: the host,
    which is what comes before it, has a token in every cycle.
    """

    changes: Sample
    """(N, steps, inputs)."""
    downstream: Link
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """A frame, whole."""
        after = send_scanned(self.downstream, self.changes[:, self.step] != 0, offer + LATENCY)
        return after - 1 - LATENCY

    def take_end(self, offer: Ints) -> Ints:
        """A TICK; after that of the last frame an END."""
        taken = self.downstream.take_tick(offer + LATENCY)
        self.step += 1
        if self.step == self.changes.shape[1]:
            self.downstream.take_end(taken + 1)
        idle = max(0, LEAST_SPACING - (self.changes.shape[2] + 1))
        return taken - LATENCY + idle

    def take_tick(self, offer: Ints) -> Ints:
        """There is none among frames."""
        raise AssertionError("frames have no TICK")


def delta_link(params: DeltaParams, run: EngineRun, frames: Sample, downstream: Link) -> DeltaLink:
    """Return a delta encoder before its first sample."""
    return DeltaLink(changes=run.sent, downstream=downstream)
