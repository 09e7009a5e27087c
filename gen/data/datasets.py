"""Load data sets by name: ``digits``, ``mnist:DIR``, ``images:DIR``, ``fsdd:DIR``, ``npz:FILE``."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import DataSet, Samples, as_labels, as_samples, calibration_part, untrained
from tospike.gen.data.fsdd import fsdd
from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.image_folder import image_folder
from tospike.gen.data.mnist import mnist
from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.data.recordings import bin_events, is_signed, parse_sensor
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require

EVENT_ARRAYS = {"x", "y", "p", "t_us", "offsets", "label"}
SPECS = "digits, mnist:DIR, images:DIR, fsdd:DIR or npz:FILE"
NAMES = {"x_test": "x", "y_test": "y", "x_train": "train_x", "y_train": "train_y"}
"""Other names of arrays."""


def load_data(
    spec: str,
    *,
    time_bin_us: int | None = None,
    steps: int | None = None,
    sensor: str | None = None,
    every: int | None = None,
    fold: int | None = None,
) -> DataSet:
    """Load the data set that ``spec`` names.

    Parameters
    ----------
    spec
        ``digits``; ``mnist:DIR`` (idx files, gz or not; the training part also as ``mnist_train.npz``);
        ``images:DIR`` (a folder for each class, see `image_folder`); ``fsdd:DIR`` (spoken digits, see `fsdd`);
        ``npz:FILE``: arrays ``x, y`` (values, with
        ``train_x, train_y`` if there is a training part; or ``x_test, y_test, x_train, y_train``),
        ``spikes, label``, ``frames, label`` (values, a frame for each step), or the events
        ``x, y, p, t_us, offsets, label``.
    time_bin_us, steps
        For events, which need both: the length of a time step in microseconds, and the number of steps.
    sensor
        For events: ``WIDTHxHEIGHT`` of the sensor; by default the smallest that contains all events.
    every
        For npz files and images without a training part: every ``every``-th sample is a test sample, the others are
        training.
    fold
        For digits and for ``every``: which of the interleaved parts is the test part, from 1; by default the last. For
        fsdd: which speaker's recordings are the test part; by default the official one.

    Raises
    ------
    InputError
        Unknown ``spec``, missing or damaged file, shapes that do not fit, or NaN.
    """
    kind, _, where = spec.partition(":")
    require(every is None or kind in ("npz", "images"), f"{spec} has a training part of its own: leave --hold-out out")
    require(
        fold is None or every is not None or kind in ("digits", "fsdd"),
        f"{spec} has a test part of its own: leave --test-fold out",
    )
    if spec == "digits":
        return _digits(fold)
    if kind == "mnist" and where:
        return mnist(Path(where))
    if kind == "fsdd" and where:
        return fsdd(Path(where), fold)
    if kind == "images" and where:
        return image_folder(Path(where), every, fold)
    if kind == "npz" and where:
        path, size = Path(where), parse_sensor(sensor) if sensor else None
        require(path.is_file(), f"there is no file {path}: give npz:FILE")
        with reading(path, NPZ, "save it again with numpy.savez"):
            return _npz(path, read_npz(path), time_bin_us, steps, size, every, fold)
    raise InputError(f"unknown data {spec!r}: give {SPECS}")


def data_of_arrays(
    arrays: Mapping[str, NDArray[Any]],
    *,
    name: str = "arrays",
    time_bin_us: int | None = None,
    steps: int | None = None,
    sensor: str | None = None,
    every: int | None = None,
) -> DataSet:
    """Make a data set from the arrays of an npz:FILE; see `load_data` for them and the other parameters.

    Raises
    ------
    InputError
        Arrays are missing, or do not fit.
    """
    return _npz(Path(name), arrays, time_bin_us, steps, parse_sensor(sensor) if sensor else None, every)


def _digits(fold: int | None = None) -> DataSet:
    from sklearn.datasets import load_digits  # slow to import, and only needed here

    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    y = digits.target.astype(np.int64, casting="same_kind")
    (test_x, test_y), (train_x, train_y) = hold_out(x, y, 4, fold)
    return DataSet(
        name="digits",
        split=f"scikit-learn's 1,797 digits; sample i is test when i % 4 == {(fold or 4) - 1} ({len(test_x)}), else "
        f"training ({len(train_x):,}); pixels 0..16 divided by 16",
        x=test_x,
        y=test_y,
        train_x=train_x,
        train_y=train_y,
    )


# -------------------------------------------------------------------------------------------------------- npz


def _npz(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    time_bin_us: int | None,
    steps: int | None,
    sensor: tuple[int, int] | None,
    every: int | None,
    fold: int | None = None,
) -> DataSet:
    test: tuple[Samples, NDArray[np.int64]]
    arrays = _named(path, arrays)
    is_events, shape = arrays.keys() >= EVENT_ARRAYS, ()
    if is_events:
        if time_bin_us is None or steps is None:
            raise InputError(f"{path} holds events: give the length of a time step (--time-bin-us) and --steps")
        trains = bin_events(arrays, time_bin_us=time_bin_us, steps=steps, sensor=sensor)
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
        time_bin_us=time_bin_us if is_events else None,
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
