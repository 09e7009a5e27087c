"""Load data sets by name: ``digits``, ``mnist:DIR``, ``npz:FILE``."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.data.recordings import bin_events, is_signed, parse_sensor
from tospike.gen.files.reading import read_bytes, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES, SAMPLES
from tospike.sim.arithmetic import to_int64

EVENT_ARRAYS = {"x", "y", "p", "t_us", "offsets", "label"}
SPECS = "digits, mnist:DIR or npz:FILE"
Samples = NDArray[np.float32] | NDArray[np.uint8]

CALIBRATION_SAMPLES = 512
"""Number of test samples used for calibration if a source has no training part."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Samples to test a network, and samples to calibrate its quantisation."""

    name: str
    split: str
    """The split into test and training part, and the scaling of the values, in words."""
    x: Samples
    """Test inputs: (N, inputs) values, float32; or (N, steps, inputs) spikes, uint8 or float32, or values."""
    y: NDArray[np.int64]
    """(N,) labels."""
    train_x: Samples
    """(M, ...) training inputs with the shape of ``x``: the calibration set."""
    train_y: NDArray[np.int64]
    """(M,) labels."""
    is_frames: bool = False
    """Whether samples with steps are frames of values, not spikes."""
    time_bin_us: int | None = None
    """If the samples were events: length of a time step in microseconds."""
    warnings: tuple[str, ...] = ()
    """What a user should know about the data, a line each."""

    def __post_init__(self) -> None:
        for what, x, y in (("test", self.x, self.y), ("training", self.train_x, self.train_y)):
            require(len(x) >= 1, f"{self.name}: there are no {what} samples")
            require(len(x) == len(y), f"{self.name}: {len(x)} {what} samples but {len(y)} labels")
            require(bool(np.isfinite(x).all()), f"{self.name}: the {what} samples hold NaN or infinity")
        require(
            self.x.ndim in (2, 3) and self.x.shape[1:] == self.train_x.shape[1:],
            f"{self.name}: samples of shape {self.x.shape[1:]} (test) and {self.train_x.shape[1:]} (training)",
        )

    def first(self, samples: int | None) -> "DataSet":
        """Return the data set with only its first test samples; ``None``: all.

        Raises
        ------
        InputError
            It has fewer, or ``samples`` is below 1.
        """
        if samples is None:
            return self
        total = len(self.x)
        require(
            1 <= samples <= total, f"samples must be from 1 to {total} (the test samples of {self.name}), not {samples}"
        )
        split = f"{self.split}; only the first {samples} of {total} test samples" if samples < total else self.split
        return replace(self, x=self.x[:samples], y=self.y[:samples], split=split)

    def require_classes(self, outputs: int, network: str) -> None:
        """Check that each label is one of a network's outputs."""
        for y in (self.y, self.train_y):
            if y.max() >= outputs:
                at, low = int(np.argmax(y)), int(y.min())
                shift = f", or subtract {low} from all" if int(y.max()) - low < outputs else ""
                raise InputError(
                    f"{self.name}: label {y[at]} of sample {at} is not an output of {network}, which has outputs 0 to "
                    f"{outputs - 1}: number the classes from 0{shift}"
                )

    @property
    def has_steps(self) -> bool:
        """Whether the samples have time steps: spike trains, or sequences of frames."""
        return self.x.ndim == 3

    @property
    def is_spikes(self) -> bool:
        """Whether the samples are spike trains."""
        return self.has_steps and not self.is_frames

    @property
    def inputs(self) -> int:
        """Values per sample, or per step."""
        return int(self.x.shape[-1])

    @property
    def steps(self) -> int:
        """Time steps of a sample; 1 if it has none."""
        return int(self.x.shape[1]) if self.has_steps else 1


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
        ``npz:FILE``: arrays ``x, y`` (values, with ``train_x, train_y`` if there is a training part),
        ``spikes, label``, ``frames, label`` (values, a frame for each step), or the events
        ``x, y, p, t_us, offsets, label``.
    time_bin_us, steps
        For events, which need both: the length of a time step in microseconds, and the number of steps.
    sensor
        For events: ``WIDTHxHEIGHT`` of the sensor; by default the smallest that contains all events.
    every
        For npz files without a training part: every ``every``-th sample is a test sample, the others are training.
    fold
        For digits and for ``every``: which of the interleaved parts is the test part, from 1; by default the last.

    Raises
    ------
    InputError
        Unknown ``spec``, missing or damaged file, shapes that do not fit, or NaN.
    """
    kind, _, where = spec.partition(":")
    require(every is None or kind == "npz", f"{spec} has a training part of its own: leave --hold-out out")
    require(
        fold is None or every is not None or spec == "digits",
        f"{spec} has a test part of its own: leave --test-fold out",
    )
    if spec == "digits":
        return _digits(fold)
    if kind == "mnist" and where:
        return _mnist(Path(where))
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


# ------------------------------------------------------------------------------------------------------ mnist


def _read_idx(folder: Path, name: str) -> NDArray[np.uint8] | None:
    """Return an idx file of unsigned bytes (http://yann.lecun.com/exdb/mnist), plain or gz; None if there is none."""
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        return None
    with reading(path, "idx file", "download it again"):
        raw = read_bytes(path, DATA_BYTES // 4)  # pixels become float32
    dimensions = raw[3] if len(raw) >= 4 else 0
    start = 4 + 4 * dimensions
    good = raw[:3] == b"\x00\x00\x08" and len(raw) >= start
    shape = struct.unpack(f">{dimensions}I", raw[4:start]) if good else ()
    good = good and dimensions >= 1 and len(raw) - start == math.prod(shape)
    require(good, f"{path} is not a complete idx file of unsigned bytes: download it again")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _mnist(folder: Path) -> DataSet:
    require(folder.is_dir(), f"there is no folder {folder}: give mnist:DIR, the folder of the idx files")

    def load(prefix: str) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        images, labels = (
            _read_idx(folder, f"{prefix}-images-idx3-ubyte"),
            _read_idx(folder, f"{prefix}-labels-idx1-ubyte"),
        )
        if images is None or labels is None:
            return None
        require(images.ndim == 3 and labels.ndim == 1, f"the {prefix} files in {folder} are not images and labels")
        return _pixels(images), labels.astype(np.int64, casting="same_kind")

    test, train = load("t10k"), load("train") or _mnist_train(folder / "mnist_train.npz")
    if test is None:
        raise InputError(f"{folder} lacks t10k-images-idx3-ubyte or t10k-labels-idx1-ubyte (.gz or not)")
    calibration = train or _first(*test)
    untrained = _untrained(folder, len(calibration[0]), "add train-images-idx3-ubyte and train-labels-idx1-ubyte")
    return DataSet(
        name="mnist",
        split="MNIST's t10k images are test; "
        + (
            "the train images are training"
            if train
            else f"no train images here, calibration on the first {len(calibration[0])}"
        )
        + "; pixels 0..255 divided by 255",
        x=test[0],
        y=test[1],
        train_x=calibration[0],
        train_y=calibration[1],
        warnings=() if train else (untrained,),
    )


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)


def _mnist_train(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
    """Return the training part from an npz file of bytes ``x`` (N, 28, 28) and ``y``; None if there is none."""
    if not path.is_file():
        return None
    with reading(path, NPZ, "save it again"):
        arrays = read_npz(path)
    good = {"x", "y"} <= arrays.keys() and arrays["x"].dtype == np.uint8 and arrays["x"].ndim == 3
    require(good, f"{path} must hold images x (N, height, width) of bytes and labels y")
    return _pixels(arrays["x"]), _labels(path, arrays["y"])


def _first(x: Samples, y: NDArray[np.int64]) -> tuple[Samples, NDArray[np.int64]]:
    return x[:CALIBRATION_SAMPLES], y[:CALIBRATION_SAMPLES]


def _untrained(path: Path, samples: int, advice: str) -> str:
    """Return the warning that this many test samples are used for calibration, because there is no training part."""
    which = f"the first {samples} samples" if samples > 1 else "the first sample"
    return f"{path.name} has no training part: calibrated on {which} of the test; {advice}"


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
    is_events = arrays.keys() >= EVENT_ARRAYS
    if is_events:
        if time_bin_us is None or steps is None:
            raise InputError(f"{path} holds events: give the length of a time step (--time-bin-us) and --steps")
        trains = bin_events(arrays, time_bin_us=time_bin_us, steps=steps, sensor=sensor)
        test = trains, _labels(path, arrays["label"])
    elif {"spikes", "label"} <= arrays.keys():
        spikes = arrays["spikes"]
        require(spikes.ndim == 3, f"{path}: spikes must be (samples, steps, channels), not {spikes.shape}")
        test = _samples(path, spikes), _labels(path, arrays["label"])
    elif {"frames", "label"} <= arrays.keys():
        frames = arrays["frames"]
        require(frames.ndim >= 3, f"{path}: frames must be (samples, steps, values), not {frames.shape}")
        steps_first = frames.reshape(*frames.shape[:2], math.prod(frames.shape[2:]))
        test = _samples(path, steps_first).astype(np.float32), _labels(path, arrays["label"])
    elif {"x", "y"} <= arrays.keys():
        missing = ", ".join(sorted(EVENT_ARRAYS - arrays.keys()))
        require(not arrays.keys() & {"p", "t_us", "offsets"}, f"{path} holds events, but lacks the arrays {missing}")
        test = _flat(path, arrays["x"]), _labels(path, arrays["y"])
    else:
        raise InputError(
            f"{path} holds {', '.join(arrays) or 'nothing'}: it needs x, y or spikes, label or frames, label or events"
        )
    is_signed_events = is_events and is_signed(arrays["p"])
    warnings = [f"{path.name}: polarities -1 and 1 are read as 0 and 1"] if is_signed_events else []
    part = f"all samples of {path.name} are test; "
    if {"train_x", "train_y"} <= arrays.keys():
        require(every is None, f"{path} has a training part of its own: leave --hold-out out")
        train = _flat(path, arrays["train_x"]), _labels(path, arrays["train_y"])
        part += "train_x is training"
    elif every is not None:
        test, train = hold_out(*test, every, fold)
        part = (
            f"of {path.name}, sample i is test when i % {every} == {(fold or every) - 1} ({len(test[0])}), else "
            f"training ({len(train[0])})"
        )
    else:
        train = _first(*test)
        part += f"calibration on the first {len(train[0])} of them"
        more = ", or add train_x and train_y" if test[0].ndim == 2 else ""
        warnings.append(_untrained(path, len(train[0]), f"give --hold-out{more}"))
    return DataSet(
        name=path.stem,
        split=f"{part}; values as they are",
        x=test[0],
        y=test[1],
        train_x=train[0],
        train_y=train[1],
        is_frames="frames" in arrays and test[0].ndim == 3 and not is_events,
        time_bin_us=time_bin_us if is_events else None,
        warnings=tuple(warnings),
    )


def _flat(path: Path, values: NDArray[np.generic]) -> Samples:
    """Return (N, ...) values as (N, inputs)."""
    require(values.ndim >= 2, f"{path}: x must be (samples, values), not {values.shape}")
    return _samples(path, values).astype(np.float32).reshape(len(values), math.prod(values.shape[1:]))


def _samples(path: Path, values: NDArray[np.generic]) -> Samples:
    """Convert to float32; bytes stay bytes, because spike trains are large."""
    require(values.dtype.kind in "buif", f"{path} holds {values.dtype} instead of numbers")
    most = DATA_BYTES if values.dtype == np.uint8 and values.ndim == 3 else DATA_BYTES // 4
    require(values.size <= most, f"{path} holds {values.size} values: at most {most} are supported")
    if values.dtype.kind == "f" and values.dtype.itemsize > np.dtype(np.float32).itemsize:
        largest = np.abs(values).max(initial=0)
        fits = largest <= np.finfo(np.float32).max or not np.isfinite(largest)  # infinity and NaN are refused later
        require(fits, f"{path} holds values of up to {largest:g}, beyond the range of float32: scale them")
    return (
        values.astype(np.uint8, copy=False, casting="same_kind")
        if values.dtype == np.uint8
        else values.astype(np.float32)
    )


def _labels(path: Path, labels: NDArray[np.generic]) -> NDArray[np.int64]:
    good = labels.ndim == 1 and labels.dtype.kind in "iu"
    require(
        good,
        f"{path}: labels must be one integer per sample, not {labels.dtype} of shape {labels.shape}: save the "
        "number of its class, from 0, with astype(int)",
    )
    lowest = int(labels.min(initial=0))
    require(lowest >= 0, f"{path} has a label {lowest}, which is not a class: number them from 0")
    require(len(labels) <= SAMPLES, f"{path} holds {len(labels)} labels: at most {SAMPLES} are supported")
    return to_int64(labels, "labels")
