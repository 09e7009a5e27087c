"""Packets of a board's serial line to and from bytes, on the host; `tospike.hw.host.framing` is the board's side."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tospike.hw.host.protocol import CHECK, ESCAPE, FLAG, HEADER, MAX_PAYLOAD, TOGGLE

LONGEST = 2 + 2 * (HEADER + MAX_PAYLOAD + CHECK)
"""Most bytes of a packet on the line: all of them escaped."""
_LONGEST = HEADER + MAX_PAYLOAD + CHECK


@dataclass(frozen=True, kw_only=True)
class Packet:
    """The content between two FLAGs."""

    number: int
    kind: int
    """A `Request` or a `Status`."""
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the bytes on the line."""
        checked = bytes([self.number, self.kind, len(self.payload)]) + self.payload
        stuffed = bytearray()
        for byte in checked + zlib.crc32(checked).to_bytes(CHECK, "little"):
            stuffed += bytes([ESCAPE, byte ^ TOGGLE]) if byte in (FLAG, ESCAPE) else bytes([byte])
        return bytes([FLAG, *stuffed, FLAG])


class Deframer:
    """Finds packets in a byte stream, in pieces of any size, and drops incomplete ones."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._escaped = False

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Return the packets that end in ``data``."""
        for byte in data:
            if byte == FLAG:
                packet = None if self._escaped else _parse(bytes(self._got))
                self._got.clear()
                self._escaped = False
                if packet:
                    yield packet
            elif byte == ESCAPE:
                self._escaped = True
            elif len(self._got) <= _LONGEST:  # one byte more shows that it is too long
                self._got.append(byte ^ TOGGLE if self._escaped else byte)
                self._escaped = False


def _parse(data: bytes) -> Packet | None:
    if not HEADER + CHECK <= len(data) <= _LONGEST or len(data) != HEADER + data[HEADER - 1] + CHECK:
        return None
    if zlib.crc32(data[:-CHECK]).to_bytes(CHECK, "little") != data[-CHECK:]:
        return None
    return Packet(number=data[0], kind=data[1], payload=data[HEADER:-CHECK])
