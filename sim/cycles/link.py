"""The streams of a chain in time: what is downstream of one, and how a chain ends.

Every engine takes its tokens in order, and a token's times are maxima of sums of earlier times (a max-plus
recurrence). A *link* object stands for the engine downstream of a stream: it is told when a token is offered at the
earliest, and answers when it is taken. Within such a call it passes on whatever the token sets free to the link
downstream of it, so the back-pressure needs no simulation. All times are (N,) arrays, one column per sample.

On a link of beats (`tospike.hw.params.BeatFormat`) a VALUE stands for a beat, its address for that of the beat's last
value; there are no TICKs and no ENDs.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import AcceleratorParams, BeatFormat
from tospike.sim.arithmetic import Ints


class Link(Protocol):
    """The engine downstream of a stream."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """When the last of ``count`` VALUEs is taken.

        The first is offered in cycle ``offer``, each other in the cycle after the one before was taken. Where
        ``count`` is 0 the answer means nothing. ``last_address`` is the address of the last one.
        """

    def take_tick(self, offer: Ints) -> Ints:
        """When a TICK is taken that is offered in cycle ``offer``."""

    def take_end(self, offer: Ints) -> Ints:
        """When an END is taken that is offered in cycle ``offer``."""


def send_scanned(downstream: Link, sends: NDArray[np.bool_], now: Ints) -> Ints:
    """Send the words of a memory, (N, words) of which are sent: one per cycle, or it waits until it is taken.

    The first is read out in cycle ``now``; returned is the cycle after the last one.
    """
    position = 0
    for address in np.flatnonzero(sends.any(axis=0)).tolist():
        some = sends[:, address]
        now = now + (address - position)
        taken = downstream.take_values(now, some.astype(np.int64), np.full_like(now, address))
        now, position = np.where(some, taken, now) + 1, address + 1
    return now + (sends.shape[1] - position)


@dataclass(kw_only=True, eq=False)
class DensifierLink:
    """`tospike.hw.tokens.Densifier`, whose values are always taken."""

    addresses: int
    address: Ints
    """Values of the frame that have left."""
    done: Ints
    """When the last value left."""

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
        self.done = np.where(missing > 0, first + missing - 1, self.done)
        return first + missing


@dataclass(kw_only=True, eq=False)
class DenseSink(DensifierLink):
    """A densifier, and the register of the host's output."""

    @property
    def last_beat(self) -> Ints:
        """When the host takes the last beat of the frame."""
        return self.done + 1


class BeatsOnly:
    """The markers that a link of beats does not have."""

    def take_tick(self, offer: Ints) -> Ints:
        """There is none on a link of beats."""
        raise AssertionError("a link of beats has no TICK")

    def take_end(self, offer: Ints) -> Ints:
        """There is none on a link of beats."""
        raise AssertionError("a link of beats has no END")


@dataclass(kw_only=True, eq=False)
class UnpackLink(BeatsOnly):
    """`tospike.hw.host.beats.Unpack`: a register for a beat, whose values leave one by one, and the frame's END."""

    format: BeatFormat
    downstream: Link
    free: Ints
    """When a beat can be taken."""
    address: int = field(default=0, init=False)
    """Values of the frame that have left."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """A beat in the cycle in which the one before leaves, or later; all samples are alike."""
        one = np.ones_like(offer)
        taken = offer
        for _ in range(int(count.max(initial=0))):
            taken = np.maximum(offer, self.free)
            values = min(self.format.lanes, self.format.addresses - self.address)
            self.address += values
            self.free = self.downstream.take_values(taken + 1, values * one, (self.address - 1) * one)
            if self.address == self.format.addresses:
                self.address = 0
                self.free = self.downstream.take_end(self.free + 1) + 1
            offer = taken + 1
        return taken


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
class FirstSpikeOfImageSink:
    """`tospike.hw.host.output.FirstSpikeOfImageOutput` after `tospike.hw.host.renumber.Renumber`: takes a token per
    cycle, and answers the TICK of the first step with a VALUE, or the END."""

    last_beat: Ints
    """When the host takes the answer; -1 before."""
    some: NDArray[np.bool_]
    """Whether a VALUE came."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        self.some = self.some | (count > 0)
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = np.where((self.last_beat < 0) & self.some, offer + 2, self.last_beat)
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = np.where(self.last_beat < 0, offer + 2, self.last_beat)
        return offer


@dataclass(kw_only=True, eq=False)
class EarlySink:
    """`tospike.hw.host.early.EarlyOutput`: takes a token per cycle, and answers when the TICK has come that decides."""

    deciding: Ints
    """The step that it ends."""
    last_beat: Ints
    """When the host takes the answer."""
    latency: int = 3
    """Cycles from the TICK to the beat: one more after `tospike.hw.host.renumber.Renumber`."""
    step: int = field(default=0, init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle."""
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """At once."""
        self.last_beat = np.where(self.deciding == self.step, offer + self.latency, self.last_beat)
        self.step += 1
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """At once."""
        return offer


def dense_sink(params: AcceleratorParams, samples: int) -> DenseSink:
    """Return the host's output of frames, before the first of them."""
    zeros = np.zeros(samples, dtype=np.int64)
    return DenseSink(addresses=params.output.addresses, address=zeros, done=zeros - 1)
