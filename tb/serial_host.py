"""The host's side of a board's serial line: `tospike.hw.host.serial` is the other."""

from collections.abc import Iterable
from typing import Protocol

from tospike.gen.beats import Beat
from tospike.hw.host.layout import Register
from tospike.hw.host.serial import DATA_REPLIES, MAX_BEATS, ROOM, Command, Reply
from tospike.hw.params import InputError


class Line(Protocol):
    """What is used of ``serial.Serial``."""

    def read(self, size: int = 1) -> bytes:
        """As many bytes, or fewer if no more came in time."""

    def write(self, data: bytes, /) -> int | None:
        """All of them."""


class NoAnswerError(InputError):
    """A board does not answer, or not in the way that ours do."""


class SerialHost:
    """Registers and streams of an accelerator behind a serial line; one command is on its way at a time."""

    def __init__(self, line: Line, name: str):
        """``name`` is what errors call the line."""
        self._line = line
        self._name = name
        self._beats: list[Beat] = []

    def reset(self) -> None:
        """Reset the accelerator, whatever was going on on the line.

        Raises
        ------
        NoAnswerError
            There is none of our boards.
        """
        # a command that was broken off takes its missing bytes of these; what is left of them is no command
        self._line.write(bytes(ROOM))
        while self._line.read(ROOM):  # until nothing comes any more
            pass
        self._line.write(bytes([Command.RESET]))
        self._until(Reply.RESET)
        self._beats.clear()

    def read(self, address: int) -> int:
        """The register at ``address``."""
        self._line.write(bytes([Command.READ]) + address.to_bytes(2, "little"))
        return self._until(Reply.READ)

    def write(self, address: int, data: int) -> None:
        """Write the register at ``address``."""
        self._line.write(bytes([Command.WRITE]) + address.to_bytes(2, "little") + data.to_bytes(4, "little"))
        self._until(Reply.WRITTEN)

    def clear_counters(self) -> None:
        """Set the counters to 0, and the errors of STATUS."""
        self.write(Register.CONTROL, 0b11)

    def run(self, sample: Iterable[Beat]) -> list[int]:
        """Send the beats of a sample, and get those of its output.

        An answer may come before the sample's last beat, but not before its own last one.
        """
        chunk: list[Beat] = []
        for beat in sample:
            chunk.append(beat)
            if beat.last or len(chunk) == MAX_BEATS:
                self._send(chunk)
                chunk = []
        while not any(beat.last for beat in self._beats):
            self._next()
        words = [beat.data for beat in self._beats]
        self._beats.clear()
        return words

    def _send(self, beats: list[Beat]) -> None:
        command = Command.LAST_BEATS if beats[-1].last else Command.BEATS
        data = b"".join(beat.data.to_bytes(4, "little") for beat in beats)
        self._line.write(bytes([command, len(beats)]) + data)
        self._until(Reply.TAKEN)

    def _until(self, wanted: Reply) -> int:
        """The data of the reply to the command on its way; beats that come before are kept."""
        while True:
            reply, data = self._next()
            if reply is wanted:
                return data
            if reply not in (Reply.BEAT, Reply.LAST_BEAT):
                raise NoAnswerError(f"{self._name} answers {reply.name}, not {wanted.name}: reset the board")

    def _next(self) -> tuple[Reply, int]:
        tag = self._take(1)
        try:
            reply = Reply(tag[0])
        except ValueError:
            raise NoAnswerError(
                f"{self._name} sends {tag.hex()}, which is no reply of ours: is this the board, and its --baud?"
            ) from None
        data = int.from_bytes(self._take(4), "little") if reply in DATA_REPLIES else 0
        if reply in (Reply.BEAT, Reply.LAST_BEAT):
            self._beats.append(Beat(data=data, last=reply is Reply.LAST_BEAT))
        return reply, data

    def _take(self, size: int) -> bytes:
        got = self._line.read(size)
        if len(got) < size:
            raise NoAnswerError(f"{self._name} does not answer: is the board's bitstream loaded, and this its --baud?")
        return got
