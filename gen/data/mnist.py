"""Load MNIST, or a data set in its format, from a folder of idx files."""

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import DataSet, as_labels, calibration_part, untrained
from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.files.reading import read_bytes, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES


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


def mnist(folder: Path) -> DataSet:
    """Load the idx files of a folder, gz or not, or the training part from ``mnist_train.npz``.

    Raises
    ------
    InputError
        A file is missing or damaged.
    """
    require(folder.is_dir(), f"there is no folder {folder}: give mnist:DIR, the folder of the idx files")

    def load(prefix: str) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        images, labels = (
            _read_idx(folder, f"{prefix}-images-idx3-ubyte"),
            _read_idx(folder, f"{prefix}-labels-idx1-ubyte"),
        )
        if images is None or labels is None:
            return None
        require(images.ndim == 3 and labels.ndim == 1, f"the {prefix} files in {folder} are not images and labels")
        return pixels(images), labels.astype(np.int64, casting="same_kind")

    test, train = load("t10k"), load("train") or _mnist_train(folder / "mnist_train.npz")
    if test is None:
        raise InputError(f"{folder} lacks t10k-images-idx3-ubyte or t10k-labels-idx1-ubyte (.gz or not)")
    calibration = train or calibration_part(*test)
    warning = untrained(folder, len(calibration[0]), "add train-images-idx3-ubyte and train-labels-idx1-ubyte")
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
        warnings=() if train else (warning,),
    )


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (N, ...) bytes as (N, values) from 0 to 1."""
    return np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)


def _mnist_train(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
    """Return the training part from an npz file of bytes ``x`` (N, 28, 28) and ``y``; None if there is none."""
    if not path.is_file():
        return None
    with reading(path, NPZ, "save it again"):
        arrays = read_npz(path)
    good = {"x", "y"} <= arrays.keys() and arrays["x"].dtype == np.uint8 and arrays["x"].ndim == 3
    require(good, f"{path} must hold images x (N, height, width) of bytes and labels y")
    return pixels(arrays["x"]), as_labels(path, arrays["y"])
