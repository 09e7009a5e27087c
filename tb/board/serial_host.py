"""The host's side of a board's serial line: `tospike.hw.host.bridge` is the other.

Requests are numbered, and sent again until they are answered: the board carries out each one once. Those that bring the
beats of a sample are sent ahead of their answers; as the board works in order, an answer stands for those before, too.
"""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from tospike.gen.emit.beats import Beat
from tospike.hw.host.layout import Register
from tospike.hw.host.protocol import MAX_BEATS, NUMBERS, QUEUE_BYTES, Request, Status
from tospike.hw.params import InputError
from tospike.tb.board.framing import LONGEST, Deframer, Packet

TRIES = 20
"""How often a request is sent before the board is given up."""
WORDS = 1 << 20
"""Beats of an answer that are believed in, unless the caller knows better."""


class Line(Protocol):
    """Bytes to and from a board."""

    seconds_per_byte: float
    """At full speed."""

    def send(self, data: bytes, /) -> None:
        """All of them are on their way."""

    def receive(self) -> bytes:
        """Return what has arrived; nothing if nothing arrives for a moment."""

    def time(self) -> float:
        """Return the seconds on a clock that does not go back."""


class NoAnswerError(InputError):
    """A board does not answer, or not in the way that ours do."""


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """A request on its way."""

    number: int
    kind: Request
    data: bytes
    echo: bytes | None = None
    """What the answer must hold."""
    beats: tuple[Beat, ...] = ()


class SerialHost:
    """Registers and streams of an accelerator behind a serial line."""

    def __init__(self, line: Line, name: str, *, timeout: float = 2.0, rng: random.Random | None = None):
        """``name`` is what errors call the line. In ``timeout`` seconds, besides those that bytes take, a board has to
        answer and its accelerator to get on with a sample. ``rng`` makes what tells sessions apart."""
        self._line = line
        self._name = name
        self._timeout = timeout
        self._rng = rng or random.SystemRandom()
        self._deframer = Deframer()
        self._came: deque[Packet] = deque()
        self._flights: deque[_Flight] = deque()
        self._number = self._rng.randrange(NUMBERS)
        self._has_bytes = self._has_echo = self._has_answer = False

    def reset(self) -> None:
        """Reset the accelerator and begin a session, whatever was going on on the line.

        Raises
        ------
        NoAnswerError
            There is none of our boards.
        """
        self._flights.clear()
        token = self._rng.randbytes(4)
        self._post(Request.RESET, token, echo=token)
        self._answer()

    def read(self, address: int) -> int:
        """Return the register at ``address``."""
        return int.from_bytes(self._ask(Request.READ, address, b"", size=4), "little")

    def write(self, address: int, data: int) -> None:
        """Write the register at ``address``."""
        self._ask(Request.WRITE, address, data.to_bytes(4, "little"), size=0)

    def clear_counters(self) -> None:
        """Set the counters to 0, and the errors of STATUS."""
        self.write(Register.CONTROL, 0b11)

    def run(self, sample: Iterable[Beat], *, words: int = WORDS, seconds: float = 0.0) -> list[int]:
        """Send the beats of a sample, and get those of its output.

        Parameters
        ----------
        sample
            TLAST, or an END, on its last beat only.
        words
            The most beats that the output may have.
        seconds
            That the accelerator may need without taking or giving a beat.

        Raises
        ------
        NoAnswerError
            The board answers no more, gives nothing, or more than that.
        """
        todo = deque(sample)
        got: list[int] = []
        is_pulling = is_over = False
        patience = self._timeout + seconds
        until = self._line.time() + patience
        while True:
            while todo and not is_pulling and self._has_room():
                self._push(todo)
            if not (todo or is_pulling or is_over) and self._has_room():
                self._post(Request.PULL)
                is_pulling = True
            if not self._flights:
                return got
            flight, packet = self._answer()
            payload, moved = packet.payload, len(flight.beats)
            if packet.kind == Status.STALLED:  # what was sent behind it is not carried out, either
                moved = len(payload)
                rest = [*flight.beats[moved:], *(beat for later in self._flights for beat in later.beats)]
                todo.extendleft(reversed(rest))
                self._flights.clear()
                self._number = flight.number
                self._post(Request.RESUME)
                is_pulling = True
            elif flight.kind in (Request.PULL, Request.RESUME):
                is_pulling = False
                is_over |= packet.kind == Status.LAST
                moved = len(payload) // 4
                got += (int.from_bytes(payload[at : at + 4], "little") for at in range(0, len(payload), 4))
            if len(got) > words:
                raise NoAnswerError(
                    f"{self._name} answers a sample with more than {words} words: is this design right?"
                )
            if moved:
                until = self._line.time() + patience
            elif self._line.time() > until:
                raise NoAnswerError(
                    f"{self._name} answers, but its accelerator gave nothing in {patience:.3g} s: give more --timeout"
                )

    def _push(self, todo: deque[Beat]) -> None:
        beats: list[Beat] = []
        while todo and len(beats) < MAX_BEATS and not (beats and beats[-1].last):
            beats.append(todo.popleft())
        data = b"".join(beat.data.to_bytes(4, "little") for beat in beats)
        self._post(Request.PUSH_LAST if beats[-1].last else Request.PUSH, data, beats=tuple(beats))

    def _ask(self, kind: Request, address: int, data: bytes, *, size: int) -> bytes:
        self._post(kind, address.to_bytes(2, "little") + data)
        _, packet = self._answer()
        if packet.kind != Status.DONE or len(packet.payload) != size:
            raise NoAnswerError(
                f"{self._name} cannot {kind.name.lower()} register {address:#x}: is it a board of ours?"
            )
        return packet.payload

    def _has_room(self) -> bool:
        return sum(len(flight.data) for flight in self._flights) + LONGEST <= QUEUE_BYTES

    def _post(
        self, kind: Request, payload: bytes = b"", *, echo: bytes | None = None, beats: tuple[Beat, ...] = ()
    ) -> None:
        self._number = (self._number + 1) % NUMBERS
        data = Packet(number=self._number, kind=kind, payload=payload).to_bytes()
        self._flights.append(_Flight(number=self._number, kind=kind, data=data, echo=echo, beats=beats))
        self._line.send(data)

    def _answer(self) -> tuple[_Flight, Packet]:
        """Return the next answer, and what it answers; all are sent again for as long as there is none."""
        for number in range(TRIES):
            if number:
                self._line.send(b"".join(flight.data for flight in self._flights))
            size = sum(len(flight.data) for flight in self._flights) + 2 * LONGEST
            until = self._line.time() + self._timeout / TRIES + size * self._line.seconds_per_byte
            while True:
                while self._came:
                    packet = self._came.popleft()
                    if flight := self._match(packet):
                        return flight, packet
                if self._line.time() > until:
                    break
                data = self._line.receive()
                self._has_bytes |= bool(data)
                self._came.extend(self._deframer.feed(data))
        raise NoAnswerError(self._name + self._silence())

    def _match(self, packet: Packet) -> _Flight | None:
        """Whose answer it is; that and those before it have landed."""
        for index, flight in enumerate(self._flights):
            if flight.number != packet.number:
                continue
            if packet.kind == flight.kind:
                self._has_echo = True
            if packet.kind not in tuple(Status) or (flight.echo is not None and packet.payload != flight.echo):
                return None
            if packet.kind == Status.LOST:
                raise NoAnswerError(
                    f"{self._name}: the board lost its configuration or power and began anew: run again"
                )
            self._has_answer = True
            for _ in range(index + 1):
                self._flights.popleft()
            return flight
        return None

    def _silence(self) -> str:
        if self._has_answer:
            return " answers no more: is the board still connected, and nothing else on its line?"
        if self._has_echo:
            return " sends back what it gets: connect a board's output to its input, and not its own"
        if self._has_bytes:
            return (
                " sends bytes, but none that answer: is this the board, its bitstream of this version, and its --baud?"
            )
        return " does not answer: is the board's bitstream loaded, and this its --baud?"
