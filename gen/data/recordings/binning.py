"""Recordings of event sensors, checked, and as spike trains."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.events import Sensor
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES, EVENTS, SAMPLE_VALUES
from tospike.sim.arithmetic import to_int64


def parse_sensor(text: str) -> tuple[int, int]:
    """Return ``WIDTHxHEIGHT`` as (width, height).

    Raises
    ------
    InputError
        It has another form.
    """
    parts = text.lower().split("x")
    good = len(parts) == 2 and all(part.isdecimal() and int(part) >= 1 for part in parts)
    require(good, f"sensor {text!r} is not WIDTHxHEIGHT, for example 34x34")
    return int(parts[0]), int(parts[1])


def is_signed(polarity: NDArray[np.generic]) -> bool:
    """Return whether polarities are -1 and 1, which are read as 0 and 1."""
    return bool((polarity == -1).any()) and bool(np.isin(polarity, (-1, 1)).all())


@dataclass(frozen=True, kw_only=True, eq=False)
class Recordings:
    """E events of R recordings, one recording after another, checked."""

    x: NDArray[np.integer]
    y: NDArray[np.integer]
    p: NDArray[np.integer]
    t_us: NDArray[np.int64]
    """Ascends in each recording."""
    recording: NDArray[np.int64]
    """(E,) numbers of the recordings."""
    starts: NDArray[np.int64]
    """(R,) times at which the steps of each recording begin: that of its first event, before filters."""
    duration_us: int
    """From the first to the last event, of all recordings together, before filters."""
    sensor: Sensor

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, chosen: Any) -> "Recordings":
        """Return the events that a mask chooses."""
        arrays = {name: getattr(self, name)[chosen] for name in ("x", "y", "p", "t_us", "recording")}
        return replace(self, **arrays)


def check_recordings(
    events: Mapping[str, NDArray[np.generic]], sensor: tuple[int, int] | Sensor | None = None
) -> Recordings:
    """Check address events.

    Parameters
    ----------
    events
        ``x``, ``y``, ``p`` (0 and 1, or -1 and 1), ``t_us`` (E,), integers, of all recordings one after another;
        recording n is ``offsets[n]`` to ``offsets[n + 1]``.
    sensor
        Its size, or (width, height); by default the smallest that contains all events.

    Raises
    ------
    InputError
        Fields have unequal lengths or are not integers, offsets do not fit, a recording is empty, an address is
        outside the sensor, or time goes backwards; the message names the recording.
    """
    count = np.size(events["t_us"])
    require(count <= EVENTS, f"events: there are {count}: at most {EVENTS} are supported")
    x, y, p, t, offsets = (_integers(events[name], name) for name in ("x", "y", "p", "t_us", "offsets"))
    require(x.ndim == 1 and offsets.ndim == 1, "events: x, y, p, t_us and offsets must be lists of numbers")
    require(len({x.shape, y.shape, p.shape, t.shape}) == 1, "events: x, y, p and t_us differ in length")
    if is_signed(p):
        p = (p + 1) // 2
    require(
        bool(len(offsets) >= 2 and offsets[0] == 0 and offsets[-1] == len(x) and (np.diff(offsets) >= 0).all()),
        "events: offsets must ascend from 0 to the number of events",
    )
    lengths = np.diff(offsets)
    require(
        bool(lengths.all()),
        f"events: recording {int(np.argmin(lengths))} is empty (of {len(lengths)}): leave it and its label out",
    )
    recording = np.repeat(np.arange(len(lengths)), lengths)
    if not isinstance(sensor, Sensor):
        width, height = sensor or (int(x.max()) + 1, int(y.max()) + 1)
        size = Sensor(width=width, height=height)
    else:
        size = sensor
    for name, values, most in (("x", x, size.width - 1), ("y", y, size.height - 1), ("p", p, size.polarities - 1)):
        wrong = np.flatnonzero((values < 0) | (values > most))
        if len(wrong):
            raise InputError(
                f"events: {name} is {values[wrong[0]]} in recording {recording[wrong[0]]} (event {wrong[0]}), outside "
                f"0 to {most}: {_remedy(name, sensor is not None and values[wrong[0]] > most)}"
            )
    back = np.flatnonzero((np.diff(t) < 0) & (np.diff(recording) == 0))
    if len(back):
        at = int(back[0]) + 1
        raise InputError(
            f"events: time goes backwards in recording {recording[at]} (event {at}, {t[at - 1]} to {t[at]} us): sort "
            "its events by time"
        )
    starts = t[offsets[:-1]]
    return Recordings(
        x=x,
        y=y,
        p=p,
        t_us=t,
        recording=recording,
        starts=starts,
        duration_us=int((t[offsets[1:] - 1] - starts).sum()),
        sensor=size,
    )


def bin_recordings(events: Recordings, *, time_bin_us: int, steps: int) -> NDArray[np.uint8]:
    """Bin events into spike trains: 1 where a pixel had at least one event in a time step.

    Events after the last step are dropped.

    Parameters
    ----------
    time_bin_us, steps
        Length of a step in microseconds, number of steps.

    Returns
    -------
    (recordings, steps, polarities * height * width); channel = (p * height + y) * width + x.

    Raises
    ------
    InputError
        The trains would have too many values.
    """
    require(time_bin_us >= 1 and steps >= 1, f"time bin {time_bin_us} us and steps {steps} must be at least 1")
    sensor = events.sensor
    channels, size = sensor.channels, len(events) * steps * sensor.channels
    require(
        channels <= SAMPLE_VALUES and size <= DATA_BYTES,
        f"events: {len(events)} recordings of {steps} steps on a sensor of {sensor.width}x{sensor.height} have {size} "
        f"values: at most {SAMPLE_VALUES} per step and {DATA_BYTES} in all are supported; --crop or --downsample it",
    )
    step = (events.t_us - events.starts[events.recording]) // time_bin_us
    kept = events.take((step >= 0) & (step < steps))
    step = step[(step >= 0) & (step < steps)]
    channel = (kept.p.astype(np.int64, casting="same_kind") * sensor.height + kept.y) * sensor.width + kept.x
    spikes = np.zeros((len(events), steps, channels), np.uint8)
    spikes[kept.recording, step, channel] = 1
    return spikes


def bin_events(
    events: Mapping[str, NDArray[np.generic]], *, time_bin_us: int, steps: int, sensor: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Bin address events into spike trains: `bin_recordings` of `check_recordings`."""
    return bin_recordings(check_recordings(events, sensor), time_bin_us=time_bin_us, steps=steps)


_REMEDIES = {
    "t_us": "give whole microseconds (seconds times 1,000,000)",
    "x": "give the pixel's column",
    "y": "give the pixel's row",
    "p": "give 0 or 1, or -1 or 1",
    "offsets": "give the index of each recording's first event, and the number of events",
}


def _remedy(name: str, is_beyond: bool) -> str:
    """Return the remedy for an invalid polarity, or an address ``is_beyond`` a sensor of the given size."""
    if name == "p":
        return _REMEDIES["p"]
    return "remove such events" + (", or give another --sensor" if is_beyond else "")


_LARGEST = 1 << 62
"""Differences of smaller numbers are exact."""


def _integers(values: NDArray[Any], name: str) -> NDArray[np.int64]:
    """Return numbers of any type as integers, if their values are whole."""
    require(values.dtype.kind in "buif", f"events: {name} is {values.dtype}, not numbers: {_REMEDIES[name]}")
    numbers = values.astype(np.int8, casting="same_kind") if values.dtype.kind == "b" else values
    wrong = np.flatnonzero(~((numbers == np.floor(numbers)) & (numbers <= _LARGEST) & (numbers >= -_LARGEST)))
    if len(wrong):
        first = numbers.reshape(-1)[wrong[0]]
        raise InputError(f"events: {name}[{wrong[0]}] is {first}, not an integer in range: {_REMEDIES[name]}")
    return to_int64(values, f"events: {name}")
