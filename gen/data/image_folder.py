"""Load folders of images: a folder for each class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.class_folders import TEST, classes_of, find_parts, labelled_files
from tospike.gen.data.data_set import CALIBRATION_SAMPLES, DataSet, untrained
from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.mnist import pixels
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_MODES = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}
"""Modes of images that lose nothing in 8 bits of grey or colours."""

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def image_folder(folder: Path, every: int | None = None, fold: int | None = None) -> DataSet:
    """Load DIR/test/CLASS/IMAGE and DIR/train/CLASS/IMAGE, or DIR/CLASS/IMAGE if there are no parts.

    Classes are numbered in the order of their names, of both parts together. Grey images give (height, width) values,
    others (height, width, 3); bytes are divided by 255. Pillow reads the files.

    Parameters
    ----------
    every, fold
        Without parts: every ``every``-th image is a test sample, the others are training; which ones, see `hold_out`.

    Raises
    ------
    InputError
        The folder has no such images, or they differ in size or colour; or Pillow is missing.
    """
    require(folder.is_dir(), f"there is no folder {folder}: give images:DIR, a folder with one for each class")
    test_folder, train_folder = find_parts(folder)
    roots = [root for root in (test_folder or folder, train_folder) if root is not None]
    require(
        test_folder is not None or train_folder is None,
        f"{folder} has a folder train but none of {', '.join(TEST)}: add one",
    )
    classes = classes_of(*roots)
    require(len(classes) >= 1, f"{roots[0]} has no folder for each class: give images:DIR with DIR/CLASS/IMAGE")
    test = _read(roots[0], classes)
    warnings: tuple[str, ...] = ()
    if train_folder is not None:
        require(every is None, f"{folder} has a training part of its own: leave --hold-out out")
        train, split = _read(train_folder, classes), "its folders state the test and the training part"
    elif every is not None:
        test, train = hold_out(*test, every, fold)
        counts = f"({len(test[0])}), else training ({len(train[0])})"
        split = f"image i is test when i % {every} == {(fold or every) - 1} {counts}"
    else:
        train = test[0][:CALIBRATION_SAMPLES], test[1][:CALIBRATION_SAMPLES]
        split = f"all images are test; calibration on the first {len(train[0])} of them"
        warnings = (untrained(folder, len(train[0]), "give --hold-out, or folders test and train"),)
    shape = test[0].shape[1:]
    require(train[0].shape[1:] == shape, f"{folder}: images of {shape} (test) and {train[0].shape[1:]} (training)")
    return DataSet(
        name=folder.resolve().name,
        split=f"{split}; classes {', '.join(classes)}; pixels 0..255 divided by 255",
        x=pixels(test[0]),
        y=test[1],
        train_x=pixels(train[0]),
        train_y=train[1],
        shape=shape,
        warnings=warnings,
    )


def _read(root: Path, classes: list[str]) -> Part:
    """Return (N, height, width) or (N, height, width, 3) bytes and (N,) labels, in the order of the files' names."""
    files = labelled_files(root, classes, lambda file: file.suffix.lower() in SUFFIXES, "images")
    images: list[NDArray[np.uint8]] = []
    for file, _ in files:
        image = _decode(file)
        first = images[0] if images else image
        require(
            image.shape == first.shape,
            f"{file} is an image of {image.shape}, but {files[0][0]} of {first.shape}: give all the same size and mode",
        )
        require(image.size * len(files) <= DATA_BYTES // 4, f"{root} holds too many pixels: {DATA_BYTES // 4} at most")
        images.append(image)
    return np.stack(images), np.array([label for _, label in files], dtype=np.int64)


def _decode(file: Path) -> NDArray[np.uint8]:
    try:
        from PIL import Image  # only needed here
    except ImportError:
        raise InputError("folders of images need Pillow: pip install 'tospike[images]'") from None
    try:
        with Image.open(file) as image:
            mode = _MODES.get(image.mode)
            if mode is not None:
                return np.asarray(image.convert(mode))
            found = image.mode
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        detail = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{file} is not a readable image ({detail}): save it again") from error
    raise InputError(f"{file} is an image of mode {found}: save it in 8-bit grey or in colours without alpha")
