"""Labels of recordings in a folder: sub-folders by class, or a file ``labels.csv``."""

import csv
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.data.class_folders import classes_of, find_parts, labelled_files
from tospike.gen.data.events.formats import format_of, read_head
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import SAMPLES

CSV = "labels.csv"
CSV_BYTES = 1 << 28
COLUMNS = {"file", "label", "start_us", "end_us", "part"}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A sample: a recording, or the part of it between two times."""

    path: Path
    label: int
    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The samples of a folder."""

    test: tuple[Labelled, ...]
    train: tuple[Labelled, ...]
    """Empty: the folder does not say which samples are training."""
    classes: tuple[str, ...]
    """By number."""


def list_folder(folder: Path) -> Listing:
    """Return the labelled recordings of a folder.

    ``labels.csv`` has columns ``file`` (relative to the folder), ``label`` (a number or a name), and if wanted
    ``start_us`` and ``end_us`` (in the recording's time) and ``part`` (``test`` or ``train``). Without it, there is a
    folder for each class, with or without folders test and train around them.

    Raises
    ------
    InputError
        There are no labels, or they do not fit.
    """
    require(folder.is_dir(), f"there is no folder {folder}: give events:DIR, a folder of recordings with labels")
    if (folder / CSV).is_file():
        with reading(folder / CSV, "table of labels", f"give columns {', '.join(sorted(COLUMNS))}"):
            return _from_csv(folder)
    test, train = find_parts(folder)
    require(test is not None or train is None, f"{folder} has a training part but none for the test: add one")
    roots = [root for root in (test or folder, train) if root is not None]
    classes = classes_of(*roots)
    require(
        len(classes) >= 1, f"{folder} has no labels: give a folder for each class, or {CSV} with columns file and label"
    )
    parts = [
        tuple(Labelled(path=file, label=label) for file, label in labelled_files(root, classes, _is_one, "recordings"))
        for root in roots
    ]
    return Listing(test=parts[0], train=parts[1] if len(parts) > 1 else (), classes=tuple(classes))


def _is_one(file: Path) -> bool:
    """Return whether a file is a recording; hidden files are none."""
    return file.is_file() and not file.name.startswith(".") and format_of(read_head(file)) is not None


def _from_csv(folder: Path) -> Listing:
    rows = list(csv.DictReader(read_text(folder / CSV, CSV_BYTES).splitlines()))
    require(1 <= len(rows) <= SAMPLES, f"it has {len(rows)} rows: 1 to {SAMPLES} are supported")
    columns = set(rows[0])
    require(
        {"file", "label"} <= columns <= COLUMNS,
        f"it has columns {', '.join(map(str, columns))}: give file and label, and if wanted start_us, end_us and part",
    )
    names = [(row["label"] or "").strip() for row in rows]
    for line, name in enumerate(names, 2):
        require(bool(name), f"line {line} has no label")
    numeric = all(name.isdecimal() for name in names)
    most = max(map(int, names)) if numeric else len(set(names)) - 1
    require(most < SAMPLES, f"it has labels up to {most}: at most {SAMPLES - 1} is supported")
    classes = [str(n) for n in range(most + 1)] if numeric else sorted(set(names))
    numbers = {name: number for number, name in enumerate(classes)}
    parts: dict[str, list[Labelled]] = {"test": [], "train": []}
    for line, (row, name) in enumerate(zip(rows, names, strict=True), 2):
        part = (row.get("part") or "test").lower()
        path = (folder / (row["file"] or "")).resolve()
        require(path.is_relative_to(folder.resolve()), f"line {line}: {row['file']} is not in {folder}")
        require(path.is_file(), f"line {line}: there is no file {path}")
        require(part in parts, f"line {line}: part {part!r} is neither test nor train")
        start, end = (_time(row.get(column), column, line) for column in ("start_us", "end_us"))
        require(start is None or end is None or start < end, f"line {line}: start_us is not before end_us")
        label = int(name) if numeric else numbers[name]
        parts[part].append(Labelled(path=path, label=label, start_us=start, end_us=end))
    return Listing(test=tuple(parts["test"]), train=tuple(parts["train"]), classes=tuple(classes))


def _time(text: str | None, column: str, line: int) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"line {line}: {column} {text!r} is not a whole number of microseconds") from None
