"""Exact times of the event engine."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import LIST_SETTLE, EventParams, Readout
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.spiking.golden import EventRun

SWEEP_TO_OFFER = 12
"""From the cycle that sweeps a word to the one that offers its first token: 7 to the queue, 2 in it, 3 to serialize.
Neurons with ``extra_cycles`` take so much longer."""

SWEEPS_OUTSIDE = 2
"""Sweeps of spikes that may be on their way out at a time: `tospike.hw.spiking.sequencer.sweeps_outside`."""


@dataclass(kw_only=True, eq=False)
class EventLink:
    """`tospike.hw.spiking.engine.EventEngine`."""

    params: EventParams
    run: EventRun
    behind: Link
    ready: Ints
    """First cycle in which a token can be taken."""
    free: Ints
    """First cycle in which a word can begin."""
    sent: Ints
    """When the last token was taken by the engine behind."""
    left: list[Ints]
    """When the last TICKs and ENDs were taken by the engine behind: as many as may be on their way out at a time."""
    due: NDArray[np.bool_]
    """Whether a TICK's sweep was put off (membrane readout)."""
    own_sent: Ints
    """Recurrent engine: when the last of its own tokens was taken."""
    listed: Ints
    """First cycle in which a sweep of listed words can begin."""
    touched: NDArray[np.bool_]
    """Whether a VALUE came since the last sweep."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """``words`` cycles each."""
        some = count > 0
        words = self.params.words
        taken = np.maximum(offer, self.ready)
        begin = self.after_due_sweep(np.maximum(taken + 1, self.free), some)
        self.free = np.where(some, begin + count * words, self.free)
        self.ready = np.where(some, self.free - 1, self.ready)
        self.touched = self.touched | some
        return np.where(count > 1, self.free - words - 1, taken)

    def take_tick(self, offer: Ints) -> Ints:
        """A sweep, now or later."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(taken + 1, self.free)
        readout = self.params.readout
        swept = self.run.swept[:, self.step]
        if readout is Readout.MEMBRANE:
            begin = self._after_list(self.after_due_sweep(begin, np.ones_like(self.due)))
            self.due = np.any(swept, axis=1)
            self.ready, self.free = begin, begin + 1
            self.step += 1
            return taken
        begin = self._after_list(begin)
        if readout is Readout.SPIKES:
            begin = np.maximum(begin, self.left[0] + 1)
            self.sent = self._send(begin, self.run.spikes[:, self.step], swept, self.behind, self.sent)
            self.sent = self.behind.take_tick(self._marker_offer(begin, swept, self.sent))
            self.left = [*self.left[1:], self.sent]
        self._sweep(begin, swept)
        if self.params.recurrent:
            self._feed_back(begin, swept)
        self.step += 1
        return taken

    def _feed_back(self, begin: Ints, swept: NDArray[np.bool_]) -> None:
        """The spikes of the sweep that begins, which come before any other token, and their TICK, which is dropped."""
        last = self._send(begin, self.run.spikes[:, self.step], swept, self, self.own_sent)
        self.own_sent = self._marker_offer(begin, swept, last)
        self.ready = np.maximum(self.ready, self.own_sent + 1)

    def take_end(self, offer: Ints) -> Ints:
        """A sweep that clears; with counts or membranes they leave first."""
        taken = np.maximum(offer, self.ready)
        begin = np.maximum(np.maximum(taken + 1, self.free), self.left[0] + 1)
        every = np.ones((len(begin), self.params.words), dtype=bool)
        if self.params.readout is Readout.SPIKES:
            marker = np.maximum(begin + self._to_offer, self.sent + 1)
        else:
            self.sent = self._send(begin, self.run.outputs, every, self.behind, self.sent)
            marker = self._marker_offer(begin, every, self.sent)
        self.sent = self.behind.take_end(marker)
        self.left = [*self.left[1:], self.sent]
        self.touched = np.ones_like(self.touched)
        self._sweep(begin, every)
        return taken

    def _after_list(self, begin: Ints) -> Ints:
        """``begin``, put off for what goes by the list of words to sweep, or has."""
        return np.where(self.touched, begin, np.maximum(begin, self.listed)) if self.params.lists_words else begin

    def after_due_sweep(self, begin: Ints, some: NDArray[np.bool_]) -> Ints:
        """When a token's own work begins, if ``begin`` is when the engine turns to it."""
        swept = self.due & some
        self.due = self.due & ~some
        if not swept.any():
            return begin
        back = self._back(begin, self.run.swept[:, self.step - 1])
        self.listed = np.where(swept, back + LIST_SETTLE, self.listed)
        after = np.where(swept, self._after_list(back), begin)
        self.touched = self.touched & ~swept
        return after

    def _sweep(self, begin: Ints, swept: NDArray[np.bool_]) -> None:
        some = swept.any(axis=1)
        back = self._back(begin, swept)
        self.listed = np.where(some, back + LIST_SETTLE, self.listed)
        self.ready = begin + np.maximum(np.count_nonzero(swept, axis=1), 1) - 1
        self.free = np.where(some, self._after_list(back), begin + 1)
        self.touched = np.zeros_like(self.touched)

    def _back(self, begin: Ints, swept: NDArray[np.bool_]) -> Ints:
        """When all words of a sweep are back."""
        return begin + np.count_nonzero(swept, axis=1) + self.params.sweep_return

    @property
    def _to_offer(self) -> int:
        return SWEEP_TO_OFFER + self.params.neuron.extra_cycles

    def _send(
        self, begin: Ints, values: NDArray[np.generic], swept: NDArray[np.bool_], behind: Link, sent: Ints
    ) -> Ints:
        """When the last of a sweep's VALUEs is taken, or ``sent``, when the last token before them was."""
        lanes, words = self.params.lanes, self.params.words
        channels, each = self.params.channels, self.params.position_words
        some = np.zeros((len(values), words // each, each * lanes), dtype=bool)
        some[:, :, :channels] = values.reshape(len(values), -1, channels) != 0
        grouped = some.reshape(-1, words, lanes)
        counts = grouped.sum(axis=2, dtype=np.int64)
        last_lane = lanes - 1 - np.argmax(grouped[:, :, ::-1], axis=2)
        position = np.cumsum(swept, axis=1) - 1
        for word in np.flatnonzero(counts.any(axis=0)).tolist():
            count = counts[:, word]
            offer = np.maximum(begin + position[:, word] + self._to_offer, sent + 1)
            first_address = word // each * channels + word % each * lanes
            taken = behind.take_values(offer, count, first_address + last_lane[:, word])
            sent = np.where(count > 0, taken, sent)
        return sent

    def _marker_offer(self, begin: Ints, swept: NDArray[np.bool_], sent: Ints) -> Ints:
        """When the TICK or END that goes with the last word is offered; ``sent``: when its last VALUE was taken."""
        last = np.maximum(np.count_nonzero(swept, axis=1), 1) - 1
        return np.maximum(begin + last + self._to_offer, sent + 1)


def event_engine_link(engine: EventParams, run: EventRun, behind: Link, samples: int) -> EventLink:
    """Return an event engine before its first sample."""
    zeros = np.zeros(samples, dtype=np.int64)
    return EventLink(
        params=engine,
        run=run,
        behind=behind,
        ready=zeros,
        free=zeros,
        sent=zeros - 1,
        own_sent=zeros - 1,
        left=sweeps_left(engine, zeros),
        due=np.zeros(samples, dtype=bool),
        listed=zeros,
        touched=np.zeros(samples, dtype=bool),
    )


def sweeps_left(engine: EventParams, zeros: Ints) -> list[Ints]:
    """Return the sweeps that may be on their way out, all of which left before the first cycle."""
    return [zeros - 1] * (SWEEPS_OUTSIDE if engine.readout is Readout.SPIKES else 1)
