"""Load data sets by name or path; `SOURCES` lists the names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.arrays import data_of
from tospike.gen.data.bare_path import kind_of
from tospike.gen.data.data_set import DataSet, Samples
from tospike.gen.data.fsdd import fsdd
from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.image_folder import image_folder
from tospike.gen.data.mnist import mnist
from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.data.recordings import event_set
from tospike.gen.data.recordings.binning import parse_sensor
from tospike.gen.data.recordings.event_set import EventSet
from tospike.gen.data.recordings.filters import EventFilters
from tospike.gen.data.recordings.samples import binned
from tospike.gen.data.request import Request
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require

__all__ = ["SPECS", "DataSet", "Samples", "data_of_arrays", "load_data", "parse_spec"]


def _npz(how: Request) -> DataSet:
    require(how.path.is_file(), f"there is no file {how.path}: give npz:FILE")
    with reading(how.path, NPZ, "save it again with numpy.savez"):
        return data_of(read_npz(how.path), how)


def _events(how: Request) -> EventSet:
    if how.path.is_dir():
        return event_set.folder(how.path, how.sensor, how.filters)
    window_us = how.time_bin_us * how.steps if how.time_bin_us and how.steps else None
    return event_set.recording(how.path, how.sensor, how.filters, window_us)


EVENT_SOURCES: Mapping[str, Callable[[Request], EventSet]] = {
    "events": _events,
    "shd": lambda how: event_set.shd(how.path, how.sensor, how.filters),
}
"""What gives recordings of events."""
SOURCES: Mapping[str, Callable[[Request], DataSet]] = {
    "mnist": lambda how: mnist(how.path),
    "images": lambda how: image_folder(how.path, how.every, how.fold),
    "npz": _npz,
    "fsdd": lambda how: fsdd(how.path, how.fold),
    **{
        name: lambda how, load=load: binned(load(how), how)  # type: ignore[misc]
        for name, load in EVENT_SOURCES.items()
    },
}
"""What follows a name and a colon, by the name."""
SPLITTABLE = ("npz", "images", "events", "shd")
"""Those that may have no training part."""
SPECS = "digits, mnist:DIR, images:DIR, fsdd:DIR, npz:FILE, events:PATH, shd:FILE, or such a path alone"


def parse_spec(spec: str) -> tuple[str, Path]:
    """Return the name and the path of a SPEC, or of a path alone, whose contents tell the name.

    Raises
    ------
    InputError
        It is neither.
    """
    kind, _, where = spec.partition(":")
    if kind in SOURCES and where:
        return kind, Path(where)
    if spec and Path(spec).exists():
        return kind_of(Path(spec)), Path(spec)
    raise InputError(f"unknown data {spec!r}: give {SPECS}")


def load_data(
    spec: str,
    *,
    time_bin_us: int | None = None,
    steps: int | None = None,
    sensor: str | None = None,
    every: int | None = None,
    fold: int | None = None,
    filters: EventFilters | None = None,
) -> DataSet:
    """Load the data set that ``spec`` names.

    Parameters
    ----------
    spec
        ``digits``; ``mnist:DIR`` (idx files, gz or not; the training part also as ``mnist_train.npz``);
        ``images:DIR`` (a folder for each class, see `image_folder`); ``npz:FILE``: arrays ``x, y`` (values, with
        ``train_x, train_y`` if there is a training part; or ``x_test, y_test, x_train, y_train``),
        ``spikes, label``, ``frames, label`` (values, a frame for each step), or the events
        ``x, y, p, t_us, offsets, label``; ``events:DIR`` (recordings with labels, see
        `tospike.gen.data.recordings.labels.list_folder`) or ``events:FILE`` (one recording, without labels);
        ``shd:FILE``; ``fsdd:DIR``. Of a path alone, the contents tell which of these it is.
    time_bin_us, steps
        For events, which need both: the length of a time step in microseconds, and the number of steps.
    sensor
        For events: ``WIDTHxHEIGHT`` of the sensor; by default that in the files, or the smallest that contains all
        events.
    every
        For what may have no training part: every ``every``-th sample is a test sample, the others are training.
    fold
        For digits and for ``every``: which of the interleaved parts is the test part, from 1; by default the last. For
        fsdd: which speaker's recordings are the test part; by default the official one.
    filters
        For events.

    Raises
    ------
    InputError
        Unknown ``spec``, missing or damaged file, shapes that do not fit, or NaN.
    """
    has_events = spec != "digits" and parse_spec(spec)[0] in ("npz", *EVENT_SOURCES)
    require(
        has_events or filters is None or filters.is_off,
        f"{spec} has no events: leave --crop, --hot-pixels, --refractory-us, --downsample and --merge-polarities out",
    )
    if spec == "digits":
        require(every is None, f"{spec} has a training part of its own: leave --hold-out out")
        return _digits(fold)
    kind, path = parse_spec(spec)
    require(every is None or kind in SPLITTABLE, f"{spec} has a training part of its own: leave --hold-out out")
    require(
        fold is None or every is not None or kind == "fsdd", f"{spec} has a test part of its own: leave --test-fold out"
    )
    return SOURCES[kind](
        Request(
            path=path,
            time_bin_us=time_bin_us,
            steps=steps,
            sensor=parse_sensor(sensor) if sensor else None,
            every=every,
            fold=fold,
            filters=filters or EventFilters(),
        )
    )


def data_of_arrays(
    arrays: Mapping[str, NDArray[Any]],
    *,
    name: str = "arrays",
    time_bin_us: int | None = None,
    steps: int | None = None,
    sensor: str | None = None,
    every: int | None = None,
    filters: EventFilters | None = None,
) -> DataSet:
    """Make a data set from the arrays of an npz:FILE; see `load_data` for them and the other parameters.

    Raises
    ------
    InputError
        Arrays are missing, or do not fit.
    """
    how = Request(
        path=Path(name),
        time_bin_us=time_bin_us,
        steps=steps,
        sensor=parse_sensor(sensor) if sensor else None,
        every=every,
        filters=filters or EventFilters(),
    )
    return data_of(arrays, how)


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
