"""AEDAT 3.1: packets of events of one type, each with a header of 28 bytes.

Source: https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-3.1.html. All is little-endian.
After the text header, which ends with ``#!END-HEADER``, a packet is::

    i16 type (1: polarity)   i16 source   i32 bytes per event   i32 offset of an event's time
    i32 times wrapped        i32 capacity   i32 events   i32 valid events        then `events` events

and a polarity event is ``u32`` (31..17 x, 16..2 y, 1 polarity, 0 valid), then ``i32`` time in microseconds, of 31
bits: the packet's count of wraps continues it.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from tospike.gen.data.events.aedat import sensor_of, version
from tospike.gen.data.events.events import Events
from tospike.gen.data.events.reader import Head, Reader, check_left, read_exactly
from tospike.gen.data.events.text_header import HEADER_BYTES, header_lines

POLARITY, SIZE = 1, 8
_PACKET = struct.Struct("<hh6i")
_TIME_OFFSET = 4
AT_ONCE = 1 << 17
"""Events that are decoded at a time."""
_LAST = "!END-HEADER"


class Aedat3(Reader):
    """An AEDAT 3.1 file."""

    NAME = "AEDAT 3.1"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        with self.path.open("rb") as file:
            lines, self.start = header_lines(file.read(HEADER_BYTES), "#", _LAST)
        if not lines[-1].startswith(_LAST):
            raise self.fail(self.start, "the header has no line #!END-HEADER")
        encoding = next((line[7:].strip() for line in lines if line.startswith("Format:")), "RAW")
        if encoding.upper() != "RAW":
            raise self.fail(0, f"its format {encoding} is not supported", "save it as RAW")
        sources = [found[1] for line in lines if (found := re.match(r"Source \d+: (.*)", line))]
        self.sensor = sensor_of(sources[0]) if sources else None

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether the first line states version 3.1."""
        return version(head.data) == "3.1"

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, packet by packet."""
        file.seek(self.start)
        others = invalid = 0
        while (at := file.tell()) < self.size:
            header = read_exactly(self, file, _PACKET.size, "the header of a packet")
            kind, _, size, time_at, wraps, capacity, count, valid = _PACKET.unpack(header)
            if kind < 0 or size < 1 or not 0 <= valid <= count <= capacity or wraps < 0:
                raise self.fail(at, f"no header of a packet ({count} events of {size} bytes, capacity {capacity})")
            if kind != POLARITY:
                check_left(self, file, size * count, "a packet")
                file.seek(size * count, 1)
                others += count
                continue
            if (size, time_at) != (SIZE, _TIME_OFFSET):
                raise self.fail(at, f"polarity events of {size} bytes with the time at byte {time_at}")
            left = count
            while left:  # in blocks, whatever a packet states
                part = min(left, AT_ONCE)
                here = file.tell()
                data = np.frombuffer(read_exactly(self, file, SIZE * part, "a block of events"), "<u4").reshape(-1, 2)
                left -= part
                is_valid = (data[:, 0] & 1) == 1
                invalid += part - int(is_valid.sum())
                words = data[is_valid]
                address, time = words[:, 0], words[:, 1].astype(np.int64, casting="same_kind")
                events = Events.of((wraps << 31) + time, address >> 17, (address >> 2) & 0x7FFF, (address >> 1) & 1)
                self.check_addresses(events, here, SIZE, np.flatnonzero(is_valid))
                yield events
        if others:
            self.notes.append(f"{others:,} events of other types (frames, IMU, special) are skipped")
        if invalid:
            self.notes.append(f"{invalid:,} events that are marked as invalid are skipped")
