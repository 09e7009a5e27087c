"""Convert recordings of event cameras to spike trains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def bin_events(
    events: Mapping[str, NDArray[np.generic]], *, time_bin_us: int, steps: int, sensor: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Bin address events into spike trains: 1 where a pixel had at least one event in a time step.

    Parameters
    ----------
    events
        ``x``, ``y``, ``p`` (0 and 1, or -1 and 1), ``t_us`` (E,), integers, of all recordings one after another;
        recording n is ``offsets[n]`` to ``offsets[n + 1]``. Time counts from the first event of a recording; events
        after the last step are dropped.
    time_bin_us, steps
        Length of a step in microseconds, number of steps.
    sensor
        (width, height); by default the smallest that contains all events.

    Returns
    -------
    (recordings, steps, 2 * height * width); channel = (p * height + y) * width + x.

    Raises
    ------
    InputError
        Fields have unequal lengths or are not integers, offsets do not fit, a recording is empty, an address is
        outside the sensor, or time goes backwards; the message names the recording.
    """
    count = np.size(events["t_us"])
    require(count <= EVENTS, f"events: there are {count}: at most {EVENTS} are supported")
    require(time_bin_us >= 1 and steps >= 1, f"time bin {time_bin_us} us and steps {steps} must be at least 1")
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
    width, height = sensor or (int(x.max()) + 1, int(y.max()) + 1)
    for name, values, most in (("x", x, width - 1), ("y", y, height - 1), ("p", p, 1)):
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
    step = (t - t[offsets[:-1]][recording]) // time_bin_us
    kept = step < steps
    size = (len(offsets) - 1) * steps * 2 * height * width
    require(
        2 * height * width <= SAMPLE_VALUES and size <= DATA_BYTES,
        f"events: {len(offsets) - 1} recordings of {steps} steps on a sensor of {width}x{height} have {size} values: "
        f"at most {SAMPLE_VALUES} per step and {DATA_BYTES} in all are supported",
    )
    spikes = np.zeros((len(offsets) - 1, steps, 2 * height * width), np.uint8)
    spikes[recording[kept], step[kept], ((p * height + y) * width + x)[kept]] = 1
    return spikes


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
