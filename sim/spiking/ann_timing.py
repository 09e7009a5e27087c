"""Exact timing of an ANN's layer on an event engine: see `tospike.sim.cycles.link` for the method."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventAnnParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.front import FrontLink, sleeping_front_link
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.ann import EventAnnRun
from tospike.sim.spiking.timing import event_engine_link

ACTIVATE = 13
"""Cycles of `tospike.hw.spiking.activate.Activate` from taking a token to offering its result: 11 to the result, 2 in
the queue."""
DEPARTED = 2
"""Cycles from a token leaving the queue to another one in its place being taken."""
DROPPED = 12
"""Cycles from taking a token whose activation is 0 to another one in its place being taken."""


@dataclass(kw_only=True, eq=False)
class ActivationLink:
    """`tospike.hw.spiking.activate.Activate`: takes a token per cycle while its queue has room for all that are inside.

    A lone frame never fills the queue, so room is modelled for samples one after another, N = 1, only.
    """

    carried = ("departed", "room")

    membranes: Ints
    """(N, neurons)."""
    activations: Ints
    """(N, neurons)."""
    downstream: Link
    address: Ints
    """The first address that has not been received yet."""
    departed: Ints
    """When the downstream engine took the last token."""
    room: list[int]
    """When tokens that are inside free their places, a heap; at first, all places are free."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle; activations of 0 are not sent."""
        some = count > 0
        taken = offer - 1
        for address in range(int(self.address.min()), int(last_address.max(where=some, initial=-1)) + 1):
            here = some & (address >= self.address) & (address <= last_address)
            received = here & (self.membranes[:, address] != 0)
            taken = self._enter(taken + received, received)
            sends = received & (self.activations[:, address] != 0)
            if sends.any():
                offered = np.maximum(taken + ACTIVATE, self.departed + 1)
                departed = self.downstream.take_values(offered, sends.astype(np.int64), np.full_like(taken, address))
                self.departed = np.where(sends, departed, self.departed)
            self._leave(np.where(sends, self.departed + DEPARTED, taken + DROPPED), received)
        self.address = np.where(some, last_address + 1, self.address)
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Never called: frames have no TICK."""
        raise AssertionError("frames have no TICK")

    def take_end(self, offer: Ints) -> Ints:
        """Take it like a VALUE, and send it after the values."""
        one = np.ones(len(offer), dtype=bool)
        taken = self._enter(offer, one)
        self.departed = self.downstream.take_end(np.maximum(taken + ACTIVATE, self.departed + 1))
        self._leave(self.departed + DEPARTED, one)
        return taken

    def _enter(self, offer: Ints, present: NDArray[np.bool_]) -> Ints:
        """Return when a token is taken that is offered in cycle ``offer``."""
        places = self.membranes.shape[1] + 1
        if len(offer) > 1 or not present[0] or len(self.room) < places:
            return offer
        return np.maximum(offer, heappop(self.room))

    def _leave(self, cycle: Ints, present: NDArray[np.bool_]) -> None:
        """Free the place of a token from a cycle on."""
        if len(cycle) == 1 and present[0]:
            heappush(self.room, int(cycle[0]))


def event_ann_link(params: EventAnnParams, run: EventAnnRun, frames: Sample, downstream: Link) -> FrontLink:
    """Return the timing model of an ANN's layer on an event engine before its first frame."""
    samples = len(frames)
    zeros = np.zeros(samples, dtype=np.int64)
    results = None
    if run.activations is not None:
        results = ActivationLink(
            membranes=run.event.outputs,
            activations=run.activations,
            downstream=downstream,
            address=zeros,
            departed=zeros - 1,
            room=[],
        )
    engine = event_engine_link(params, run.event, downstream, samples, results=results)
    return sleeping_front_link(engine, samples, sleeps=params.sleeps)
