"""The header of Prophesee's RAW files, and what their encodings EVT 2.0, 2.1 and 3.0 share.

Source: https://docs.prophesee.ai/stable/data/encoding_formats. A header has lines ``% name value``; ``% evt 3.0`` or
``% format EVT3;height=720;width=1280`` states the encoding, ``% geometry 1280x720`` the size, ``% end`` may end it.
"""

import re
from collections.abc import Collection
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.clock import Clock
from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.reader import Head, Reader
from tospike.gen.data.events.text_header import fields, header_lines
from tospike.hw.params import require

SENSORS = {"gen31": (640, 480), "gen3_": (640, 480), "gen4": (1280, 720), "imx636": (1280, 720), "genx320": (320, 320)}
"""Sizes of sensors by a part of ``plugin_name``, for the headers that state none."""


def raw_header(head: Head) -> tuple[dict[str, str], int]:
    """Return the fields of a header, and the offset of the data."""
    lines, start = header_lines(head.data, "%", "end")
    found = fields(lines)
    name, *settings = found.get("format", "").split(";")
    for setting in settings:
        key, _, value = setting.partition("=")
        found[key.strip().lower()] = value.strip()
    if name:
        found["encoding"] = name.strip().upper()
    elif "evt" in found:
        found["encoding"] = f"EVT{found['evt'].removesuffix('.0').replace('.', '')}"
    return found, start


class RawReader(Reader):
    """A RAW file of one encoding."""

    ENCODING: ClassVar[str]
    """As ``% format`` has it."""
    BOUND = Sensor(width=1 << 11, height=1 << 11)

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.header, self.start = raw_header(head)
        self.sensor = self._stated_sensor()

    @classmethod
    def reads(cls, head: Head) -> bool:
        """Return whether the header states this encoding."""
        return head.data[:1] == b"%" and raw_header(head)[0].get("encoding") == cls.ENCODING

    def _stated_sensor(self) -> Sensor | None:
        text = self.header.get("geometry") or f"{self.header.get('width', '')}x{self.header.get('height', '')}"
        if size := re.fullmatch(r"(\d{1,5})x(\d{1,5})", text):
            width, height = int(size[1]), int(size[2])
            require(
                1 <= width <= 1 << 16 and 1 <= height <= 1 << 16, f"{self.path}: its header states a sensor of {text}"
            )
            return Sensor(width=width, height=height)
        plugin = self.header.get("plugin_name", "")
        known = next((size for part, size in SENSORS.items() if part in plugin), None)
        return known and Sensor(width=known[0], height=known[1])


class Skipped:
    """Counts the words that are no pixel's events, for the notes."""

    def __init__(self, known: dict[int, str]) -> None:
        self._known = known
        self._found: dict[int, tuple[int, int]] = {}
        self.early = 0
        """Events before the clock is known."""

    def add(self, kinds: NDArray[np.uint8], offset: int, word_bytes: int, used: Collection[int]) -> None:
        """Count the words of a block, whose first is at byte ``offset``, that are of none of the kinds ``used``."""
        others = np.ones(len(kinds), dtype=bool)
        for kind in used:
            others &= kinds != kind
        for kind in np.unique(kinds[others]).tolist():
            at = np.flatnonzero(kinds == kind)
            count, first = self._found.get(kind, (0, offset + word_bytes * int(at[0])))
            self._found[kind] = count + len(at), first

    def notes(self) -> list[str]:
        """Return a line for each kind of words that were skipped."""
        lines = [
            f"{count:,} words of {self._known.get(kind, f'the reserved type {kind}')} are skipped (the first at byte "
            f"{first})"
            for kind, (count, first) in sorted(self._found.items())
        ]
        if self.early:
            lines.append(f"{self.early:,} events before the first time stamp are left out")
        return lines


class HighTime:
    """The high bits of the time, from words of their own, and the number of such words seen."""

    def __init__(self, bits: int, low_bits: int) -> None:
        self._clock = Clock(bits)
        self._low_bits = low_bits
        self.current: int | None = None
        """Time without the low bits, after the last block; ``None``: not known yet."""

    def add(self, readings: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return (words + 1,) times, shifted by the low bits: that before the first of ``readings``, and after each."""
        before = -1 if self.current is None else self.current
        times = np.concatenate(([before], self._clock.unwrapped(readings) << self._low_bits))
        if len(readings):
            self.current = int(times[-1])
        return times

    def note(self) -> list[str]:
        """Return how often the clock wrapped, if it did."""
        return [f"the clock wraps {self._clock.wraps} times: time is counted on"] if self._clock.wraps else []


def events_of(
    found: NDArray[np.uint32], since: NDArray[np.int64], x: NDArray[np.int64], at: NDArray[np.int64], skipped: Skipped
) -> tuple[Events, NDArray[np.int64]]:
    """Return the events of words, and their places ``at`` in the block; those before the first time are ``skipped``.

    Parameters
    ----------
    found
        (N,) words with type, low bits of the time, and y.
    since
        (N,) times of the last high word, in us; negative: there was none.
    x
        (N,) columns, not negative.
    """
    events = Events(
        since + ((found >> 22) & 63),
        x.view(np.uint64).astype(np.uint16, casting="same_kind"),
        (found & 0x7FF).astype(np.uint16, casting="same_kind"),
        (found >> 28).astype(np.uint8, casting="same_kind"),
    )
    known = since >= 0
    if known.all():
        return events, at
    skipped.early += int((~known).sum())
    return events.take(known), at[known]
