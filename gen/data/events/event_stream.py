"""Event Stream (.es), version 2: bytes, of which one event takes 5, with the time since the one before.

Source: https://github.com/neuromorphic-paris/event_stream. The header is ``Event Stream``, three bytes of version, a
byte for the type of the events, then width and height, 16 bits little-endian each. DVS (type 1) and ATIS (type 2)::

    DVS    byte 0: 7..1 time since the last event (us), 0 polarity             255: 127 us without an event, 254: reset
    ATIS   byte 0: 7..2 time since the last event, 1 polarity, 0 exposure      252 + n: 63 n us without an event
           then x and y, 16 bits little-endian each

Where an event begins depends on all bytes before it: a byte with the value of a pause is one only if no event covers
it. From a pause on, events follow at every fifth byte, up to the next such byte at that distance: `split` computes this
next one for all of them at once, and follows only these links one by one.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.reader import BLOCK, Head, Reader

MAGIC, HEADER = b"Event Stream", 20
DVS, ATIS = 1, 2
_OTHERS = {0: "generic events", 3: "display events", 4: "colour events"}
_SIZE = 5


class EventStream(Reader):
    """An .es file of DVS or ATIS events."""

    NAME = "Event Stream"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        data = head.data
        if len(data) < HEADER:
            raise self.fail(len(data), f"the header of {HEADER} bytes is truncated")
        if data[12] != 2:
            raise self.fail(12, f"version {data[12]}.{data[13]} of Event Stream is not supported", "give 2.x")
        self.kind = data[15]
        if self.kind not in (DVS, ATIS):
            what = _OTHERS.get(self.kind, f"events of the unknown type {self.kind}")
            raise self.fail(15, f"it holds {what}", "give DVS or ATIS events")
        self.sensor = Sensor(width=int.from_bytes(data[16:18], "little"), height=int.from_bytes(data[18:20], "little"))
        if not self.sensor.channels:
            raise self.fail(16, f"the header states a sensor of {self.sensor.width}x{self.sensor.height}")

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether the file begins with ``Event Stream``."""
        return head.data.startswith(MAGIC)

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        file.seek(HEADER)
        rest, at, now, exposures, resets = b"", HEADER, 0, 0, 0
        first_pause, unit, shift = (254, 127, 1) if self.kind == DVS else (252, 63, 2)
        while data := file.read(BLOCK):
            block = np.frombuffer(rest + data, np.uint8)
            begin, before, pauses = split(block, first_pause)
            if len(begin) and begin[-1] + _SIZE > len(block):
                begin, before = begin[:-1], before[:-1]
            lengths = (block[pauses] - np.int64(first_pause)) * unit
            resets += int((lengths == 0).sum())
            code = block[begin]
            idle = np.concatenate(([0], np.cumsum(lengths)))
            times = now + idle[before] + np.cumsum(code >> shift, dtype=np.int64)
            now = int(now + idle[-1] + (code >> shift).sum(dtype=np.int64))
            end = max(int(begin[-1]) + _SIZE if len(begin) else 0, int(pauses[-1]) + 1 if len(pauses) else 0)
            if self.kind == ATIS:
                is_change = (code & 1) == 0
                exposures += int((~is_change).sum())
                begin, code, times = begin[is_change], code[is_change], times[is_change]
            x, y = (_wide(block, begin + place) for place in (1, 3))
            events = Events(times, x, y, (code >> np.uint8(shift - 1)) & np.uint8(1))
            self.check_addresses(events, at, 1, begin)
            yield events
            rest, at = block[end:].tobytes(), at + end
        if rest:
            raise self.fail(at, f"the last event is truncated, {len(rest)} of {_SIZE} bytes are there")
        if exposures:
            self.notes.append(f"{exposures:,} exposure measurements are skipped")
        if resets:
            self.notes.append(f"{resets:,} resets of the link: events may have been lost")


def _wide(block: NDArray[np.uint8], at: NDArray[np.intp]) -> NDArray[np.uint16]:
    """Return the 16 bits at these bytes, little-endian."""
    return block[at] | (block[at + 1].astype(np.uint16, casting="same_kind") << np.uint16(8))


def split(block: NDArray[np.uint8], first_pause: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the first bytes of all events, the number of pauses before each, and the bytes that are pauses.

    The last event may be truncated.

    Parameters
    ----------
    block
        Bytes, of which the first begins an event or is a pause.
    first_pause
        Bytes of this value or a larger one are pauses, where they are not within an event.
    """
    size = len(block)
    could = np.flatnonzero(block >= first_pause)
    # the next byte that could be a pause, a multiple of 5 bytes after the one that follows byte `at`
    order = np.argsort(could % _SIZE, kind="stable")
    keys = (could % _SIZE * size + could)[order]
    wanted = np.concatenate(([0], could + 1))
    places = np.searchsorted(keys, wanted % _SIZE * size + wanted)
    there = np.append(order, len(could))[places]
    is_same = (np.append(could, 0)[there] - wanted) % _SIZE == 0
    links = np.where(is_same & (places < len(could)), there, len(could)).tolist()
    found, here = [], links[0]
    while here < len(could):
        found.append(here)
        here = links[here + 1]
    pauses = could[found]
    begins = np.concatenate(([0], pauses + 1))
    counts = (np.append(pauses, size + _SIZE - 1) - begins) // _SIZE
    before = np.repeat(np.arange(len(begins)), counts)
    first = begins - _SIZE * (np.cumsum(counts) - counts)
    return first[before] + _SIZE * np.arange(len(before)), before, pauses
