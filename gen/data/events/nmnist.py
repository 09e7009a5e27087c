"""The .bin files of N-MNIST and N-Caltech101: 40 bits for each event, and no header.

Source: https://www.garrickorchard.com/datasets/n-mnist. Big-endian::

    39..32 x   31..24 y   23 polarity   22..0 time (us)

An event with y = 240 is none: the clock has overflowed, and 8,192 us are added to all times after it. As there is no
header, a file has this format if it has no other one, is no text, and the times of its events, at least two, ascend.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.clock import Clock
from tospike.gen.data.events.events import Events
from tospike.gen.data.events.reader import Head, Reader

OVERFLOW_Y, OVERFLOW_US = 240, 1 << 13
_SIZE, _LOOKED_AT, _MOST_BACK = 5, 4096, 0.01


class NMnist(Reader):
    """A .bin file of N-MNIST."""

    NAME = "N-MNIST .bin"

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether nearly all times at the beginning ascend, and no address is above an overflow's."""
        whole = min(len(head.data) // _SIZE, _LOOKED_AT)
        if whole < 2 or (head.data.isascii() and head.data.translate(None, b"\t\r\n").decode().isprintable()):  # a text
            return False
        data = np.frombuffer(head.data, np.uint8, whole * _SIZE).reshape(-1, _SIZE)
        times, y = _times(data), data[:, 1]
        events = times[y != OVERFLOW_Y]
        back = (np.diff(events) < 0).sum()
        ascends = back <= _MOST_BACK * len(events) and (len(events) < 2 or events.max() > events.min())
        return bool(ascends and y.max() <= OVERFLOW_Y)

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        clock, overflows = Clock(23), 0
        for _, words in self.words(file, 0, np.dtype((np.uint8, _SIZE))):
            x, y, polarity = words[:, 0], words[:, 1], words[:, 2] >> 7
            is_overflow = y == OVERFLOW_Y
            late = overflows + np.cumsum(is_overflow)
            overflows = int(late[-1])
            kept = ~is_overflow
            times = clock.unwrapped(_times(words)[kept]) + OVERFLOW_US * late[kept]
            yield Events(
                times,
                x[kept].astype(np.uint16, casting="same_kind"),
                y[kept].astype(np.uint16, casting="same_kind"),
                polarity[kept],
            )
        for what, count in (("overflows", overflows), ("wraps", clock.wraps)):
            if count:
                self.notes.append(f"the clock {what} {count} times: time is counted on")


def _times(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    wide = data.astype(np.int64, casting="same_kind")
    return ((wide[:, 2] & 0x7F) << 16) | (wide[:, 3] << 8) | wide[:, 4]
