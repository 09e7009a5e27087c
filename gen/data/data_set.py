"""Samples and labels to test a network and to calibrate its quantisation, and the checks of arrays given as such."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES, SAMPLES
from tospike.sim.arithmetic import to_int64

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
    shape: tuple[int, ...] = ()
    """Shape of a sample as it was given, before it was flattened; empty: it was not."""
    is_labelled: bool = True
    """Whether the labels mean something; those of a recording without labels are all 0."""
    time_bin_us: int | None = None
    """If the samples were events: length of a time step in microseconds."""
    sample_rate: int | None = None
    """If the samples are sound: values per second."""
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
        """Check that each label is one of a network's ``outputs`` classes."""
        for y in (self.y, self.train_y):
            if y.max() >= outputs:
                at, low = int(np.argmax(y)), int(y.min())
                shift = f", or subtract {low} from all" if int(y.max()) - low < outputs else ""
                raise InputError(
                    f"{self.name}: label {y[at]} of sample {at} is not an output of {network}, which has outputs 0 to "
                    f"{outputs - 1}: number the classes from 0{shift}"
                )

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """(N,) labels of the test samples; ``None``: there are none."""
        return self.y if self.is_labelled else None

    def require_labels(self) -> "DataSet":
        """Return the data set itself.

        Raises
        ------
        InputError
            It has no labels.
        """
        require(
            self.is_labelled,
            f"{self.name} is a recording without labels: give a folder of recordings by class, or with labels.csv",
        )
        return self

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


def calibration_part(x: Samples, y: NDArray[np.int64]) -> tuple[Samples, NDArray[np.int64]]:
    """Return the first test samples, for calibration where there is no training part."""
    return x[:CALIBRATION_SAMPLES], y[:CALIBRATION_SAMPLES]


def untrained(path: Path, samples: int, advice: str) -> str:
    """Return the warning that this many test samples are used for calibration, because there is no training part."""
    which = f"the first {samples} samples" if samples > 1 else "the first sample"
    return f"{path.name} has no training part: calibrated on {which} of the test; {advice}"


def as_samples(path: Path, values: NDArray[np.generic]) -> Samples:
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


def as_labels(path: Path, labels: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return (N,) labels from (N,) or (N, 1) integers."""
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
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
