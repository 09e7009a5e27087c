"""Exact timing of an engine's front end: the buffer at its input, and an address decoder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link


class BufferedLink(Link, Protocol):
    """A link that also tells when it took each of the latest VALUEs."""

    @property
    def ready(self) -> Ints:
        """First cycle in which a token can be taken."""

    def taken(self, number: Ints, count: Ints) -> Ints:
        """Return when VALUE ``number`` (2 or more, counted from 1) of the last ``count`` was taken."""


class SleepingLink(BufferedLink, Protocol):
    """A link whose engine may sleep."""

    @property
    def empty(self) -> Ints:
        """First cycle in which nothing is in the engine, if no other token arrives."""


@dataclass(kw_only=True, eq=False)
class FrontLink:
    """`tospike.hw.streams.Buffer` and, with a window, the registers of `tospike.hw.spiking.address_decoder`.

    They hold R tokens, so token k is taken at ``max(offer, departed[k - R] + 1)``; it is offered to the engine
    ``latency`` cycles later at the earliest.
    """

    carried: ClassVar[tuple[str, ...]] = ("departed",)

    engine: BufferedLink
    latency: int
    departed: Ints
    """(R, N): when the last R tokens left, the oldest first."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle while there is room; only the first may be offered late enough to leave a gap."""
        entered = np.maximum(offer, self.departed[0] + 1)
        first = np.maximum(entered + self.latency, self.engine.ready)
        self.engine.take_values(entered + self.latency, count, last_address)
        if count.max(initial=0) <= 1:
            self.departed = np.where(count > 0, np.vstack([self.departed[1:], first]), self.departed)
            return entered
        # numbers of the last token and the R before it; 1 is the first of ``count``, 0 and below came earlier
        room = len(self.departed)
        number = count + np.arange(-room, 1)[:, None]
        earlier = np.take_along_axis(self.departed, np.clip(number + room - 1, 0, room - 1), axis=0)
        later = self.engine.taken(np.maximum(number, 1), count)
        departed = np.where(number > 1, later, np.where(number == 1, first, earlier))
        self.departed = departed[1:]
        return np.maximum(entered + count - 1, departed[0] + 1)

    def take_tick(self, offer: Ints) -> Ints:
        """Take it like a VALUE."""
        return self._pass(self.engine.take_tick, offer)

    def take_end(self, offer: Ints) -> Ints:
        """Take it like a VALUE."""
        return self._pass(self.engine.take_end, offer)

    def _pass(self, take: Callable[[Ints], Ints], offer: Ints) -> Ints:
        entered = np.maximum(offer, self.departed[0] + 1)
        self.departed = np.vstack([self.departed[1:], take(entered + self.latency)])
        return entered


@dataclass(kw_only=True, eq=False)
class SleepingFrontLink(FrontLink):
    """The front end of an engine whose clock stops while nothing is in it (``clock_gating``).

    It wakes in the cycle in which a token is offered. Tokens that follow one another leave no gap to sleep in: each is
    offered in the cycle after its predecessor was taken, while that is still inside.
    """

    carried = ("departed", "asleep")

    engine: SleepingLink
    asleep: Ints
    """First cycle in which the clock stands still."""
    spans: list[tuple[Ints, Ints]] = field(default_factory=list, init=False)
    """When the clock ran: first cycles, and cycles after the last ones. They do not overlap."""

    def awake(self, cycles: Ints) -> Ints:
        """Return in how many of a sample's first ``cycles`` cycles the clock ran."""
        ran = (np.maximum(np.minimum(end, cycles) - begin, 0) for begin, end in self.spans)
        return sum(ran, np.zeros_like(cycles))

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Wake and take them."""
        entered = super().take_values(offer, count, last_address)
        self._wake(offer, count > 0)
        return entered

    def _pass(self, take: Callable[[Ints], Ints], offer: Ints) -> Ints:
        entered = super()._pass(take, offer)
        self._wake(offer, np.ones(len(offer), dtype=bool))
        return entered

    def _wake(self, offer: Ints, some: NDArray[np.bool_]) -> None:
        """Run the clock from the ``offer`` of tokens, where there are some, until they have left the engine."""
        until = np.where(some, np.maximum(self.engine.empty, self.asleep), self.asleep)
        self.spans.append((np.where(some, np.maximum(self.asleep, offer), until), until))
        self.asleep = until


BUFFER = 2
"""Tokens that `tospike.hw.streams.Buffer` holds; its latency is 1."""


def front_link(engine: BufferedLink, samples: int, *, registers: int = 0) -> FrontLink:
    """Return the timing model of an empty buffer, then ``registers`` pipeline registers, in front of an engine."""
    return FrontLink(engine=engine, latency=1 + registers, departed=_empty(samples, registers))


def sleeping_front_link(engine: SleepingLink, samples: int, *, sleeps: bool, registers: int = 0) -> FrontLink:
    """Return `front_link`; if the engine ``sleeps``, one that counts the cycles in which it is awake."""
    if not sleeps:
        return front_link(engine, samples, registers=registers)
    zeros = np.zeros(samples, dtype=np.int64)
    latency, departed = 1 + registers, _empty(samples, registers)
    return SleepingFrontLink(engine=engine, latency=latency, departed=departed, asleep=zeros - 1)


def _empty(samples: int, registers: int) -> Ints:
    return np.full((BUFFER + registers, samples), -1, dtype=np.int64)
