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

LATEST = 1e11
"""Seconds since 1970, at most: some three thousand years. Milliseconds are beyond it."""
MOST_SAMPLES = 10**9


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A time in which the board idled, or ran samples one after another."""

    begin: float
    """Seconds since 1970."""
    end: float
    samples: int
    """0: it idled."""

    def __post_init__(self) -> None:
        require(
            all(type(time) in (int, float) and abs(time) <= LATEST for time in (self.begin, self.end)),
            "a phase begins and ends at a number of seconds since 1970",
        )
        require(self.begin < self.end, f"a phase begins before it ends, not at {self.begin:.3f} and {self.end:.3f} s")
        require(
            type(self.samples) is int and 0 <= self.samples <= MOST_SAMPLES,
            f"the samples of a phase are a whole number from 0 to {MOST_SAMPLES}",
        )

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.begin


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The phases of a run, and what ran."""

    design: str
    configuration: str
    """Hash of the design and its weights."""
    phases: tuple[Phase, ...]

    def check_design(self, design: str, configuration: str) -> None:
        """Refuse to evaluate the run as that of another design.

        Raises
        ------
        InputError
            It is another one.
        """
        require(
            (self.design, self.configuration) == (design, configuration),
            f"the phases are those of {self.design} ({self.configuration}), not of {design} ({configuration}): give "
            "the network and options with which they were written",
        )


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


def phases_json(recorded: Recorded) -> dict[str, Any]:
    """Return phases for a file."""
    return asdict(recorded)


def read_phases(path: Path) -> Recorded:
    """Read phases that were written before.

    Raises
    ------
    InputError
        It is not such a file.
    """
    require(path.is_file(), f"there is no file {path}: run tospike power with --port and --phases first")
    with reading(path, "phases in JSON", "write it with tospike power --phases"):
        tables = json.loads(read_text(path, TEXT_BYTES))
        names = {each.name for each in fields(Phase)}
        listed = tables.get("phases") if isinstance(tables, dict) else None
        listed = listed if isinstance(listed, list) else []
        good = bool(listed) and all(isinstance(each, dict) and set(each) == names for each in listed)
        require(good, f"{path} holds no phases: write it with tospike power --phases")
        about = [tables.get(name) for name in ("design", "configuration")]
        require(
            all(isinstance(text, str) and text.isprintable() for text in about),
            f"{path} does not tell which design ran: write it again with tospike power --phases",
        )
        return Recorded(design=about[0], configuration=about[1], phases=tuple(Phase(**each) for each in listed))
