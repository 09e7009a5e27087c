"""The host's side of a board's serial line; `tospike.hw.host.bridge` is the board's side.

Requests are numbered and repeated until answered; the board executes each one once. Requests with the beats of a sample
are sent before earlier ones are answered. The board works in order, so an answer also confirms earlier requests.
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
"""Times that a request is sent before giving up."""
WORDS = 1 << 20
"""Default limit on the beats of an answer."""


class Line(Protocol):
    """Bytes to and from a board."""

    seconds_per_byte: float
    """Transfer time of a byte at full speed."""

    def send(self, data: bytes, /) -> None:
        """Send all of ``data``."""

    def receive(self) -> bytes:
        """Return the bytes received; none if none arrive for a moment."""

    def time(self) -> float:
        """Return the seconds of a monotonic clock."""


class NoAnswerError(InputError):
    """A board does not answer, or not by the protocol."""


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """A request in flight."""

    number: int
    kind: Request
    data: bytes
    echo: bytes | None = None
    """Bytes that the answer must have."""
    beats: tuple[Beat, ...] = ()


class SerialHost:
    """Registers and streams of an accelerator behind a serial line."""

    def __init__(self, line: Line, name: str, *, timeout: float = 2.0, rng: random.Random | None = None):
        """Open a session later with `reset`.

        Parameters
        ----------
        name
            Name of the line in errors.
        timeout
            Seconds, besides the transfer time, for the board to answer and for its accelerator to make progress.
        rng
            Source of session numbers.
        """
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
        """Reset the accelerator and start a session, whatever happened on the line before.

        Raises
        ------
        NoAnswerError
            No board of tospike answers.
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

    def write_all(self, writes: Iterable[tuple[int, int]]) -> None:
        """Write data to addresses, in this order, without waiting for each answer.

        Raises
        ------
        NoAnswerError
            The board does not answer, or there is no such register.
        """
        todo = iter(writes)
        pending = next(todo, None)
        while pending or self._flights:
            while pending and self._has_room():
                address, data = pending
                self._post(Request.WRITE, address.to_bytes(2, "little") + data.to_bytes(4, "little"))
                pending = next(todo, None)
            _, packet = self._answer()
            if packet.kind != Status.DONE:
                raise NoAnswerError(f"{self._name} refuses to write its memories: is it a board of tospike?")

    def clear_counters(self) -> None:
        """Clear the counters and the error flags of STATUS."""
        self.write(Register.CONTROL, 0b11)

    def run(self, sample: Iterable[Beat], *, words: int = WORDS, seconds: float = 0.0) -> list[int]:
        """Send the beats of a sample, and return those of its output.

        Parameters
        ----------
        sample
            Beats, with TLAST or an END on the last one only.
        words
            Most beats of the output.
        seconds
            Time that the accelerator may need without accepting or sending a beat.

        Raises
        ------
        NoAnswerError
            The board does not answer, or sends nothing or too many beats.
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
            if packet.kind == Status.STALLED:  # later requests were not executed, either
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
                    f"{self._name} answers, but its accelerator sent nothing in {patience:.3g} s: give more --timeout"
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
                f"{self._name} cannot {kind.name.lower()} register {address:#x}: is it a board of tospike?"
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
        """Return the next answer and its request; repeat all requests in flight until there is one."""
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
        """Return the request that a packet answers; it and earlier ones are complete."""
        for index, flight in enumerate(self._flights):
            if flight.number != packet.number:
                continue
            if packet.kind == flight.kind:
                self._has_echo = True
            if packet.kind not in tuple(Status) or (flight.echo is not None and packet.payload != flight.echo):
                return None
            if packet.kind == Status.LOST:
                raise NoAnswerError(f"{self._name}: the board lost its configuration or power and restarted: run again")
            self._has_answer = True
            for _ in range(index + 1):
                self._flights.popleft()
            return flight
        return None

    def _silence(self) -> str:
        if self._has_answer:
            return " stopped answering: is the board still connected, and nothing else on its line?"
        if self._has_echo:
            return " echoes what it gets: connect the board's output to this line's input, not the line to itself"
        if self._has_bytes:
            return " sends bytes, but no answers: is this the board, its bitstream of this version, and its --baud?"
        return " does not answer: is the bitstream loaded, and this its --baud?"
