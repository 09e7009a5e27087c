"""Exact timing of the delta encoder."""

from dataclasses import dataclass, field

from tospike.hw.params import DeltaParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link, send_scanned
from tospike.sim.engine import EngineRun, Sample

LATENCY = 4
"""Cycles from taking a value to offering its change."""
LEAST_SPACING = 4
"""Minimum cycles between two reads of an entry, so that the second one sees the update after the first."""


@dataclass(kw_only=True, eq=False)
class DeltaLink:
    """`tospike.hw.encoders.delta.DeltaEncoder`: a value takes a cycle, unless its change is stalled.

    The pipeline stalls as a whole, and the host always offers the next token, so a value is taken ``LATENCY`` cycles
    before its change leaves.
    """

    changes: Sample
    """(N, steps, inputs) payloads that it sends."""
    downstream: Link
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take a whole frame."""
        after = send_scanned(self.downstream, self.changes[:, self.step] != 0, offer + LATENCY)
        return after - 1 - LATENCY

    def take_end(self, offer: Ints) -> Ints:
        """Send a TICK, and after the last frame's an END."""
        taken = self.downstream.take_tick(offer + LATENCY)
        self.step += 1
        if self.step == self.changes.shape[1]:
            taken = self.downstream.take_end(taken + 1)
        idle = max(0, LEAST_SPACING - (self.changes.shape[2] + 1))
        return taken - LATENCY + idle

    def take_tick(self, offer: Ints) -> Ints:
        """Never called: frames have no TICK."""
        raise AssertionError("frames have no TICK")


def delta_link(params: DeltaParams, run: EngineRun, frames: Sample, downstream: Link) -> DeltaLink:
    """Return the timing model of a delta encoder before its first sample."""
    return DeltaLink(changes=run.sent, downstream=downstream)
