"""What a data set or a recording contains, for people and as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.arrays import EVENT_ARRAYS
from tospike.gen.data.data_set import DataSet, as_labels
from tospike.gen.data.datasets import EVENT_SOURCES, parse_spec
from tospike.gen.data.events.events import Sensor
from tospike.gen.data.events.formats import open_recording
from tospike.gen.data.events.reader import Reader
from tospike.gen.data.events.whole import backwards
from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.data.options import DataOptions
from tospike.gen.data.recordings.binning import Recordings, check_recordings
from tospike.gen.data.recordings.event_set import EventSet
from tospike.gen.files.reading import reading
from tospike.hw.params import require

Description = Mapping[str, Any]
"""Names and what they are: numbers, texts, or mappings of them."""


def describe(options: DataOptions) -> Description:
    """Describe the data of a SPEC or a path.

    A single recording without filters is read in blocks, in memory that does not depend on its length.

    Raises
    ------
    InputError
        The data cannot be read, or are damaged.
    """
    if options.data == "digits":
        return _of_samples(options.data, options.load())
    kind, path = parse_spec(options.data)
    if kind == "events" and path.is_file() and options.is_off and options.sensor is None and options.hold_out is None:
        return _of_recording(open_recording(path))
    found = event_set(kind, path, options)
    return _of_samples(kind, options.load()) if found is None else _of_set(found)


def event_set(kind: str, path: Path, options: DataOptions) -> EventSet | None:
    """Return the recordings of events that a SPEC names; ``None``: it has none.

    Raises
    ------
    InputError
        They cannot be read, or are to be divided into a test and a training part, although all are described.
    """
    how = options.request(path)
    whole = f"{path} holds recordings, all of which are described: leave --hold-out out"
    if kind in EVENT_SOURCES:
        require(how.every is None, whole)
        return EVENT_SOURCES[kind](how)
    if kind != "npz" or not path.is_file():
        return None
    with reading(path, NPZ, "save it again with numpy.savez"):
        arrays = read_npz(path)
        if not arrays.keys() >= EVENT_ARRAYS - {"label"}:
            return None
        require(how.every is None, whole)
        labels = as_labels(path, arrays["label"]) if "label" in arrays else None
        (events,) = options.apply(check_recordings(arrays, how.sensor))
        return EventSet(name=path.stem, format="npz of events", test=events, labels=labels)


def _of_recording(reader: Reader) -> Description:
    """Describe a recording, block by block."""
    count = on = back = most_back = first_back = 0
    low = high = last = 0
    width = height = 0
    with reading(reader.path, f"{reader.NAME} file", "record or download it again"):
        for events in reader.events():
            if not len(events):
                continue
            steps = np.diff(events.t_us, prepend=last if count else events.t_us[0])
            wrong = np.flatnonzero(steps < 0)
            if len(wrong):
                first_back = first_back if back else count + int(wrong[0])
                back, most_back = back + len(wrong), max(most_back, int(-steps.min()))
            t_low, t_high = int(events.t_us.min()), int(events.t_us.max())
            low, high = (min(low, t_low), max(high, t_high)) if count else (t_low, t_high)
            last, on, count = int(events.t_us[-1]), on + int(events.p.sum()), count + len(events)
            width, height = max(width, int(events.x.max()) + 1), max(height, int(events.y.max()) + 1)
    notes = [*reader.notes, *([backwards(back, first_back, most_back)] if back else [])]
    sensor = reader.sensor or Sensor(width=width, height=height)
    return {
        "format": reader.NAME,
        "bytes": reader.size,
        **_sensor(sensor, stated=reader.sensor is not None),
        **_events(count, low, high, high - low, on, sensor),
        "labels": None,
        "notes": notes,
    }


def _of_set(found: EventSet) -> Description:
    """Describe several recordings of events."""
    parts = [part for part in (found.test, found.train) if part is not None]
    events = sum(len(part.t_us) for part in parts)
    sensor = parts[0].sensor
    on = sum(int(part.p.sum()) for part in parts)
    low, high = (int(f(part.t_us.min() for part in parts if len(part.t_us))) if events else 0 for f in (min, max))
    if len(found.test) > 1:
        low, high = 0, max(_longest(part) for part in parts)
    lengths = np.concatenate([np.bincount(part.recording, minlength=len(part)) for part in parts])
    duration = sum(part.duration_us for part in parts)
    return {
        "format": found.format,
        "recordings": sum(len(part) for part in parts),
        **({"test": len(found.test), "training": len(found.train)} if found.train is not None else {}),
        **_sensor(sensor, stated=False),
        **_events(events, low, high, duration, on, sensor),
        "events_per_recording": _spread(lengths),
        "labels": _labels([found.labels, found.train_labels], found.classes),
        "notes": list(found.notes),
    }


def _longest(part: Recordings) -> int:
    return int((part.t_us - part.starts[part.recording]).max(initial=0))


def _of_samples(kind: str, data: DataSet) -> Description:
    """Describe samples of values, frames or spikes."""
    shape = data.shape or data.x.shape[1:]
    return {
        "format": f"{kind}: {'spikes' if data.is_spikes else 'frames' if data.is_frames else 'values'}",
        "samples": len(data.x),
        "shape": "x".join(map(str, shape)),
        "steps": data.steps if data.has_steps else None,
        "sample_rate_hz": data.sample_rate,
        "values": {"lowest": float(data.x.min()), "mean": float(data.x.mean()), "highest": float(data.x.max())},
        **({"spikes_per_sample": _spread(data.x.reshape(len(data.x), -1).sum(axis=1))} if data.is_spikes else {}),
        "split": data.split,
        "labels": _labels([data.labels], ()),
        "notes": list(data.warnings),
    }


def _sensor(sensor: Sensor, *, stated: bool) -> Description:
    size = {"width": sensor.width, "height": sensor.height} if sensor.height > 1 else {"channels": sensor.width}
    return {"sensor": {**size, "polarities": sensor.polarities}, "sensor_is_stated": stated}


def _events(count: int, low: int, high: int, duration: int, on: int, sensor: Sensor) -> Description:
    return {
        "events": count,
        "first_us": low,
        "last_us": high,
        "duration_s": duration / 1e6,
        "rate_hz": count / duration * 1e6 if duration else None,
        "on_fraction": on / count if count and sensor.polarities == 2 else None,
    }


def _spread(values: NDArray[Any]) -> Description:
    return {"least": int(values.min()), "median": float(np.median(values)), "most": int(values.max())}


def _labels(parts: list[NDArray[np.int64] | None], classes: tuple[str, ...]) -> Description | None:
    """Return the number of samples of each class, test and training together."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    counts = np.bincount(np.concatenate(known))
    return {classes[n] if n < len(classes) else str(n): int(c) for n, c in enumerate(counts) if c}
