"""Exact timing of the event engine."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import LIST_SETTLE, EventParams, Readout
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.spiking.golden import EventRun

UPDATE_TO_OFFER = 12
"""Cycles from the update of a word to the offer of its first token: 7 to the queue, 2 in it, 3 to serialize. A neuron's
``extra_cycles`` and those of weight banks and of groups of lanes are added."""

SECTIONS = 2
"""Cycles more to serialize the words of several groups of lanes: `tospike.hw.spiking.sections`."""

UPDATES_IN_FLIGHT = 2
"""Updates whose spikes may be in flight at a time: `tospike.hw.spiking.sequencer.updates_in_flight`."""

SENT = 2
"""Cycles from the departure of a TICK or END to the start of an update that waited for it, and to the first cycle in
which nothing of it is inside."""


class ResultsLink(Link, Protocol):
    """A link inside of the engine, at its end."""

    @property
    def departed(self) -> Ints:
        """When the last token left the engine."""


@dataclass(kw_only=True, eq=False)
class EventLink:
    """`tospike.hw.spiking.engine.EventEngine`; `sim/compiled/event_engine.h` has the same equations."""

    carried = ("ready", "free", "sent", "departed", "fed_back", "listed", "touched")

    params: EventParams
    run: EventRun
    downstream: Link
    ready: Ints
    """First cycle in which a token can be taken."""
    free: Ints
    """First cycle in which the pipeline can begin a word."""
    sent: Ints
    """When the last token was taken by the downstream engine."""
    departed: list[Ints]
    """When the downstream engine took the last TICKs and ENDs, for as many updates as may be in flight."""
    due: NDArray[np.bool_]
    """Membrane readout: whether the last TICK's update has been deferred."""
    fed_back: Ints
    """Recurrent engine: when it took the last token of its own."""
    listed: Ints
    """First cycle in which an update of listed words can begin."""
    touched: NDArray[np.bool_]
    """Whether there has been a VALUE since the last update."""
    results: "ResultsLink | None" = None
    """What turns membranes into results inside of the engine: ``downstream``, if there is one."""
    spent: Ints | None = None
    """With a window: the result of `tospike.sim.spiking.window_timing.spent_cycles`."""
    seen: Ints | int = 0
    """Number of VALUEs so far."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take them; each occupies the engine for a cycle per word that it reaches."""
        some = count > 0
        taken = np.maximum(offer, self.ready)
        begin = self.after_due_update(np.maximum(taken + 1, self.free), some)
        before, self.seen = self.seen, self.seen + count
        self.free = np.where(some, begin + self._cycles(self.seen) - self._cycles(before), self.free)
        self.ready = np.where(some, self.free - 1, self.ready)
        self.touched = self.touched | some
        return taken if count.max(initial=0) <= 1 else np.where(count > 1, self.taken(count, count), taken)

    def taken(self, number: Ints, count: Ints) -> Ints:
        """Return when VALUE ``number`` (2 or more) of the last ``count`` was taken: when its predecessor ended."""
        return self.free - (self._cycles(self.seen) - self._cycles(self.seen - count + number - 1)) - 1

    def _cycles(self, values: Ints | int) -> Ints:
        """Return the cycles that the sample's first ``values`` VALUEs take together."""
        if self.spent is None:
            return np.asarray(values * self.params.words)
        return self.spent[np.arange(len(self.spent)), values]

    def take_tick(self, offer: Ints) -> Ints:
        """Begin an update, or with a membrane readout defer it."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(taken + 1, self.free)
        readout = self.params.readout
        updated = self.run.updated[:, self.step]
        if readout is Readout.MEMBRANE:
            begin = self._after_list(self.after_due_update(begin, np.ones_like(self.due)))
            self.due = np.any(updated, axis=1)
            self.ready, self.free = begin, begin + 1
            self.step += 1
            return taken
        begin = self._after_list(begin)
        if readout is Readout.SPIKES:
            begin = np.maximum(begin, self.departed[0] + SENT)
            self.sent = self._send(begin, self.run.spikes[:, self.step], updated, self.downstream, self.sent)
            self.sent = self.downstream.take_tick(self._marker_offer(begin, updated, self.sent))
            self.departed = [*self.departed[1:], self.sent]
        self._update(begin, updated)
        if self.params.recurrent:
            self._feed_back(begin, updated)
        self.step += 1
        return taken

    def _feed_back(self, begin: Ints, updated: NDArray[np.bool_]) -> None:
        """Take the spikes of the update before any other token, then drop their TICK."""
        last = self._send(begin, self.run.spikes[:, self.step], updated, self, self.fed_back)
        self.fed_back = self._marker_offer(begin, updated, last)
        self.ready = np.maximum(self.ready, self.fed_back + 1)

    def take_end(self, offer: Ints) -> Ints:
        """Begin an update that clears the states; send counts or membranes, if they are the readout, then the END."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(np.maximum(taken + 1, self.free), self.departed[0] + SENT)
        every = np.ones((len(begin), self.params.words), dtype=bool)
        if self.params.readout is Readout.SPIKES:
            marker = np.maximum(begin + self.to_offer, self.sent + 1)
        else:
            self.sent = self._send(begin, self.run.outputs, every, self.downstream, self.sent)
            marker = self._marker_offer(begin, every, self.sent)
        self.sent = self.downstream.take_end(marker)
        self.departed = [*self.departed[1:], self.sent]
        self.touched = np.ones_like(self.touched)
        self._update(begin, every)
        return taken

    def _after_list(self, begin: Ints) -> Ints:
        """Return ``begin``, or later if the list of words to update has not settled."""
        return np.where(self.touched, begin, np.maximum(begin, self.listed)) if self.params.lists_words else begin

    def after_due_update(self, begin: Ints, needed: NDArray[np.bool_]) -> Ints:
        """Make the deferred update from ``begin`` on where ``needed``; return when the token's own work begins."""
        updated = self.due & needed
        self.due = self.due & ~needed
        if not updated.any():
            return begin
        back = self._back(begin, self.run.updated[:, self.step - 1])
        self.listed = np.where(updated, back + LIST_SETTLE, self.listed)
        after = np.where(updated, self._after_list(back), begin)
        self.touched = self.touched & ~updated
        return after

    def _update(self, begin: Ints, updated: NDArray[np.bool_]) -> None:
        some = updated.any(axis=1)
        back = self._back(begin, updated)
        self.listed = np.where(some, back + LIST_SETTLE, self.listed)
        self.ready = begin + np.maximum(np.count_nonzero(updated, axis=1), 1) - 1
        self.free = np.where(some, self._after_list(back), begin + 1)
        self.touched = np.zeros_like(self.touched)

    def _back(self, begin: Ints, updated: NDArray[np.bool_]) -> Ints:
        """Return when all words of an update are written back."""
        return begin + np.count_nonzero(updated, axis=1) + self.params.update_return

    @property
    def empty(self) -> Ints:
        """First cycle in which nothing is in the engine, its pipelines included, if no other token arrives."""
        done = np.maximum(self.free, self.departed[-1] + SENT)
        return (done if self.results is None else np.maximum(done, self.results.departed + SENT)) + self.params.settle

    @property
    def to_offer(self) -> int:
        """Cycles from the update of a word to the offer of its first token."""
        params = self.params
        late = params.neuron.extra_cycles + params.bank_cycles + params.group_cycles
        return UPDATE_TO_OFFER + late + (SECTIONS if params.lane_groups > 1 else 0)

    def _send(
        self, begin: Ints, values: NDArray[np.generic], updated: NDArray[np.bool_], downstream: Link, sent: Ints
    ) -> Ints:
        """Send the VALUEs of an update; return when the last one is taken, or ``sent`` if there are none.

        ``sent`` is when the token before them was taken.
        """
        lanes, words = self.params.lanes, self.params.words
        channels, each = self.params.channels, self.params.position_words
        some = np.zeros((len(values), words // each, each * lanes), dtype=bool)
        some[:, :, :channels] = values.reshape(len(values), -1, channels) != 0
        grouped = some.reshape(-1, words, lanes)
        counts = grouped.sum(axis=2, dtype=np.int64)
        last_lane = lanes - 1 - np.argmax(grouped[:, :, ::-1], axis=2)
        position = np.cumsum(updated, axis=1) - 1
        for word in np.flatnonzero(counts.any(axis=0)).tolist():
            count = counts[:, word]
            offer = np.maximum(begin + position[:, word] + self.to_offer, sent + 1)
            first_address = word // each * channels + word % each * lanes
            taken = downstream.take_values(offer, count, first_address + last_lane[:, word])
            sent = np.where(count > 0, taken, sent)
        return sent

    def _marker_offer(self, begin: Ints, updated: NDArray[np.bool_], sent: Ints) -> Ints:
        """Return when the TICK or END after the last word is offered; ``sent`` is when the last VALUE was taken."""
        last = np.maximum(np.count_nonzero(updated, axis=1), 1) - 1
        return np.maximum(begin + last + self.to_offer, sent + 1)


def event_engine_link(
    engine: EventParams,
    run: EventRun,
    downstream: Link,
    samples: int,
    *,
    results: ResultsLink | None = None,
    spent: Ints | None = None,
) -> EventLink:
    """Return the timing model of an event engine before its first sample; see `EventLink` for the last two."""
    zeros = np.zeros(samples, dtype=np.int64)
    return EventLink(
        params=engine,
        run=run,
        downstream=results or downstream,
        results=results,
        ready=zeros,
        free=zeros,
        sent=zeros - 1,
        fed_back=zeros - 1,
        departed=updates_departed(engine, zeros),
        due=np.zeros(samples, dtype=bool),
        listed=zeros,
        touched=np.zeros(samples, dtype=bool),
        spent=spent,
    )


def updates_departed(engine: EventParams, zeros: Ints) -> list[Ints]:
    """Return the initial ``departed``: all updates that may be in flight left before the first cycle."""
    return [zeros - SENT] * (UPDATES_IN_FLIGHT if engine.readout is Readout.SPIKES else 1)
