"""Exact timing of an ANN's layer on an event engine: see `tospike.sim.cycles.link` for the method."""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import EventAnnParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.ann import EventAnnRun
from tospike.sim.spiking.front_timing import FrontLink, front_link
from tospike.sim.spiking.timing import event_engine_link

ACTIVATE = 13
"""Cycles of `tospike.hw.spiking.activate.Activate` from taking a token to offering its result: 11 to the result, 2 in
the queue."""


@dataclass(kw_only=True, eq=False)
class ActivationLink:
    """`tospike.hw.spiking.activate.Activate`: takes a token per cycle; a lone frame never fills its queue."""

    membranes: Ints
    """(N, neurons)."""
    activations: Ints
    """(N, neurons)."""
    downstream: Link
    address: Ints
    """The first address that has not been received yet."""
    departed: Ints
    """When the downstream engine took the last token."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle; activations of 0 are not sent."""
        some = count > 0
        taken = offer - 1
        for address in range(int(self.address.min()), int(last_address.max(where=some, initial=-1)) + 1):
            here = some & (address >= self.address) & (address <= last_address)
            received = here & (self.membranes[:, address] != 0)
            taken = taken + received
            sends = received & (self.activations[:, address] != 0)
            if sends.any():
                offered = np.maximum(taken + ACTIVATE, self.departed + 1)
                departed = self.downstream.take_values(offered, sends.astype(np.int64), np.full_like(taken, address))
                self.departed = np.where(sends, departed, self.departed)
        self.address = np.where(some, last_address + 1, self.address)
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once, and send it after the values."""
        self.departed = self.downstream.take_tick(np.maximum(offer + ACTIVATE, self.departed + 1))
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once, and send it after the values."""
        self.departed = self.downstream.take_end(np.maximum(offer + ACTIVATE, self.departed + 1))
        return offer


def event_ann_link(params: EventAnnParams, run: EventAnnRun, frames: Sample, downstream: Link) -> FrontLink:
    """Return the timing model of an ANN's layer on an event engine before its first frame."""
    samples = len(frames)
    zeros = np.zeros(samples, dtype=np.int64)
    if run.activations is not None:
        downstream = ActivationLink(
            membranes=run.event.outputs,
            activations=run.activations,
            downstream=downstream,
            address=zeros,
            departed=zeros - 1,
        )
    return front_link(event_engine_link(params, run.event, downstream, samples), samples)
