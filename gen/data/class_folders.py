"""Folders of samples: one for each class, in parts for test and training or not."""

from collections.abc import Callable
from pathlib import Path

from tospike.hw.params import require
from tospike.hw.params.limits import SAMPLES

TEST, TRAIN = ("test", "val", "valid", "validation"), ("train", "training")
"""Names of folders with a part of the data, in the order in which they are looked for."""


def find_parts(folder: Path) -> tuple[Path | None, Path | None]:
    """Return the folders of the test and of the training part: named so, or with such an ending, in any case."""
    inside = sorted(found for found in folder.iterdir() if found.is_dir())

    def find(names: tuple[str, ...]) -> Path | None:
        endings = [lambda text, name=name: text == name for name in names]
        endings += [lambda text, name=name: text.endswith((f"_{name}", f"-{name}")) for name in names]
        return next((found for is_it in endings for found in inside if is_it(found.name.lower())), None)

    return find(TEST), find(TRAIN)


def classes_of(*roots: Path) -> list[str]:
    """Return the names of all classes, in order: those of the folders in ``roots``."""
    return sorted({found.name for root in roots for found in root.iterdir() if found.is_dir()})


def labelled_files(
    root: Path, classes: list[str], is_sample: Callable[[Path], bool], what: str
) -> list[tuple[Path, int]]:
    """Return the samples of all classes, with the class's number, in the order of the classes and of the names.

    Raises
    ------
    InputError
        There is none, or there are too many.
    """
    files = [
        (file, label)
        for label, name in enumerate(classes)
        if (root / name).is_dir()
        for file in sorted((root / name).iterdir())
        if is_sample(file)
    ]
    require(1 <= len(files) <= SAMPLES, f"{root} has {len(files)} {what} in its folders: 1 to {SAMPLES} are supported")
    return files
