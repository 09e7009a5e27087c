"""EVT 2.0: words of 32 bits, an event each.

Source: https://docs.prophesee.ai/stable/data/encoding_formats/evt2.html. Little-endian words::

    31..28 type   0 OFF, 1 ON:  27..22 time (low 6 bits)   21..11 x   10..0 y
                  8 TIME_HIGH:  27..0 time (high 28 bits)
                  10 EXT_TRIGGER, 14 OTHERS, 15 CONTINUED
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from tospike.gen.data.events.events import Events
from tospike.gen.data.events.prophesee import HighTime, RawReader, Skipped, events_of

ON, TIME_HIGH = 1, 8
USED = (0, ON, TIME_HIGH)
KNOWN = {10: "triggers", 14: "vendor data", 15: "continued data"}


class Evt2(RawReader):
    """A RAW file in EVT 2.0."""

    NAME, ENCODING = "EVT 2.0", "EVT2"

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        high, skipped = HighTime(28, 6), Skipped(KNOWN)
        for offset, words in self.words(file, self.start, np.dtype("<u4")):
            kind = (words >> 28).astype(np.uint8, casting="same_kind")
            skipped.add(kind, offset, 4, USED)
            is_high = kind == TIME_HIGH
            base = high.add(words[is_high] & 0x0FFF_FFFF)
            at = np.flatnonzero(kind <= ON)
            found, since = words[at], base[np.cumsum(is_high)[at]]
            events, at = events_of(
                found, since, ((found >> 11) & 0x7FF).astype(np.int64, casting="same_kind"), at, skipped
            )
            self.check_addresses(events, offset, 4, at)
            yield events
        self.notes += skipped.notes() + high.note()
