"""The output of all commands: streams, tables, progress, warnings and JSON."""

import codecs
import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console, OverflowMethod
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as _Table
from rich.text import Text

from tospike.gen.files import output as files
from tospike.hw.params import InputError


class _Console(Console):
    def on_broken_pipe(self) -> None:
        files.nobody_reads()


class Table(_Table):
    """A table that folds cells too long for the terminal instead of truncating them."""

    def add_column(self, *args: Any, overflow: OverflowMethod = "fold", **kwargs: Any) -> None:
        """Add a column as rich does, with folded cells."""
        super().add_column(*args, overflow=overflow, **kwargs)


# no markup: names of files and networks may contain brackets
out = _Console(markup=False)
"""Results."""
err = _Console(markup=False, stderr=True)
"""Progress and errors."""
TEXT = TextColumn("{task.description}", markup=False)


def write_any_name() -> None:
    """Let both streams take any text: bytes of a name that are not UTF-8 as they are, missing characters as ``?``."""

    def replace(error: UnicodeError) -> tuple[bytes, int]:
        assert isinstance(error, UnicodeEncodeError)
        text = error.object[error.start : error.end]
        return b"".join(bytes([ord(c) - 0xDC00]) if "\udc80" <= c <= "\udcff" else b"?" for c in text), error.end

    codecs.register_error("tospike", replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # neither closed nor replaced by a test
            stream.reconfigure(errors="tospike")


@contextlib.contextmanager
def progress_bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr; yield a function that takes the number of finished items."""
    columns = (
        SpinnerColumn(),
        TEXT,
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    if total is None:
        columns = (columns[0], columns[1], columns[4])  # type: ignore[assignment]
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextlib.contextmanager
def progress_lines(title: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner on stderr; yield a function that takes the current step."""
    with err.status(Text(title)) as status:
        yield lambda line: status.update(Text(f"{title}: {line}"))


@contextlib.contextmanager
def progress_steps() -> Iterator[Callable[[str, str], None]]:
    """Show a spinner per task on stderr; yield a function that takes a task's name and its current step."""
    columns = (SpinnerColumn(), TextColumn("{task.fields[name]}", style="bold", markup=False), TEXT)
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(name: str, step: str) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(step, total=None, name=name)
            bar.update(tasks[name], description=step)
            if not err.is_terminal:
                err.print(f"{name}: {step}", highlight=False)

        yield progress


def warn(lines: Iterable[str]) -> None:
    """Print warnings on stderr, one line each."""
    for line in lines:
        err.print(Text.assemble(("warning: ", "yellow"), line), soft_wrap=True)


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn([record.getMessage()])


def show_warnings() -> None:
    """Print the warnings that other packages log, as `warn` does."""
    logger = logging.getLogger("tospike")
    if not logger.handlers:
        logger.addHandler(_Warnings(logging.WARNING))
        logger.propagate = False


def check_outputs(*paths: Path | None, inputs: Iterable[Path | str] = ()) -> None:
    """Check that the outputs can be written, before the work begins; if one is ``-``, all else goes to stderr.

    Parameters
    ----------
    paths
        Output files; ``None``: not requested.
    inputs
        Everything that is read: files, data as ``kind:FILE`` or ``kind:FOLDER``, design folders.

    Raises
    ------
    InputError
        An output cannot be written, is given twice, or is an input.
    """
    named = [name for given in inputs for name in (str(given), str(given).partition(":")[2]) if name]
    read = {os.path.realpath(path) for name in named for path in (Path(name), *_known_files(Path(name)))}
    written: set[str] = set()
    for path in filter(None, paths):
        files.check_writable(path)
        name = "-" if files.is_stdout(path) else os.path.realpath(path)
        if name in written:
            raise InputError(f"{path} is given twice as an output: give different names")
        if name in read:
            raise InputError(f"{path} is an input and would be lost: give the output another name")
        if name == "-":
            out.stderr = True
        if not name.startswith(("/dev/", "/proc/")):  # these may be written more than once
            written.add(name)


def _known_files(folder: Path) -> list[Path]:
    """Return the files that are read in a folder: those in its manifest, or MNIST's; others may be results."""
    try:
        listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return [folder / "manifest.json", *(folder / str(name) for name in listed)]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return [*folder.glob("*-ubyte*"), folder / "mnist_train.npz"] if folder.is_dir() else []


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` to ``path``, completely or not at all."""
    files.write_text(path, files.to_json(data))
