"""Data given in Python: a name, a file, or arrays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.gen.data.datasets import SPECS, DataSet, Samples, data_of_arrays
from tospike.gen.data.layout import places_of
from tospike.gen.data.options import DataOptions
from tospike.hw.params import InputError, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import InputSpec

Data = str | PathLike[str] | Mapping[str, ArrayLike] | tuple[ArrayLike, ArrayLike] | DataSet
"""A name or path as for ``--data``; the arrays of an npz file by name; samples and labels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSource:
    """The source of samples and labels, and the binning of events into time steps."""

    given: Data
    options: DataOptions
    """Options for loading; its ``data`` is ignored."""

    def load(self, steps: int | None) -> DataSet:
        """Return the data set, with events binned into ``steps`` time steps.

        Raises
        ------
        InputError
            The data cannot be read or are invalid.
        """
        given = self.given
        if isinstance(given, DataSet):
            return given
        if isinstance(given, str | PathLike):
            return replace(self.options, data=fspath(given)).load(steps)
        if isinstance(given, Mapping):
            arrays = {name: as_array(name, values) for name, values in given.items()}
        else:
            require(
                isinstance(given, tuple) and len(given) == 2,
                f"data is a {type(given).__name__}: give {SPECS}, a pair (x, y) or a dict of arrays",
            )
            arrays = {"x": as_array("x", given[0]), "y": as_array("y", given[1])}
        options = self.options
        return data_of_arrays(
            arrays,
            time_bin_us=options.time_bin_us,
            steps=steps,
            sensor=options.sensor,
            every=options.hold_out,
            filters=options.filters,
        )

    @property
    def sample_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample as given; ``None`` if only the flat shape is known."""
        if isinstance(self.given, tuple):
            return as_array("x", self.given[0]).shape[1:]
        if isinstance(self.given, Mapping) and "x" in self.given:
            return as_array("x", self.given["x"]).shape[1:]
        return None


def as_array(name: str, values: ArrayLike) -> NDArray[Any]:
    """Convert user input to an array.

    Raises
    ------
    InputError
        The values are not an array, for example because rows differ in length.
    """
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not an array of numbers: {str(error).splitlines()[0]}") from error


def samples_like(data: DataSet, x: ArrayLike) -> Samples:
    """Return (N, ...) samples in the shape of a data set's samples.

    Raises
    ------
    InputError
        The values are not finite numbers, or have another shape.
    """
    values = as_array("x", x)
    shape = data.x.shape[1:]
    wanted = ", ".join(map(str, ("samples", *shape)))
    require(values.dtype.kind in "buif", f"x must be numbers, not {values.dtype}")
    fits = values.ndim >= 2 and len(values) >= 1 and math.prod(values.shape[1:]) == math.prod(shape)
    require(
        fits and (len(shape) == 1 or values.shape[1 : len(shape)] == shape[:-1]),
        f"x must be ({wanted}) as in {data.name}, not {values.shape}",
    )
    require(bool(np.isfinite(values).all()), "x contains NaN or infinity")
    require(
        not data.is_spikes or bool((values >= 0).all() and (values == np.rint(values)).all()),
        f"x contains negative or fractional values, but {data.name} has spikes",
    )
    is_bytes = values.dtype == np.uint8 and data.x.dtype == np.uint8
    found: NDArray[Any] = values.reshape(len(values), *shape)
    return found if is_bytes else found.astype(np.float32)


def as_samples_of(
    spec: InputSpec, values: NDArray[Any], given: tuple[int, ...], *, is_alone: bool
) -> NDArray[np.float64]:
    """Return (N, inputs) samples in the layout of a network's input.

    Parameters
    ----------
    given
        Shape of a sample of (N, ...) ``values``; empty: flat.
    is_alone
        Whether ``values`` are one sample, in the shape of the file's input.

    Raises
    ------
    InputError
        The values are not finite numbers, or have another shape.
    """
    require(values.dtype.kind in "buif", f"x must be numbers, not {values.dtype}")
    require(bool(np.isfinite(values).all()), "x contains NaN or infinity")
    if is_alone:
        return values.reshape(1, -1).astype(np.float64)
    wanted = ", ".join(map(str, ("samples", *spec.shape)))
    fits = values.ndim >= 1 and len(values) >= 1 and math.prod(values.shape[1:]) == spec.inputs
    require(fits, f"x must be ({wanted}), not {values.shape}")
    places = places_of(spec.shape, given, "x")
    flat = values.reshape(len(values), -1).astype(np.float64)
    return flat if places is None else flat[:, places]


def checked_labels(labels: ArrayLike, samples: int, classes: int) -> NDArray[np.int64]:
    """Return labels as (N,) int64.

    Raises
    ------
    InputError
        The labels are not one class per sample.
    """
    y = as_array("labels", labels)
    good = y.dtype.kind in "iu" and y.shape == (samples,)
    if not good or y.min() < 0 or y.max() >= classes:
        raise InputError(
            f"labels must be {samples} integers from 0 to {classes - 1}, one for each sample, not {y.dtype} of shape "
            f"{y.shape}" + (f" from {y.min()} to {y.max()}" if good else "")
        )
    return to_int64(y, "labels")


def chosen_samples(
    data: DataSet, x: ArrayLike | None, labels: ArrayLike | None, classes: int
) -> tuple[Samples, NDArray[np.int64] | None]:
    """Return the samples and labels that were given, or the test part of the data.

    Raises
    ------
    InputError
        They do not match the data, or labels are given without samples.
    """
    if x is None:
        if labels is not None:
            raise InputError("labels belong to x: give both, or neither for the test data")
        return data.x, data.labels
    samples = samples_like(data, x)
    return samples, None if labels is None else checked_labels(labels, len(samples), classes)
