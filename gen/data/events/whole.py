"""A recording as a whole, in memory, in the order of time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.formats import open_recording
from tospike.gen.files.reading import reading
from tospike.hw.params import require
from tospike.hw.params.limits import EVENTS


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """All events of a file."""

    path: Path
    format: str
    events: Events
    """In ascending order of time."""
    sensor: Sensor | None
    """As the file states it."""
    notes: tuple[str, ...]
    """What was left out or corrected."""


def read_recording(path: Path, limit: int = EVENTS) -> Recording:
    """Read a recording; events whose time goes backwards are moved to their place, and a note says so.

    Raises
    ------
    InputError
        It cannot be read, is damaged, or has more than ``limit`` events.
    """
    reader, parts, count = open_recording(path), [], 0
    with reading(path, f"{reader.NAME} file", "record or download it again"):
        for part in reader.events():
            count += len(part)
            require(count <= limit, f"{path} holds more than {limit} events: that many are supported, cut it")
            if len(part):
                parts.append(part)
    events, notes = Events.joined(parts), list(reader.notes)
    steps = np.diff(events.t_us)
    if len(back := np.flatnonzero(steps < 0)):
        notes.append(backwards(len(back), int(back[0]) + 1, int(-steps.min())) + ": events are sorted by time")
        events = events.take(np.argsort(events.t_us, kind="stable"))
    return Recording(path=path, format=reader.NAME, events=events, sensor=reader.sensor, notes=tuple(notes))


def backwards(count: int, first: int, most_us: int) -> str:
    """Return how often time goes backwards, in words."""
    return f"time goes backwards {count:,} times (first at event {first}), by up to {most_us:,} us"
