"""AEDAT 4.0 of iniVation's DV: packets, compressed, each a FlatBuffer.

Source: https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-4.0.html. All is little-endian::

    #!AER-DAT4.0\\r\\n
    u32 size, IOHeader   table IOHE: 0 compression (i32), 1 place of the table of packets (i64, -1: none),
                         2 the streams, in XML
    i32 stream, i32 size, packet ...   until the table of packets or the end of the file

A packet, decompressed, is a ``u32`` size and a table; a stream of events has tables EVTS, whose field 0 is a vector of
16 bytes each: ``i64`` time (us), ``i16`` x, ``i16`` y, ``bool`` polarity, 3 bytes of nothing. Compression is 0: none, 1
and 2: LZ4 frames, 3 and 4: Zstandard.
"""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np

from tospike.gen.data.events.aedat import version
from tospike.gen.data.events.decompress import decompressor
from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.flatbuffer import DamagedError, Table
from tospike.gen.data.events.reader import Head, Reader, read_exactly
from tospike.hw.params import require

_MAGIC_BYTES, HEADER_BYTES = 14, 1 << 20
_PACKET = struct.Struct("<ii")
_EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("rest", "V3")])


class Aedat4(Reader):
    """An AEDAT 4.0 file; of several streams of events, the first."""

    NAME = "AEDAT 4.0"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        with self.path.open("rb") as file:
            file.seek(_MAGIC_BYTES)
            size = struct.unpack("<I", read_exactly(self, file, 4, "the size of the header"))[0]
            if size > HEADER_BYTES:
                raise self.fail(_MAGIC_BYTES, f"the header states {size} bytes, {HEADER_BYTES} at most are supported")
            data = read_exactly(self, file, size, "the header")
            self.start = file.tell()
        try:
            header = Table.root(data, b"IOHE")
            compression, table = header.integer(0, "i", 0), header.integer(1, "q", -1)
            streams = header.text(2)
        except DamagedError as error:
            raise self.fail(_MAGIC_BYTES + 4, f"the header is damaged ({error})") from None
        self.end = table if table > 0 else self.size
        if not self.start <= self.end <= self.size:
            raise self.fail(_MAGIC_BYTES, f"the header places the table of packets at byte {table} of {self.size}")
        self._decompress: Callable[[bytes], bytes] = decompressor(compression, self.path)
        self.stream, self.sensor, self._others = self._event_stream(streams)

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether the first line states version 4.0."""
        return version(head.data) == "4.0"

    def _event_stream(self, text: str) -> tuple[int, Sensor | None, int]:
        """Return the number of the first stream of events, its sensor, and how many more there are."""
        require("<!" not in text, f"{self.path}: its streams are described by XML with declarations: leave them out")
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            raise self.fail(_MAGIC_BYTES + 4, f"the description of the streams is no XML ({error})") from None
        found = []
        for node in root.iterfind(".//node[@name='outInfo']/node"):
            attributes = {attribute.get("key"): attribute.text or "" for attribute in node.iter("attr")}
            if attributes.get("typeIdentifier") == "EVTS" and (name := node.get("name", "")).isdecimal():
                width, height = (attributes.get(key, "") for key in ("sizeX", "sizeY"))
                stated = width.isdecimal() and height.isdecimal() and 0 < int(width) < 1 << 15 > int(height) > 0
                found.append((int(name), Sensor(width=int(width), height=int(height)) if stated else None))
        require(len(found) >= 1, f"{self.path} holds no stream of events: record one")
        return *found[0], len(found) - 1

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, packet by packet."""
        file.seek(self.start)
        others = 0
        while (at := file.tell()) < self.end:
            stream, size = _PACKET.unpack(read_exactly(self, file, _PACKET.size, "the header of a packet"))
            if size < 0:
                raise self.fail(at, f"a packet states {size} bytes")
            data = read_exactly(self, file, size, "a packet")
            if stream != self.stream:
                others += 1
                continue
            try:
                content = memoryview(self._decompress(data))
                words = Table.root(content[4:], b"EVTS").vector(0, _EVENT)
            except DamagedError as error:
                raise self.fail(at, f"a packet is damaged ({error})") from None
            if len(words) and (words["x"].min() < 0 or words["y"].min() < 0):
                raise self.fail(at, "a packet has events with negative addresses")
            events = Events.of(words["t"], words["x"], words["y"], words["p"] != 0)
            self.check_addresses(events, at)
            yield events
        if others:
            self.notes.append(f"{others:,} packets of other streams (frames, IMU, triggers) are skipped")
        if self._others:
            self.notes.append(f"{self._others} more streams of events are left out")
