"""What all readers of recordings share: blocks of a file, notes, and errors with their offset."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.events import Events, Sensor
from tospike.hw.params import InputError, require

BLOCK = 1 << 17
"""Bytes that are decoded at a time, few enough for a cache: memory does not depend on the length of the file."""
HEAD = 1 << 16
"""Bytes at the beginning of a file by which its format is told."""


@dataclass(frozen=True, eq=False)
class Head:
    """The beginning of a file."""

    path: Path
    data: bytes
    """The first `HEAD` bytes, or all."""
    size: int
    """Bytes of the whole file."""


class Reader(ABC):
    """A recording in one format; each call of `events` decodes the file from its beginning."""

    NAME: ClassVar[str]
    """The format, for users."""
    BOUND: ClassVar[Sensor] = Sensor(width=1 << 16, height=1 << 16)
    """The largest sensor that the format can address."""

    def __init__(self, head: Head) -> None:
        self.path = head.path
        self.size = head.size
        self.sensor: Sensor | None = None
        """As the header states it; ``None``: it does not."""
        self.notes: list[str] = []
        """What was left out or corrected, a line each; complete after `events` has been consumed."""

    @classmethod
    @abstractmethod
    def reads(cls, head: Head) -> bool:
        """Return whether a file with this beginning has the format."""

    @abstractmethod
    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield the events of an open file, in blocks.

        Raises
        ------
        InputError
            The file is damaged; the message names the offset.
        """

    def events(self) -> Iterator[Events]:
        """Yield the events of the file, in blocks; memory is bounded.

        Raises
        ------
        InputError
            The file is damaged; the message names the offset.
        """
        self.notes.clear()
        with self.path.open("rb") as file:
            yield from self.decode(file)

    def fail(self, offset: int, what: str, remedy: str = "record or download it again") -> InputError:
        """Return the error of a damaged file."""
        return InputError(f"{self.path}: byte {offset}: {what}: {remedy}")

    def words(self, file: BinaryIO, start: int, dtype: np.dtype) -> Iterator[tuple[int, NDArray]]:
        """Yield (offset, words) in blocks, from byte ``start`` to the end of the file.

        Raises
        ------
        InputError
            The file ends within a word.
        """
        file.seek(start)
        at = start
        while data := file.read(BLOCK // dtype.itemsize * dtype.itemsize):
            whole = len(data) // dtype.itemsize * dtype.itemsize
            if whole:
                yield at, np.frombuffer(data, dtype, whole // dtype.itemsize)
            if whole < len(data):
                raise self.fail(
                    at + whole,
                    f"the file is truncated within {self.NAME} data, which are words of {dtype.itemsize} bytes",
                    f"record it again, or cut it off with truncate -s {at + whole}",
                )
            at += whole

    def check_addresses(self, events: Events, start: int, size: int = 0, *places: NDArray[np.intp]) -> None:
        """Refuse events outside the sensor.

        Parameters
        ----------
        start, size, places
            Event n is at byte ``start + size * word``, where ``word`` is n, or ``places[0][n]``, or
            ``places[0][places[1][n]]``.

        Raises
        ------
        InputError
            There is one.
        """
        if not len(events):
            return
        bound = self.sensor or self.BOUND
        for name, values, most in (("x", events.x, bound.width), ("y", events.y, bound.height)):
            if int(values.max()) >= most:
                first = word = int(np.argmax(values >= most))
                for place in reversed(places):
                    word = int(place[word])
                stated = "the stated sensor" if self.sensor else f"the addresses of {self.NAME}"
                raise self.fail(
                    start + size * word,
                    f"{name} of an event is {values[first]}, outside {stated} ({bound.width}x{bound.height})",
                )


def check_left(reader: Reader, file: BinaryIO, count: int, what: str) -> None:
    """Refuse a file that has fewer than ``count`` bytes left, of ``what``.

    Raises
    ------
    InputError
        It has.
    """
    at = file.tell()
    left = reader.size - at
    require(
        count <= left,
        f"{reader.path}: byte {at}: {what} of {count} bytes is truncated, {left} are left: record or download it again",
    )


def read_exactly(reader: Reader, file: BinaryIO, count: int, what: str) -> bytes:
    """Return the next ``count`` bytes.

    Raises
    ------
    InputError
        The file ends before.
    """
    check_left(reader, file, count, what)
    return file.read(count)
