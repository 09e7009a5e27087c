"""Exact cycle counts of a spiking accelerator.

Every engine takes its tokens in order, and a token's times are maxima of sums of earlier times (a max-plus
recurrence). A *link* object stands for the engine behind a stream: it is told when a token is offered at the
earliest, and answers when it is taken. Within such a call it passes on whatever the token sets free to the link
behind it, so the back-pressure needs no simulation. All times are (N,) arrays, one column per sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import (
    LIST_SETTLE,
    AcceleratorParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    EventParams,
    HostInput,
    HostOutput,
    Readout,
    SpikingEngine,
    require,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.delay import DelayRun
from tospike.sim.delay_timing import DelayLink
from tospike.sim.delta_timing import send_changes
from tospike.sim.early import deciding_steps
from tospike.sim.encoder import EncoderRun
from tospike.sim.event import EventRun
from tospike.sim.register_timing import RegisterLink
from tospike.sim.window_timing import DECODE, WindowLink, spent_cycles

SWEEP_TO_OFFER = 12
"""From the cycle that sweeps a word to the one that offers its first token: 7 to the queue, 2 in it, 3 to serialize.
Neurons with ``extra_cycles`` take so much longer."""

SWEEPS_OUTSIDE = 2
"""Sweeps of spikes that may be on their way out at a time: `tospike.hw.snn.sequencer.sweeps_outside`."""


class Link(Protocol):
    """The engine behind a stream."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """When the last of ``count`` VALUEs is taken.

        The first is offered in cycle ``offer``, each other in the cycle after the one before was taken. Where
        ``count`` is 0 the answer means nothing. ``last_address`` is the address of the last one.
        """

    def take_tick(self, offer: Ints) -> Ints:
        """When a TICK is taken that is offered in cycle ``offer``."""

    def take_end(self, offer: Ints) -> Ints:
        """When an END is taken that is offered in cycle ``offer``."""


@dataclass(kw_only=True, eq=False)
class DenseSink:
    """`tospike.hw.events.Densifier`, and the register of the host's output."""

    addresses: int
    last_beat: Ints
    """When the host takes the last beat of the frame."""
    address: Ints
    """Values of the frame that have left."""
    done: Ints
    """When the last token was taken or the last value left."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """A value per cycle, zeros between them included."""
        some = count > 0
        end = np.maximum(offer, self.done + 1) + last_address - self.address
        self.done = np.where(some, end, self.done)
        self.address = np.where(some, last_address + 1, self.address)
        return self.done

    def take_tick(self, offer: Ints) -> Ints:
        """Dropped at once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """After the zeros that are missing."""
        first = np.maximum(offer, self.done + 1)
        missing = self.addresses - self.address
        self.last_beat = np.where(missing > 0, first + missing - 1, self.done) + 1
        return first + missing


@dataclass(kw_only=True, eq=False)
class TokenSink:
    """The register of the host's output: takes a token per cycle."""

    last_beat: Ints
    """When the host takes the END."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = offer + 1
        return offer


@dataclass(kw_only=True, eq=False)
class FirstSpikeSink:
    """`tospike.hw.host.output.FirstSpikeOutput`: takes a token per cycle, and answers the first VALUE or the END."""

    last_beat: Ints
    """When the host takes the answer; -1 before."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        self.last_beat = np.where((self.last_beat < 0) & (count > 0), offer + 1, self.last_beat)
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = np.where(self.last_beat < 0, offer + 1, self.last_beat)
        return offer


@dataclass(kw_only=True, eq=False)
class EarlySink:
    """`tospike.hw.host.early.EarlyOutput`: takes a token per cycle, and answers when the TICK has come that decides."""

    deciding: Ints
    """The step that it ends."""
    last_beat: Ints
    """When the host takes the answer."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = np.where(self.deciding == self.step, offer + 3, self.last_beat)
        self.step += 1
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """At once."""
        return offer


@dataclass(kw_only=True, eq=False)
class EventLink:
    """`tospike.hw.snn.engine.EventEngine`."""

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
    """An event engine before its first sample."""
    zeros = np.zeros(samples, dtype=np.int64)
    return EventLink(
        params=engine,
        run=run,
        behind=behind,
        ready=zeros,
        free=zeros,
        sent=zeros - 1,
        own_sent=zeros - 1,
        left=_left(engine, zeros),
        due=np.zeros(samples, dtype=bool),
        listed=zeros,
        touched=np.zeros(samples, dtype=bool),
    )


def _left(engine: EventParams, zeros: Ints) -> list[Ints]:
    """The sweeps that may be on their way out, all of which left before the first cycle."""
    return [zeros - 1] * (SWEEPS_OUTSIDE if engine.readout is Readout.SPIKES else 1)


def dense_sink(params: AcceleratorParams, samples: int) -> DenseSink:
    """The host's output of frames, before the first of them."""
    zeros = np.zeros(samples, dtype=np.int64)
    return DenseSink(addresses=params.output.addresses, last_beat=zeros, address=zeros, done=zeros - 1)


def chain_cycles(
    params: AcceleratorParams,
    inputs: NDArray[np.integer],
    encoder: EncoderRun | None,
    engines: Sequence[EventRun | DelayRun],
) -> Ints:
    """Cycles of each sample, as ``docs/architecture.md`` defines them.

    Parameters
    ----------
    params
        A chain of an encoder behind dense host input, or none behind host tokens, then event engines with delays before
        them.
    inputs
        (N, inputs) frames for the encoder, or (N, steps, inputs), else (N, steps, inputs) spike trains.
    encoder
        What the encoder does, or ``None``.
    engines
        What each of the others does, in order.

    Raises
    ------
    InputError
        The chain has another shape.
    """
    first, *others = params.engines
    chain = (first, *others) if encoder is None else tuple(others)
    require(
        isinstance(first, EncoderParams | DeltaParams) == (encoder is not None)
        and (params.host_input is HostInput.DENSE) == (encoder is not None)
        and len(chain) == len(engines)
        and all(isinstance(engine, EventParams | DelayParams) for engine in chain),
        "cycles are modelled for dense frames into an encoder, or tokens into an event engine, then event engines, "
        "with delays before them",
    )
    samples = len(inputs)
    zeros = np.zeros(samples, dtype=np.int64)
    sink: DenseSink | TokenSink | FirstSpikeSink | EarlySink = TokenSink(last_beat=zeros)
    if params.host_output is HostOutput.FIRST_SPIKE:
        sink = FirstSpikeSink(last_beat=zeros - 1)
    elif params.decision_steps is not None:
        last = engines[-1]
        assert isinstance(last, EventRun)
        sink = EarlySink(deciding=deciding_steps(last.spikes, params.output.payload.max), last_beat=zeros)
    elif params.host_output is not HostOutput.TOKENS:
        sink = dense_sink(params, samples)
    link: Link = sink
    given = [inputs if encoder is None else encoder.trains]
    given += [run.trains if isinstance(run, DelayRun) else run.spikes for run in engines[:-1]]
    for engine, run, trains in zip(reversed(chain), reversed(engines), reversed(given), strict=True):
        if isinstance(engine, DelayParams):
            assert isinstance(run, DelayRun)
            link = DelayLink(params=engine, run=run, behind=link, ready=zeros, read=zeros - 1, sent=zeros - 1)
            continue
        assert isinstance(engine, EventParams) and isinstance(run, EventRun)
        if engine.engine is SpikingEngine.REGISTER:
            link = RegisterLink(
                params=engine,
                run=run,
                behind=link,
                ready=zeros,
                sent=zeros - 1,
                own_sent=zeros - 1,
                left=_left(engine, zeros),
            )
            continue
        link = event_link = event_engine_link(engine, run, link, samples)
        if engine.window is not None:
            spent = spent_cycles(engine, trains)
            link = WindowLink(engine=event_link, spent=spent, seen=zeros, left=np.tile(zeros - 1, (DECODE, 1)))
    if params.host_events is not None:
        _send_events(inputs, link)
    elif isinstance(first, EncoderParams) and encoder is not None:
        _encode(first, inputs, encoder.trains, link)
    elif encoder is not None:
        send_changes(encoder.trains, link)
    else:
        _send_tokens(inputs, link)
    return sink.last_beat + 1


def _send_tokens(trains: NDArray[np.integer], link: Link) -> None:
    """The host's tokens, one beat each, the first in cycle 0."""
    samples, steps, inputs = trains.shape
    events = trains != 0
    counts = events.sum(axis=2, dtype=np.int64)
    last_address = inputs - 1 - np.argmax(events[:, :, ::-1], axis=2)
    taken = np.full(samples, -1, dtype=np.int64)
    for step in range(steps):
        count = counts[:, step]
        last = link.take_values(taken + 1, count, last_address[:, step])
        taken = link.take_tick(np.where(count > 0, last, taken) + 1)
    link.take_end(taken + 1)


def _send_events(trains: NDArray[np.integer], link: Link) -> None:
    """`tospike.hw.host.recording.RecordingInput`: an event for each spike, its step's beginning as the time stamp.

    A stamp's beat is taken before the TICKs that it makes due; those behind the last event need none.
    """
    samples, steps, _ = trains.shape
    events = trains != 0
    later = np.flip(np.logical_or.accumulate(np.flip(events.any(axis=2), axis=1), axis=1), axis=1)
    later = np.concatenate([later[:, 1:], np.zeros((samples, 1), dtype=bool)], axis=1)  # in any step behind this one
    done = np.zeros(samples, dtype=np.int64)  # when the last beat or token was taken
    stamped = np.zeros(samples, dtype=bool)  # the next event's stamp was taken
    for step in range(steps):
        for address in np.flatnonzero(events[:, step].any(axis=0)).tolist():
            some = events[:, step, address]
            offer = np.where(stamped, done, done + 1) + 1
            taken = link.take_values(offer, some.astype(np.int64), np.full_like(done, address))
            done, stamped = np.where(some, taken, done), stamped & ~some
        waits = later[:, step] & ~stamped
        done = link.take_tick(done + waits + 1)
        stamped = stamped | waits
    link.take_end(done + 1)


def _encode(params: EncoderParams, frames: NDArray[np.integer], trains: NDArray[np.integer], link: Link) -> None:
    """`tospike.hw.snn.encoder.Encoder` behind `tospike.hw.host.input.DenseInput`."""
    samples, inputs = frames.shape
    is_direct = params.encoding is Encoding.DIRECT
    recorded = np.ascontiguousarray((frames != 0).T)
    first = np.ascontiguousarray((trains[:, 0] != 0).T)
    one = np.ones(samples, dtype=np.int64)

    # The first beat is taken in cycle 0; each value then has a cycle, and one that is not 0 waits for room in a buffer
    # for two, then in there for the output register.
    came = np.zeros(samples, dtype=np.int64)
    taken = np.full(samples, -1, dtype=np.int64)
    recorded_before, recorded_last = taken, taken  # when the last two left the buffer
    for address in range(inputs):
        some = recorded[address]
        came = np.where(some, np.maximum(came, recorded_before) + 1, came + 1)
        leaves = np.maximum(np.maximum(came + 1, taken), recorded_last + 1)
        recorded_before = np.where(some, recorded_last, recorded_before)
        recorded_last = np.where(some, leaves, recorded_last)
        sent = first[address]
        if sent.any():
            taken = np.where(sent, link.take_values(leaves + 1, sent * one, address * one), taken)
    came = np.maximum(np.maximum(np.maximum(came, recorded_before) + 2, taken), recorded_last + 1)
    taken = link.take_tick(came + 1)

    # Scans: an entry that is sent waits until the register is free, the others do not.
    scanned = came + 1
    count = recorded.sum(axis=0, dtype=np.int64)
    last_address = inputs - 1 - np.argmax(recorded[::-1], axis=0)
    for step in range(1, params.steps):
        if not is_direct:
            events = np.ascontiguousarray((trains[:, step] != 0).T)
            for address in np.flatnonzero(recorded.any(axis=1)).tolist():
                some = events[address]
                scanned = scanned + recorded[address]
                if some.any():
                    scanned = np.where(some, np.maximum(scanned, taken), scanned)
                    offer = link.take_values(scanned + 1, some * one, address * one)
                    taken = np.where(some, offer, taken)
        else:
            offer = np.maximum(scanned + 1, taken) + 1
            taken = np.where(count > 0, link.take_values(offer, count, last_address), taken)
        scanned = np.maximum(scanned + 1, taken)
        taken = link.take_tick(scanned + 1)
    link.take_end(np.maximum(scanned + 1, taken) + 1)
