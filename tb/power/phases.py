"""Alternate between running samples and idling, and note when: the times to which readings of power belong."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import TEXT_BYTES
from tospike.sim.network import Array
from tospike.tb.board.session import Session
from tospike.tb.power.readings import Readings


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A time in which the board idled, or ran samples one after another."""

    begin: float
    """Seconds since 1970."""
    end: float
    samples: int
    """0: it idled."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.begin


def run_phases(
    session: Session,
    x: Array,
    *,
    rounds: int,
    seconds: float,
    settle: float,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Phase]:
    """Idle and run samples in turn, ``rounds`` times each, and idle once more.

    Parameters
    ----------
    session
        An open one.
    x
        (N, ...) samples, taken in order, again from the first after the last.
    seconds
        Of a phase, at least; one that runs samples ends with a sample.
    settle
        Seconds between phases that belong to none: supplies and sensors need time.

    Raises
    ------
    InputError
        The board does not answer.
    """
    found: list[Phase] = []
    done = 0
    for number in range(2 * rounds + 1):
        runs = number % 2 == 1
        begin = time.time()
        settled, last = begin + settle, begin + settle + seconds
        first = 0
        before = 0
        while runs and time.time() < last:
            list(session.run(x[done % len(x) : done % len(x) + 1]))
            done += 1
            before += 1
            if time.time() < settled:
                first = before
        if not runs:
            time.sleep(max(0.0, last - time.time()))
        found.append(Phase(begin=settled, end=time.time(), samples=before - first))
        progress(number + 1)
    return found


@contextmanager
def sampled(watts: Callable[[], float], interval: float) -> Iterator[list[tuple[float, float]]]:
    """Read power again and again while the block runs; yield the list that grows, of times and watts.

    Raises
    ------
    InputError
        At the end of the block: a reading failed.
    """
    found: list[tuple[float, float]] = []
    failed: list[InputError] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(interval):
            try:
                before = time.time()
                power = watts()
                found.append(((before + time.time()) / 2, power))
            except InputError as error:
                failed.append(error)
                return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


def as_readings(found: list[tuple[float, float]]) -> Readings:
    """Return what `sampled` has collected."""
    values = np.array(found, dtype=np.float64).reshape(-1, 2)
    return Readings(seconds=values[:, 0], watts=values[:, 1])


def phases_json(phases: list[Phase]) -> dict[str, Any]:
    """Return phases for a file."""
    return {"phases": [asdict(phase) for phase in phases]}


def read_phases(path: Path) -> list[Phase]:
    """Read phases that were written before.

    Raises
    ------
    InputError
        It is not such a file.
    """
    require(path.is_file(), f"there is no file {path}: run tospike power with --port and --phases first")
    with reading(path, "phases in JSON", "write it with tospike power --phases"):
        tables = json.loads(read_text(path, TEXT_BYTES))
    listed = tables.get("phases") if isinstance(tables, dict) else None
    names = {each.name for each in fields(Phase)}
    good = (
        isinstance(listed, list)
        and all(isinstance(each, dict) and set(each) == names for each in listed)
        and all(type(value) in (int, float) for each in listed for value in each.values())
    )
    require(good, f"{path} holds no phases: write it with tospike power --phases")
    return [Phase(**each) for each in listed or ()]
