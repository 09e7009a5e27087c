"""AEDAT 2.0 of jAER: 8 bytes for each event, address and time, big-endian.

Source: https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-2.0.html. Addresses of cameras::

    DVS128   15 external event   14..8 y   7..1 x   0 polarity
    DAVIS    31 frame or IMU sample   30..22 y   21..12 x   11 polarity   10 external event

Row 0 is the lowest one of the image. Times are microseconds in 32 bits.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.aedat import sensor_of, version
from tospike.gen.data.events.clock import Clock
from tospike.gen.data.events.events import Events
from tospike.gen.data.events.reader import Head, Reader
from tospike.gen.data.events.text_header import HEADER_BYTES, header_lines
from tospike.hw.params import require

_LAST, _LOOKED_AT = "End Of ASCII", 1 << 16
_WORD = np.dtype([("address", ">u4"), ("t", ">u4")])


class Aedat2(Reader):
    """An AEDAT 2.0 file of a DVS128 or a DAVIS camera."""

    NAME = "AEDAT 2.0"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        with self.path.open("rb") as file:
            lines, self.start = header_lines(file.read(HEADER_BYTES), "#", _LAST)
            file.seek(self.start)
            first = np.frombuffer(file.read(_LOOKED_AT), np.uint8)
        chip = next((found[1] for line in lines if (found := re.match(r"\s*AEChip:\s*(\S+)", line))), None)
        self._guessed = chip is None
        if chip is None:
            wide = first[: len(first) // 8 * 8].reshape(-1, 8)
            require(
                not wide[:, :2].any(),
                f"{self.path}: its header does not name the camera (# AEChip: ...), and the addresses are none of a "
                "DVS128: add that line",
            )
            chip = "DVS128"
        self.sensor = sensor_of(chip.rpartition(".")[2])
        require(self.sensor is not None, f"{self.path}: the camera {chip} is unknown: DVS128 and DAVIS are supported")
        self._is_davis = "DAVIS" in chip.upper()

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether the first line states version 2.0."""
        return version(head.data) == "2.0"

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        clock, others = Clock(32), 0
        split = _davis if self._is_davis else _dvs128
        for offset, words in self.words(file, self.start, _WORD):
            is_event, events = split(
                words["address"].astype(np.uint32, casting="same_kind"), clock.unwrapped(words["t"])
            )
            others += len(words) - int(is_event.sum())
            self.check_addresses(events, offset, 8, np.flatnonzero(is_event))
            yield events
        if self._guessed:
            self.notes.append("the header names no camera: read as a DVS128")
        if others:
            self.notes.append(f"{others:,} frame samples, IMU samples and external events are skipped")
        if clock.wraps:
            self.notes.append(f"the clock wraps {clock.wraps} times: time is counted on")


def _dvs128(address: NDArray[np.uint32], t: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Events]:
    is_event = address < (1 << 15)
    a = address[is_event]
    return is_event, Events.of(t[is_event], (a >> 1) & 0x7F, (a >> 8) & 0x7F, a & 1)


def _davis(address: NDArray[np.uint32], t: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Events]:
    is_event = (address & 0x8000_0400) == 0
    a = address[is_event]
    return is_event, Events.of(t[is_event], (a >> 12) & 0x3FF, (a >> 22) & 0x1FF, (a >> 11) & 1)
