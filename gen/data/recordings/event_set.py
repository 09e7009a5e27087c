"""Recordings of event sensors as a data set: one file, a folder, SHD."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import as_labels
from tospike.gen.data.events.events import Events, Sensor
from tospike.gen.data.events.whole import Recording, read_recording
from tospike.gen.data.recordings.binning import Recordings, check_recordings
from tospike.gen.data.recordings.filters import EventFilters
from tospike.gen.data.recordings.labels import Labelled, list_folder
from tospike.gen.data.recordings.shd import read_shd
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import EVENTS, SAMPLES

Labels = NDArray[np.int64]
Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSet:
    """Recordings that are not divided into steps yet."""

    name: str
    format: str
    test: Recordings
    labels: Labels | None
    """Of ``test``; ``None``: a recording without labels."""
    train: Recordings | None = None
    train_labels: Labels | None = None
    classes: tuple[str, ...] = ()
    """Names by number; empty: they have none."""
    notes: tuple[str, ...] = ()


def shd(path: Path, sensor: Size | None, filters: EventFilters) -> EventSet:
    """Return the recordings of an HDF5 file in the form of SHD.

    Raises
    ------
    InputError
        As in `read_shd`; ``sensor`` is smaller than its channels.
    """
    arrays, size = read_shd(path)
    if sensor is not None:
        require(sensor[1] == 1, f"{path} has channels: give --sensor WIDTHx1")
        size = Sensor(width=sensor[0], polarities=1)
    (recordings,) = filters.apply(check_recordings(arrays, size))
    return EventSet(name=path.stem, format="SHD HDF5", test=recordings, labels=as_labels(path, arrays["label"]))


def recording(path: Path, sensor: Size | None, filters: EventFilters, window_us: int | None = None) -> EventSet:
    """Return a recording without labels.

    Parameters
    ----------
    window_us
        Divide it into samples of this length, back to back from its first event; an incomplete one at the end is left
        out, unless it is the only one.

    Raises
    ------
    InputError
        It cannot be read, or holds no events.
    """
    found = read_recording(path)
    size = _sensor([found], sensor)
    (events,) = filters.apply(check_recordings(_arrays([found.events]), size))
    if window_us is not None:
        events = windows(events, window_us)
    return EventSet(name=path.stem, format=found.format, test=events, labels=None, notes=found.notes)


def windows(events: Recordings, window_us: int) -> Recordings:
    """Divide one recording into windows; see `recording`."""
    start = int(events.starts[0])
    count = max(1, events.duration_us // window_us)
    require(count <= SAMPLES, f"the recording has {count} windows of {window_us} us: at most {SAMPLES} are supported")
    number = (events.t_us - start) // window_us
    kept = events.take(number < count)
    return Recordings(
        x=kept.x,
        y=kept.y,
        p=kept.p,
        t_us=kept.t_us,
        recording=number[number < count],
        starts=start + window_us * np.arange(count),
        duration_us=events.duration_us,
        sensor=events.sensor,
    )


def folder(path: Path, sensor: Size | None, filters: EventFilters) -> EventSet:
    """Return the labelled recordings of a folder; see `list_folder`.

    Raises
    ------
    InputError
        There are no labels, a recording cannot be read or has no events, or their sensors differ.
    """
    listing = list_folder(path)
    require(len(listing.test) >= 1, f"{path}: no recording is part of the test")
    cache: dict[Path, Recording] = {}
    parts = [_read(samples, cache) for samples in (listing.test, listing.train) if samples]
    size = _sensor([each for part in parts for each, _ in part], sensor)
    test, *train = filters.apply(*(check_recordings(_arrays([events for _, events in part]), size) for part in parts))
    formats = sorted({each.format for part in parts for each, _ in part})
    notes = {f"{each.path.name}: {note}": None for part in parts for each, _ in part for note in each.notes}
    few = [*notes][:_NOTES]
    if len(notes) > _NOTES:
        few.append(f"{len(notes) - _NOTES} more such notes on other files")
    return EventSet(
        name=path.resolve().name,
        format=", ".join(formats),
        test=test,
        labels=np.array([sample.label for sample in listing.test], np.int64),
        train=train[0] if train else None,
        train_labels=np.array([sample.label for sample in listing.train], np.int64) if train else None,
        classes=listing.classes,
        notes=tuple(few),
    )


_NOTES = 3


def _read(samples: Sequence[Labelled], cache: dict[Path, Recording]) -> list[tuple[Recording, Events]]:
    """Return the recording and the events of each sample; a file that several samples are parts of is read once."""
    total, found = 0, []
    for sample in samples:
        last = next(iter(cache.values()), None)
        if last is None or last.path != sample.path:
            cache.clear()
            last = cache[sample.path] = read_recording(sample.path)
        events = last.events
        if sample.start_us is not None or sample.end_us is not None:
            first = 0 if sample.start_us is None else np.searchsorted(events.t_us, sample.start_us)
            end = len(events) if sample.end_us is None else np.searchsorted(events.t_us, sample.end_us)
            events = events.take(np.arange(first, end))  # a copy: the rest of the recording is not kept
        if not len(events):
            when = "" if sample.start_us is None and sample.end_us is None else " between these times"
            raise InputError(f"{sample.path} has no events{when}: leave it and its label out")
        total += len(events)
        require(total <= EVENTS, f"{sample.path}: with it, there are more than {EVENTS} events: give fewer recordings")
        found.append((replace(last, events=Events.of([], [], [], [])), events))
    return found


def _sensor(recordings: Sequence[Recording], given: Size | None) -> Size | Sensor | None:
    """Return the size that was given, or that the files state."""
    if given is not None:
        return given
    first: Recording | None = None
    for each in recordings:
        if each.sensor is None:
            return None
        if first is not None and each.sensor != first.sensor:
            assert first.sensor is not None
            raise InputError(
                f"{each.path} is of a sensor of {each.sensor.describe()}, but {first.path} of "
                f"{first.sensor.describe()}: give recordings of one sensor, or --sensor"
            )
        first = first or each
    return None if first is None else first.sensor


def _arrays(several: Sequence[Events]) -> dict[str, NDArray[Any]]:
    require(all(len(events) for events in several), "the recording has no events: give another one")
    joined = Events.joined(several)
    return {
        "x": joined.x,
        "y": joined.y,
        "p": joined.p,
        "t_us": joined.t_us,
        "offsets": np.concatenate(([0], np.cumsum([len(events) for events in several]))),
    }
