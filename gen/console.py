"""What all commands share: where they print, how they show progress and how they write JSON."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from tospike.gen.files import to_json, write_text
from tospike.hw.params import InputError

out = Console()
"""Results."""
err = Console(stderr=True)
"""Progress and errors."""


def note(line: str) -> None:
    """Tells what a person should know and need not do anything about, on stderr."""
    err.print(line, markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def progress_bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; the function that it gives takes how many are done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
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
    """A spinner on stderr; the function that it gives takes what is being done."""
    with err.status(title) as status:
        yield lambda line: status.update(f"{title}: {line}")


@contextlib.contextmanager
def progress_steps() -> Iterator[Callable[[str, str], None]]:
    """One spinner for each thing that is worked on; the function that it gives takes its name and the step."""
    columns = (SpinnerColumn(), TextColumn("[bold]{task.fields[name]}"), TextColumn("{task.description}"))
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
    """Says on stderr what a user should know about a result, a line each."""
    for line in lines:
        err.print(Text.assemble(("warning: ", "yellow"), line), soft_wrap=True)


def check_writable(path: Path | None) -> None:
    """Refuses early what `write_json` would refuse after the work."""
    if path is None:
        return
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(f"cannot write {path}: it is a folder, or its folder does not exist")


def write_json(path: Path, data: Any) -> None:
    """Writes ``data`` to ``path``, whole or not at all."""
    write_text(path, to_json(data))
