"""Exact timing of the register engine."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import Readout, RegisterParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.front import FrontLink, sleeping_front_link
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample
from tospike.sim.spiking.golden import EventRun
from tospike.sim.spiking.timing import SENT, updates_departed

TAKEN_TO_OFFER = 6
"""Cycles from taking a TICK or END to offering its first token: 3 to the serializer, 3 in it."""


@dataclass(kw_only=True, eq=False)
class RegisterLink:
    """`tospike.hw.spiking.register.RegisterEngine`: every token takes one cycle."""

    carried = ("ready", "last", "sent", "departed", "fed_back")

    params: RegisterParams
    run: EventRun
    downstream: Link
    ready: Ints
    """First cycle in which a token can be taken."""
    last: Ints
    """When the last token was taken."""
    sent: Ints
    """When the last token was taken by the downstream engine."""
    departed: list[Ints]
    """When the downstream engine took the last TICKs and ENDs, for as many updates as may be in flight."""
    fed_back: Ints
    """Recurrent engine: when it took the last token of its own."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        last = np.maximum(offer, self.ready) + count - 1
        self.ready = np.where(count > 0, last + 1, self.ready)
        self.last = np.where(count > 0, last, self.last)
        return last

    def taken(self, number: Ints, count: Ints) -> Ints:
        """Return when VALUE ``number`` (counted from 1) of the last ``count`` was taken."""
        return self.ready - 1 - (count - number)

    @property
    def empty(self) -> Ints:
        """First cycle in which nothing is in the engine, its pipelines included, if no other token arrives."""
        return np.maximum(self.last + 1 + self.params.settle, self.departed[-1] + SENT)

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once, unless too many updates are in flight."""
        taken = np.maximum(offer, self.ready)
        if self.params.readout is Readout.SPIKES:
            taken = np.maximum(taken, self.departed[0] + SENT)
            self.sent = self._send(taken, self.run.spikes[:, self.step], self.downstream, self.sent)
            self.sent = self.downstream.take_tick(np.maximum(taken + TAKEN_TO_OFFER, self.sent + 1))
            self.departed = [*self.departed[1:], self.sent]
        self.ready, self.last = taken + 1, taken
        if self.params.recurrent:
            last = self._send(taken, self.run.spikes[:, self.step], self, self.fed_back)
            self.fed_back = np.maximum(taken + TAKEN_TO_OFFER, last + 1)
            self.ready = self.fed_back + 1
        self.step += 1
        return taken

    def take_end(self, offer: Ints) -> Ints:
        """Take it like a TICK; send counts or membranes, if they are the readout, then the END."""
        taken = np.maximum(np.maximum(offer, self.ready), self.departed[0] + SENT)
        if self.params.readout is not Readout.SPIKES:
            self.sent = self._send(taken, self.run.outputs, self.downstream, self.sent)
        self.sent = self.downstream.take_end(np.maximum(taken + TAKEN_TO_OFFER, self.sent + 1))
        self.departed = [*self.departed[1:], self.sent]
        self.ready, self.last = taken + 1, taken
        return taken

    def _send(self, taken: Ints, values: NDArray[np.generic], downstream: Link, sent: Ints) -> Ints:
        """Send the VALUEs of a TICK or END; return when the last one is taken, or ``sent`` if there are none.

        ``sent`` is when the token before them was taken.
        """
        some = values != 0
        count = some.sum(axis=1, dtype=np.int64)
        last_address = self.params.neurons - 1 - np.argmax(some[:, ::-1], axis=1)
        last = downstream.take_values(np.maximum(taken + TAKEN_TO_OFFER, sent + 1), count, last_address)
        return np.where(count > 0, last, sent)


def register_link(params: RegisterParams, run: EventRun, trains: Sample, downstream: Link) -> FrontLink:
    """Return the timing model of a register engine before its first sample."""
    zeros = np.zeros(len(trains), dtype=np.int64)
    engine = RegisterLink(
        params=params,
        run=run,
        downstream=downstream,
        ready=zeros,
        last=zeros - 1,
        sent=zeros - 1,
        fed_back=zeros - 1,
        departed=updates_departed(params, zeros),
    )
    return sleeping_front_link(engine, len(trains), sleeps=params.sleeps)
