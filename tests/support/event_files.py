"""Recordings written byte by byte, and decoders that read them word by word: both from the formats' descriptions.

Events are tuples (t_us, x, y, p).
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tospike.gen.data.events.events import Events
from tospike.gen.data.events.formats import open_recording

Event = tuple[int, int, int, int]


def random_events(seed: int, count: int, width: int = 100, height: int = 80, gap_us: int = 300) -> list[Event]:
    generator = np.random.default_rng(seed)
    times = 5000 + np.cumsum(generator.integers(0, gap_us, count))
    columns = [times, *(generator.integers(0, size, count) for size in (width, height, 2))]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def decoded(path: Path) -> tuple[list[Event], list[str]]:
    """The events and the notes of tospike's reader."""
    reader = open_recording(path)
    events = Events.joined(list(reader.events()))
    columns = (events.t_us, events.x, events.y, events.p)
    return list(zip(*(column.tolist() for column in columns), strict=True)), reader.notes


# ---------------------------------------------------------------------------------------------------- Prophesee


def evt2(events: Iterable[Event], header: bytes = b"% evt 2.0\n") -> bytes:
    words, high = [], None
    for t, x, y, p in events:
        if t >> 6 != high:
            high = t >> 6
            words.append(0x8 << 28 | high & 0xFFFFFFF)
        words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
    return header + struct.pack(f"<{len(words)}I", *words)


def read_evt2(data: bytes) -> list[Event]:
    return _slow(struct.iter_unpack("<I", data[_text(data) :]), lambda w: (w >> 28, w & 0xFFFFFFF, 1, None))


def evt21(events: Iterable[Event], order: str, header: bytes) -> bytes:
    """One word for each event, or for two in a row that fit into one."""
    halves: list[tuple[int, int]] = []
    high, last = None, None
    for t, x, y, p in events:
        if t >> 6 != high:
            high = t >> 6
            halves.append((0x8 << 28 | high & 0xFFFFFFF, 0))
            last = None
        base = x & ~31
        word = p << 28 | (t & 63) << 22 | base << 11 | y
        if last is not None and halves[-1][0] == word and halves[-1][1] < 1 << (x - base):
            halves[-1] = word, halves[-1][1] | 1 << (x - base)
        else:
            halves.append((word, 1 << (x - base)))
        last = word
    pairs = [pair if order in ("legacy", "big") else pair[::-1] for pair in halves]
    sign = ">" if order == "big" else "<"
    return header + b"".join(struct.pack(f"{sign}2I", *pair) for pair in pairs)


def read_evt21(data: bytes) -> list[Event]:
    """Of little-endian words."""
    words = struct.iter_unpack("<Q", data[_text(data) :])
    return _slow(words, lambda w: (w >> 60, w >> 32 & 0xFFFFFFF, w & 0xFFFFFFFF, None))


def _slow(words, split) -> list[Event]:
    high, wraps, last, found = None, 0, 0, []
    for (word,) in words:
        kind, value, valid, _ = split(word)
        if kind == 8:
            wraps += value - last < -(1 << 27)
            if wraps and value - last > 1 << 27:
                wraps -= 1
            last = value
            high = (wraps << 28 | value) << 6
        elif kind <= 1 and high is not None:
            x, y = value >> 11 & 0x7FF, value & 0x7FF
            found += [(high + (value >> 22 & 63), x + n, y, kind) for n in range(32) if valid >> n & 1]
    return found


def evt3(events: Iterable[Event], header: bytes = b"% evt 3.0\n") -> bytes:
    """Neighbours in a row become vectors of 12."""
    words: list[int] = []
    high = low = row = None
    events = list(events)
    at = 0
    while at < len(events):
        t, x, y, p = events[at]
        if t >> 12 != high:
            high, low = t >> 12, None
            words.append(0x8000 | high & 0xFFF)
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(0x6000 | low)
        if y != row:
            row = y
            words.append(y)
        mask, end = 1, at + 1
        while end < len(events) and events[end][0] == t and events[end][2:] == (y, p):
            if not (1 << (gap := events[end][1] - x) > mask and 0 < gap < 12):
                break
            mask, end = mask | 1 << gap, end + 1
        words += [0x3000 | p << 11 | x, 0x4000 | mask] if end > at + 1 else [0x2000 | p << 11 | x]
        at = end
    return header + struct.pack(f"<{len(words)}H", *words)


def read_evt3(data: bytes) -> list[Event]:
    high = last = None
    low = wraps = polarity = 0
    y = base = None
    found: list[Event] = []
    for (word,) in struct.iter_unpack("<H", data[_text(data) :]):
        kind, value = word >> 12, word & 0xFFF
        if kind == 8:
            if last is not None:
                wraps += value - last < -2048
                wraps -= wraps > 0 and value - last > 2048
            last = value
            if wraps << 12 | value != high:
                low = 0
            high = wraps << 12 | value
        elif kind == 6:
            low = value
        elif kind == 0:
            y = value & 0x7FF
        elif kind == 3:
            base, polarity = value & 0x7FF, value >> 11
        known = high is not None and y is not None
        if kind == 2 and known:
            found.append(((high << 12) + low, value & 0x7FF, y, value >> 11))
        elif kind in (4, 5):
            size = 12 if kind == 4 else 8
            if known and base is not None:
                found += [((high << 12) + low, base + n, y, polarity) for n in range(size) if value >> n & 1]
            base = None if base is None else base + size
    return found


def dat(events: Iterable[Event], header: bytes = b"% Data file\n% Version 2\n", kind: int = 0) -> bytes:
    return header + bytes([kind, 8]) + b"".join(struct.pack("<2I", t, p << 28 | y << 14 | x) for t, x, y, p in events)


def read_dat(data: bytes) -> list[Event]:
    words = struct.iter_unpack("<2I", data[_text(data) + 2 :])
    return [(t, a & 0x3FFF, a >> 14 & 0x3FFF, a >> 28 & 1) for t, a in words]


def _text(data: bytes, mark: bytes = b"%") -> int:
    at = 0
    while data[at : at + 1] == mark:
        at = data.index(b"\n", at) + 1
        if data[:at].endswith(b"% end\n"):
            break
    return at


# ------------------------------------------------------------------------------------------------------- others


def nmnist(events: Iterable[Event]) -> bytes:
    return b"".join(bytes([x, y, p << 7 | t >> 16 & 0x7F, t >> 8 & 0xFF, t & 0xFF]) for t, x, y, p in events)


def read_nmnist(data: bytes) -> list[Event]:
    groups = [data[at : at + 5] for at in range(0, len(data), 5)]
    return [((g[2] & 0x7F) << 16 | g[3] << 8 | g[4], g[0], g[1], g[2] >> 7) for g in groups]


def event_stream(events: Iterable[Event], width: int = 100, height: int = 80, *, atis: bool = False) -> bytes:
    out, now = bytearray(b"Event Stream\2\0\0" + bytes([2 if atis else 1]) + struct.pack("<2H", width, height)), 0
    longest = 63 if atis else 127
    for t, x, y, p in events:
        pauses, rest = divmod(t - now, longest)
        while pauses:
            some = min(pauses, 3 if atis else 1)
            out.append(0xFC | some if atis else 0xFF)
            pauses -= some
        out += bytes([rest << 2 | p << 1 if atis else rest << 1 | p]) + struct.pack("<2H", x, y)
        now = t
    return bytes(out)


def read_event_stream(data: bytes) -> list[Event]:
    """Of DVS events."""
    at, now, found = 20, 0, []
    while at < len(data):
        code = data[at]
        if code >= 254:
            now += 127 * (code - 254)
            at += 1
        else:
            now += code >> 1
            found.append((now, *struct.unpack_from("<2H", data, at + 1), code & 1))
            at += 5
    return found


def aedat2(events: Iterable[Event], chip: str | None = "eu.seebetter.ini.chips.davis.DAVIS240C") -> bytes:
    header = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
    if chip:
        header += f"# AEChip: {chip}\r\n".encode()
    is_davis = bool(chip) and "DAVIS" in chip
    return header + b"".join(
        struct.pack(">2I", y << 22 | x << 12 | p << 11 if is_davis else y << 8 | x << 1 | p, t & 0xFFFFFFFF)
        for t, x, y, p in events
    )


AEDAT3 = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS240C\r\n#Start-Time: 2026-01-01\r\n#!END-HEADER\r\n"


def aedat3_packet(events: Iterable[Event], wraps: int = 0, kind: int = 1) -> bytes:
    words = [struct.pack("<2I", x << 17 | y << 2 | p << 1 | 1, t) for t, x, y, p in events]
    return struct.pack("<hh6i", kind, 1, 8, 4, wraps, len(words), len(words), len(words)) + b"".join(words)


def _table(fields: list[bytes | None], identifier: bytes, tail: bytes) -> bytes:
    """A buffer with one table of 8-byte fields and what they refer to behind it."""
    sizes = [4 + 8 * n if field is not None else 0 for n, field in enumerate(fields)]
    vtable = struct.pack("<2H", 4 + 2 * len(fields), 4 + 8 * len(fields)) + struct.pack(f"<{len(fields)}H", *sizes)
    vtable += b"\0" * (-len(vtable) % 4)
    root = 8 + len(vtable)
    body = struct.pack("<i", root - 8) + b"".join(field if field is not None else b"\0" * 8 for field in fields)
    return struct.pack("<I", root) + identifier + vtable + body + tail


def aedat4_packet(events: Iterable[Event]) -> bytes:
    words = [struct.pack("<q2hB3x", t, x, y, p) for t, x, y, p in events]
    table = _table([struct.pack("<I", 8) + b"\0" * 4], b"EVTS", struct.pack("<I", len(words)) + b"".join(words))
    return struct.pack("<I", len(table)) + table


def aedat4(packets: Iterable[bytes], compression: int, *, width: int = 100, height: int = 80, stream: int = 0) -> bytes:
    """A file of packets that are compressed already, all of one stream."""
    xml = (
        f'<dv version="2.0"><node name="outInfo" path="/x/"><node name="0" path="/x/0/"><attr key="typeIdentifier" '
        f'type="string">EVTS</attr><node name="info" path="/x/0/i/"><attr key="sizeX" type="int">{width}</attr>'
        f'<attr key="sizeY" type="int">{height}</attr></node></node></node></dv>'
    ).encode()
    table = _table(
        [struct.pack("<i4x", compression), struct.pack("<q", -1), struct.pack("<I4x", 8)],
        b"IOHE",
        struct.pack("<I", len(xml)) + xml,
    )
    out = b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(table)) + table
    return out + b"".join(struct.pack("<2i", stream, len(packet)) + packet for packet in packets)


def read_aedat4(data: bytes) -> list[Event]:
    """With the header as DV 1.x writes it."""
    import lz4.frame

    (size,) = struct.unpack_from("<I", data, 14)
    at, found = 18 + size, []
    (end,) = struct.unpack_from("<q", data, 54)
    while at < end:
        stream, length = struct.unpack_from("<2i", data, at)
        content = lz4.frame.decompress(data[at + 8 : at + 8 + length])
        at += 8 + length
        if stream == 0:
            assert content[8:12] == b"EVTS"
            root = 4 + struct.unpack_from("<I", content, 4)[0]
            vtable = root - struct.unpack_from("<i", content, root)[0]
            field = root + struct.unpack_from("<H", content, vtable + 4)[0]
            vector = field + struct.unpack_from("<I", content, field)[0]
            (count,) = struct.unpack_from("<I", content, vector)
            found += struct.iter_unpack("<q2hB3x", content[vector + 4 : vector + 4 + 16 * count])
    return found
