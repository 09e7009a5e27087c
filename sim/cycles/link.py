"""The method of exact timing, the building blocks of links, and the host's output, which ends a chain.

Every engine takes its tokens in order, and the times of a token are maxima of sums of earlier times (a max-plus
recurrence). A *link* models the engine downstream of a stream: given the cycle from which a token is offered, it
returns the cycle in which it is taken. During that call it sends everything that the token causes to the next link
downstream, so back-pressure needs no simulation. All times are (N,) arrays, one element per sample.

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
        """Return the cycle in which the last of ``count`` VALUEs is taken.

        The first is offered from cycle ``offer`` on, each other one from the cycle after its predecessor was taken.
        ``last_address`` is the address of the last one. The result is meaningless where ``count`` is 0.
        """

    def take_tick(self, offer: Ints) -> Ints:
        """Return the cycle in which a TICK is taken that is offered from cycle ``offer`` on."""

    def take_end(self, offer: Ints) -> Ints:
        """Return the cycle in which an END is taken that is offered from cycle ``offer`` on."""


def follow(link: Link, before: Link) -> None:
    """Continue after a sample: give ``link``, before its first token, and all links downstream the times of ``before``,
    the same link after the last token of the previous sample.

    What a link carries from sample to sample is named in its class's ``carried``.
    """
    for name in getattr(link, "carried", ()):
        setattr(link, name, getattr(before, name))
    for name in ("engine", "downstream"):
        if hasattr(link, name):
            follow(getattr(link, name), getattr(before, name))


def send_scanned(downstream: Link, sends: NDArray[np.bool_], now: Ints, first: int = 0) -> Ints:
    """Scan a memory from cycle ``now`` on and send the words that (N, words) ``sends`` marks, with addresses from
    ``first`` on.

    The scan takes a cycle per word, and stalls until a sent word is taken. Return the cycle after the last word.
    """
    position = 0
    for address in np.flatnonzero(sends.any(axis=0)).tolist():
        here = sends[:, address]
        now = now + (address - position)
        taken = downstream.take_values(now, here.astype(np.int64), np.full_like(now, first + address))
        now, position = np.where(here, taken, now) + 1, address + 1
    return now + (sends.shape[1] - position)


@dataclass(kw_only=True, eq=False)
class DensifierLink:
    """`tospike.hw.tokens.Densifier`, with a consumer that is always ready."""

    addresses: int
    address: Ints
    """The next address: values of the frame that have left."""
    done: Ints
    """When the last value left."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take them as their turn comes: a value leaves per cycle, including the zeros in between."""
        some = count > 0
        end = np.maximum(offer, self.done + 1) + last_address - self.address
        self.done = np.where(some, end, self.done)
        self.address = np.where(some, last_address + 1, self.address)
        return self.done

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once, and drop it."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it after the missing zeros."""
        first = np.maximum(offer, self.done + 1)
        missing = self.addresses - self.address
        self.done = np.where(missing > 0, first + missing - 1, self.done)
        self.address = np.zeros_like(self.address)
        return first + missing


@dataclass(kw_only=True, eq=False)
class DenseSink(DensifierLink):
    """A densifier followed by the host's output register."""

    carried = ("done",)

    @property
    def last_beat(self) -> Ints:
        """Cycle in which the host takes the last beat of the frame."""
        return self.done + 1


class BeatsOnly:
    """A link of beats, which has no TICK and no END."""

    def take_tick(self, offer: Ints) -> Ints:
        """Never called: a link of beats has no TICK."""
        raise AssertionError("a link of beats has no TICK")

    def take_end(self, offer: Ints) -> Ints:
        """Never called: a link of beats has no END."""
        raise AssertionError("a link of beats has no END")


@dataclass(kw_only=True, eq=False)
class UnpackLink(BeatsOnly):
    """`tospike.hw.host.beats.Unpack`: holds one beat, sends its values one by one, and an END after the frame."""

    format: BeatFormat
    downstream: Link
    free: Ints
    """First cycle in which the next beat can be taken."""
    address: int = field(default=0, init=False)
    """The next address: values of the frame that have left."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take a beat no earlier than its predecessor's last value leaves; all samples have the same timing."""
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
    """The host's output register: takes a token per cycle."""

    last_beat: Ints
    """Cycle in which the host takes the END."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once."""
        self.last_beat = offer + 1
        return offer


@dataclass(kw_only=True, eq=False)
class FirstSpikeSink:
    """`tospike.hw.host.output.FirstSpikeOutput`: takes a token per cycle, and answers at the first VALUE or the END."""

    last_beat: Ints
    """Cycle in which the host takes the answer; -1 before."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        self.last_beat = np.where((self.last_beat < 0) & (count > 0), offer + 1, self.last_beat)
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once."""
        self.last_beat = np.where(self.last_beat < 0, offer + 1, self.last_beat)
        return offer


@dataclass(kw_only=True, eq=False)
class FirstSpikeOfImageSink:
    """`tospike.hw.host.output.FirstSpikeOfImageOutput` after `tospike.hw.host.renumber.Renumber`.

    It takes a token per cycle, and answers at the TICK that ends the first step with a VALUE, or at the END.
    """

    last_beat: Ints
    """Cycle in which the host takes the answer; -1 before."""
    spiked: NDArray[np.bool_]
    """Whether there has been a VALUE."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        self.spiked = self.spiked | (count > 0)
        return offer + count - 1

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        self.last_beat = np.where((self.last_beat < 0) & self.spiked, offer + 2, self.last_beat)
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once."""
        self.last_beat = np.where(self.last_beat < 0, offer + 2, self.last_beat)
        return offer


@dataclass(kw_only=True, eq=False)
class EarlySink:
    """`tospike.hw.host.early.EarlyOutput`: takes a token per cycle, and answers at the TICK that decides the class.

    After an END, it clears its sums before it takes a token.
    """

    carried = ("free", "left")

    deciding: Ints
    """The step that this TICK ends."""
    last_beat: Ints
    """Cycle in which the host takes the answer."""
    addresses: int
    """Sums to clear, one per cycle."""
    renumbers: bool
    """Whether `tospike.hw.host.renumber.Renumber`, which holds a token, is in front."""
    latency: int = 3
    """Cycles from taking the TICK to the answer."""
    free: Ints = field(init=False)
    """First cycle in which it can take a token."""
    left: Ints = field(init=False)
    """When it took the last token, which may have waited in `tospike.hw.host.renumber.Renumber`."""
    step: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.free, self.left = np.zeros_like(self.last_beat), np.zeros_like(self.last_beat) - 1

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle."""
        some = count > 0
        taken, left = self._pass(offer)
        left = left + count - 1
        self.left = np.where(some, left, self.left)
        return np.where(count == 1, taken, left - self.renumbers)

    def take_tick(self, offer: Ints) -> Ints:
        """Take it at once."""
        taken, self.left = self._pass(offer)
        self.last_beat = np.where(self.deciding == self.step, self.left + self.latency, self.last_beat)
        self.step += 1
        return taken

    def take_end(self, offer: Ints) -> Ints:
        """Take it at once."""
        taken, self.left = self._pass(offer)
        self.free = self.left + self.addresses + 1
        return taken

    def _pass(self, offer: Ints) -> tuple[Ints, Ints]:
        """Return when a token is taken from the engine, and when it reaches the sums."""
        taken = np.maximum(offer, self.left if self.renumbers else self.free)
        return taken, np.maximum(taken + self.renumbers, self.free)


def dense_sink(params: AcceleratorParams, samples: int) -> DenseSink:
    """Return the timing model of the host's output of frames, before the first one."""
    zeros = np.zeros(samples, dtype=np.int64)
    return DenseSink(addresses=params.output.addresses, address=zeros, done=zeros - 1)
