"""Arrays as a data set: values, spikes, frames or events, with labels."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import DataSet, Samples, as_labels, as_samples, calibration_part, untrained
from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.recordings.binning import bin_recordings, check_recordings, is_signed
from tospike.gen.data.request import Request
from tospike.hw.params import InputError, require

EVENT_ARRAYS = {"x", "y", "p", "t_us", "offsets", "label"}
NAMES = {"x_test": "x", "y_test": "y", "x_train": "train_x", "y_train": "train_y"}
"""Other names of arrays."""


def data_of(arrays: Mapping[str, NDArray[Any]], how: Request) -> DataSet:
    """Return the data set of arrays by name; ``how.path`` names them in messages.

    Raises
    ------
    InputError
        Arrays are missing, or do not fit.
    """
    path, every, fold = how.path, how.every, how.fold
    test: tuple[Samples, NDArray[np.int64]]
    arrays = _named(path, arrays)
    is_events, shape = arrays.keys() >= EVENT_ARRAYS, ()
    require(is_events or how.filters.is_off, f"{path} has no events: leave the filters of events out")
    if is_events:
        time_bin_us, steps = how.bins
        (events,) = how.filters.apply(check_recordings(arrays, how.sensor))
        trains = bin_recordings(events, time_bin_us=time_bin_us, steps=steps)
        test = trains, as_labels(path, arrays["label"])
    elif {"spikes", "label"} <= arrays.keys():
        spikes = arrays["spikes"]
        require(spikes.ndim == 3, f"{path}: spikes must be (samples, steps, channels), not {spikes.shape}")
        test = as_samples(path, spikes), as_labels(path, arrays["label"])
    elif {"frames", "label"} <= arrays.keys():
        frames = arrays["frames"]
        require(frames.ndim >= 3, f"{path}: frames must be (samples, steps, values), not {frames.shape}")
        steps_first = frames.reshape(*frames.shape[:2], math.prod(frames.shape[2:]))
        test = as_samples(path, steps_first).astype(np.float32), as_labels(path, arrays["label"])
    elif {"x", "y"} <= arrays.keys():
        missing = ", ".join(sorted(EVENT_ARRAYS - arrays.keys()))
        require(not arrays.keys() & {"p", "t_us", "offsets"}, f"{path} holds events, but lacks the arrays {missing}")
        test, shape = (_flat(path, arrays["x"]), as_labels(path, arrays["y"])), arrays["x"].shape[1:]
    else:
        raise InputError(
            f"{path} holds {', '.join(arrays) or 'nothing'}: it needs x, y or spikes, label or frames, label or events"
        )
    is_signed_events = is_events and is_signed(arrays["p"])
    warnings = [f"{path.name}: polarities -1 and 1 are read as 0 and 1"] if is_signed_events else []
    part = f"all samples of {path.name} are test; "
    if {"train_x", "train_y"} <= arrays.keys():
        require(every is None, f"{path} has a training part of its own: leave --hold-out out")
        given = arrays["train_x"].shape[1:]
        require(not shape or given == shape, f"{path}: samples of shape {shape} (test) and {given} (training)")
        train = _flat(path, arrays["train_x"]), as_labels(path, arrays["train_y"])
        part += "train_x is training"
    elif every is not None:
        test, train = hold_out(*test, every, fold)
        part = (
            f"of {path.name}, sample i is test when i % {every} == {(fold or every) - 1} ({len(test[0])}), else "
            f"training ({len(train[0])})"
        )
    else:
        train = calibration_part(*test)
        part += f"calibration on the first {len(train[0])} of them"
        more = ", or add train_x and train_y" if test[0].ndim == 2 else ""
        warnings.append(untrained(path, len(train[0]), f"give --hold-out{more}"))
    return DataSet(
        name=path.stem,
        split=f"{part}; values as they are",
        x=test[0],
        y=test[1],
        train_x=train[0],
        train_y=train[1],
        is_frames="frames" in arrays and test[0].ndim == 3 and not is_events,
        shape=shape if len(shape) > 1 else (),
        time_bin_us=how.time_bin_us if is_events else None,
        warnings=tuple(warnings),
    )


def _named(path: Path, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return arrays by tospike's names."""
    for other, name in NAMES.items():
        require(
            other not in arrays or name not in arrays, f"{path} holds both {name} and {other}: leave one of them out"
        )
    return {NAMES.get(name, name): values for name, values in arrays.items()}


def _flat(path: Path, values: NDArray[np.generic]) -> Samples:
    """Return (N, ...) values as (N, inputs)."""
    require(values.ndim >= 2, f"{path}: x must be (samples, values), not {values.shape}")
    return as_samples(path, values).astype(np.float32).reshape(len(values), math.prod(values.shape[1:]))
