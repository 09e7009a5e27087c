"""EVT 2.1: words of 64 bits, each up to 32 events of one row, polarity and time.

Source: https://docs.prophesee.ai/stable/data/encoding_formats/evt21.html::

    63..60 type   0 OFF, 1 ON:  59..54 time (low 6 bits)   53..43 x   42..32 y   31..0 bit n: an event at x + n
                  8 TIME_HIGH:  59..32 time (high 28 bits)                       31..0 zero
                  10 EXT_TRIGGER, 14 OTHERS

Words are little-endian, or have their halves swapped (``endianness=legacy``, as the IMX636 sends them), or are
big-endian. Where the header does not say which, TIME_HIGH words tell: only in the right order is their low half zero.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.bits import set_bits
from tospike.gen.data.events.events import Events
from tospike.gen.data.events.prophesee import HighTime, RawReader, Skipped, events_of
from tospike.gen.data.events.reader import Head
from tospike.hw.params import require

ON, TIME_HIGH = 1, 8
USED = (0, ON, TIME_HIGH)
KNOWN = {10: "triggers", 14: "vendor data", 15: "continued data"}
_HALVES = {"little": ("<u4", 1), "legacy": ("<u4", 0), "big": (">u4", 0)}
"""Type of a half of a word, and the index of the high half."""


class Evt21(RawReader):
    """A RAW file in EVT 2.1."""

    NAME, ENCODING = "EVT 2.1", "EVT21"

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        order = self.header.get("endianness") or self._order(head.data[self.start :])
        require(order in _HALVES, f"{self.path}: its header states endianness {order}: {', '.join(_HALVES)} are known")
        self._half, self._high = _HALVES[order]

    def _order(self, data: bytes) -> str:
        """Return the order in which most words are a TIME_HIGH."""
        whole = data[: len(data) // 8 * 8]

        def times(order: str) -> int:
            half, high = _HALVES[order]
            halves = np.frombuffer(whole, half).reshape(-1, 2)
            return int(((halves[:, high] >> 28 == TIME_HIGH) & (halves[:, 1 - high] == 0)).sum())

        return max(_HALVES, key=times)

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        high, skipped = HighTime(28, 6), Skipped(KNOWN)
        for offset, words in self.words(file, self.start, np.dtype((self._half, 2))):
            found, valid = words[:, self._high], words[:, 1 - self._high]
            kind = (found >> 28).astype(np.uint8, casting="same_kind")
            skipped.add(kind, offset, 8, USED)
            is_high = kind == TIME_HIGH
            base = high.add(found[is_high] & 0x0FFF_FFFF)
            at = np.flatnonzero(kind <= ON)
            since = base[np.cumsum(is_high)[at]]
            row, bit = set_bits(_bytes(valid[at]))
            found, since, at = found[at][row], since[row], at[row]
            events, at = events_of(found, since, ((found >> 11) & 0x7FF) + bit, at, skipped)
            self.check_addresses(events, offset, 8, at)
            yield events
        self.notes += skipped.notes() + high.note()


def _bytes(valid: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (N, 4) bytes, the lowest first."""
    return valid.astype("<u4").view(np.uint8).reshape(-1, 4)
