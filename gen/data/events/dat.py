"""Prophesee's .dat: 8 bytes for each event, time and address.

Source: https://docs.prophesee.ai/stable/data/file_formats/dat.html. After the header's lines ``% name value`` come a
byte for the type of the events (0 or 12: change detection) and one for their size, 8; then little-endian::

    31..0 time (us)      31..28 polarity   27..14 y   13..0 x
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from tospike.gen.data.events.clock import Clock
from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.prophesee import raw_header
from tospike.gen.data.events.reader import Head, Reader
from tospike.hw.params import require

TYPES, SIZE = (0, 12), 8


class Dat(Reader):
    """A .dat file of change-detection events."""

    NAME = "Prophesee .dat"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        header, start = raw_header(head)
        self.start = start + 2
        version = header.get("version", "2")
        require(version == "2", f"it is of version {version}, whose addresses differ: convert it to version 2")
        width, height = header.get("width", ""), header.get("height", "")
        if width.isdecimal() and height.isdecimal() and 0 < int(width) <= 1 << 14 and 0 < int(height) <= 1 << 14:
            self.sensor = Sensor(width=int(width), height=int(height))

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether a header without an encoding is followed by a known type and size of events."""
        if head.data[:1] != b"%":
            return False
        header, start = raw_header(head)
        kind = head.data[start : start + 2]
        return "encoding" not in header and len(kind) == 2 and kind[0] in TYPES and kind[1] == SIZE

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        clock = Clock(32)
        for offset, words in self.words(file, self.start, np.dtype([("t", "<u4"), ("a", "<u4")])):
            address = words["a"]
            events = Events(
                clock.unwrapped(words["t"]),
                (address & 0x3FFF).astype(np.uint16, casting="same_kind"),
                ((address >> 14) & 0x3FFF).astype(np.uint16, casting="same_kind"),
                ((address >> 28) & 1).astype(np.uint8, casting="same_kind"),
            )
            self.check_addresses(events, offset, 8)
            yield events
        if clock.wraps:
            self.notes.append(f"the clock wraps {clock.wraps} times: time is counted on")
