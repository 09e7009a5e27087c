"""Exact timing of an array in a chain: it takes a whole frame, computes, and sends the results."""

from dataclasses import dataclass

import numpy as np

from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import DensifierLink, Link
from tospike.sim.systolic.timing import FrameTiming


@dataclass(kw_only=True, eq=False)
class ArrayLink(DensifierLink):
    """`tospike.hw.systolic.engine.SystolicEngine` or `tospike.hw.conv.engine.ConvEngine`, idle before the frame.

    The timing of a frame assumes no back-pressure, so the downstream engine must take a value in every cycle.
    """

    timing: FrameTiming
    downstream: Link

    def take_end(self, offer: Ints) -> Ints:
        """Take it after the missing zeros, then send the results one by one."""
        taken = super().take_end(offer)
        one = np.ones_like(taken)
        for address, after in enumerate(self.timing.values.tolist()):
            offered = self.done + after
            stalled = self.downstream.take_values(offered, one, address * one) - offered
            assert not stalled.any(), "an array must not stall: the downstream engine must hold a whole frame"
        self.downstream.take_end(self.done + self.timing.end)
        return taken


def array_link(inputs: int, timing: FrameTiming, samples: int, downstream: Link) -> ArrayLink:
    """Return the timing model of an array before its first frame."""
    zeros = np.zeros(samples, dtype=np.int64)
    return ArrayLink(addresses=inputs, address=zeros, done=zeros - 1, timing=timing, downstream=downstream)
