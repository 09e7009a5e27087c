"""EVT 3.0: words of 16 bits, each of which changes a part of the decoder's state.

Source: https://docs.prophesee.ai/stable/data/encoding_formats/evt3.html. Little-endian words::

    15..12 type   0 ADDR_Y:       10..0 y
                  2 ADDR_X:       11 polarity   10..0 x             an event
                  3 VECT_BASE_X:  11 polarity   10..0 x
                  4 VECT_12:      11..0 bit n: an event at x + n    then x += 12
                  5 VECT_8:       7..0 bit n: an event at x + n     then x += 8
                  6 TIME_LOW:     11..0 time (low 12 bits)
                  8 TIME_HIGH:    11..0 time (high 12 bits)
                  7 CONTINUED_4, 10 EXT_TRIGGER, 14 OTHERS, 15 CONTINUED_12

The low bits are 0 from a new TIME_HIGH to the TIME_LOW that follows it, as in Prophesee's own decoder. The clock of
24 bits wraps every 16.8 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.bits import set_bits
from tospike.gen.data.events.events import Events
from tospike.gen.data.events.prophesee import HighTime, RawReader, Skipped

ADDR_Y, ADDR_X, BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
USED = (ADDR_Y, ADDR_X, BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH)
_UNKNOWN, _MOST = 0xFFFF, 0xF000
"""An address that no word has given yet; the largest that a vector begins with, beyond all that are valid."""
KNOWN = {7: "continued data", 10: "triggers", 14: "vendor data", 15: "continued data"}


@dataclass
class _State:
    """What a word leaves to those after it; `_UNKNOWN`: no word has given it yet."""

    time: int = -1
    low: int = 0
    y: int = _UNKNOWN
    base: int = _UNKNOWN
    polarity: int = 0


class Evt3(RawReader):
    """A RAW file in EVT 3.0."""

    NAME, ENCODING = "EVT 3.0", "EVT3"

    def decode(self, file: BinaryIO) -> Iterator[Events]:
        """Yield events, in blocks."""
        high, skipped, state = HighTime(12, 12), Skipped(KNOWN), _State()
        for offset, words in self.words(file, self.start, np.dtype("<u2")):
            kind = (words >> 12).astype(np.uint8, casting="same_kind")
            skipped.add(kind, offset, 2, USED)
            is_start = state.time < 0 or _UNKNOWN in (state.y, state.base)
            events, at, row = _decode(words & np.uint16(0xFFF), kind, high, state)
            if is_start:
                known = (events.t_us >= 0) & (events.x != _UNKNOWN) & (events.y != _UNKNOWN)
                skipped.early += int((~known).sum())
                events, row = events.take(known), row[known]
            self.check_addresses(events, offset, 2, at, row)
            yield events
        self.notes += skipped.notes() + high.note()


def _decode(
    value: NDArray[np.uint16], kind: NDArray[np.uint8], high: HighTime, state: _State
) -> tuple[Events, NDArray[np.intp], NDArray[np.intp]]:
    """Return the events of a block, the indices of the words that have events, and of each event the index of its word
    among these; ``high`` and ``state`` are carried on.
    """
    count = len(kind)
    is_12, is_base = kind == VECT_12, kind == BASE_X
    is_vector = is_12 | (kind == VECT_8)
    at = np.flatnonzero(is_vector | (kind == ADDR_X))
    t = _between(*_times(value, kind, high, state), count).take(at)
    of_y = np.flatnonzero(kind == ADDR_Y)
    ys = np.append(np.uint16(state.y), value.take(of_y) & np.uint16(0x7FF))
    y, state.y = _between(ys, of_y, count).take(at), int(ys[-1])

    found = value.take(at)
    x, polarity = found & np.uint16(0x7FF), (found >> 11).astype(np.uint8, casting="same_kind")
    moving = np.flatnonzero(is_vector | is_base)
    if not len(moving):
        return Events(t, x, y, polarity), at, np.arange(len(at))
    start, of_vector, masks = _vectors(value.take(moving), is_12.take(moving), is_base.take(moving), state)
    vectors = np.flatnonzero(is_vector.take(at))
    x[vectors], polarity[vectors] = start, of_vector
    which, bit = set_bits(masks.astype("<u2").view(np.uint8).reshape(-1, 2))
    counts = np.ones(len(at), np.intp)
    counts[vectors] = np.bincount(which, minlength=len(vectors))
    row = np.repeat(np.arange(len(at)), counts)
    x = x.take(row)
    places = np.flatnonzero(is_vector.take(at).take(row))
    start = start.take(which)
    x[places] = np.where(start == _UNKNOWN, _UNKNOWN, start + bit)
    return Events(t.take(row), x, y.take(row), polarity.take(row)), at, row


def _times(
    value: NDArray[np.uint16], kind: NDArray[np.uint8], high: HighTime, state: _State
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the time before the first word that sets it and after each of these, and their indices."""
    is_high = kind == TIME_HIGH
    setting = np.flatnonzero(is_high | (kind == TIME_LOW))
    given, is_high = value.take(setting).astype(np.int64, casting="same_kind"), is_high.take(setting)
    highs = high.add(given[is_high])
    is_new = np.zeros(len(setting), dtype=bool)
    is_new[is_high] = np.diff(highs) != 0
    # the last word that sets the low bits: a TIME_LOW, or a new TIME_HIGH, which sets them to 0
    setter = np.maximum.accumulate(np.where(~is_high | is_new, np.arange(1, len(setting) + 1), 0))
    lows = np.concatenate(([state.low], np.where(is_high, 0, given)))[setter]
    base = highs[np.cumsum(is_high)]
    times = np.concatenate(([state.time], np.where(base < 0, -1, base + lows)))
    state.time = int(times[-1])
    state.low = int(lows[-1]) if len(lows) else state.low
    return times, setting


def _vectors(
    value: NDArray[np.uint16], is_12: NDArray[np.bool_], is_base: NDArray[np.bool_], state: _State
) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint16]]:
    """Return x, polarity and mask of each vector among the words that are vectors or a base."""
    is_vector = ~is_base
    advance = np.where(is_12, 12, 8) * is_vector
    moved = np.cumsum(advance)
    of_base = np.flatnonzero(is_base)
    bases = np.concatenate(([state.base], (value[of_base] & 0x7FF) - moved[of_base]))
    polarities = np.append(np.uint8(state.polarity), (value[of_base] >> 11).astype(np.uint8, casting="same_kind"))
    number = np.cumsum(is_base)
    start = np.minimum(bases[number] + moved - advance, _MOST)
    is_unknown = (number == 0) & (state.base == _UNKNOWN)
    start[is_unknown] = _UNKNOWN
    end = _UNKNOWN if is_unknown[-1] else min(int(bases[-1] + moved[-1]), _MOST)
    polarity = polarities[number]
    state.base, state.polarity = end, int(polarities[-1])
    masks = value & np.where(is_12, np.uint16(0xFFF), np.uint16(0xFF))
    # none is negative: `_UNKNOWN` is the largest
    return (
        start[is_vector].view(np.uint64).astype(np.uint16, casting="same_kind"),
        polarity[is_vector],
        masks[is_vector],
    )


def _between(values: NDArray, changes: NDArray[np.intp], count: int) -> NDArray:
    """Return (count,) values: the first one before the first of ``changes``, the next one from there on, and so on."""
    return np.repeat(values, np.diff(changes, prepend=0, append=count))
