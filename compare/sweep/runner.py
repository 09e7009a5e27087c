"""Run the points of a sweep in local processes or on a Dask cluster, each only once.

Every finished point is cached at once, so an interrupted sweep resumes and gives the same results.
"""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from multiprocessing import util
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tospike.compare.energy.technology import load_technology
from tospike.compare.plain import from_plain, to_plain
from tospike.compare.sweep import gates
from tospike.compare.sweep.cluster import cluster, need_distributed
from tospike.compare.sweep.measure import check, measure
from tospike.compare.sweep.result import GateSideResult, PointResult
from tospike.gen.files.output import to_json
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import Stopped, end_all
from tospike.hw.params import check_options, option

RESULT = "result.json"
P = TypeVar("P", bound=Hashable)
R = TypeVar("R")

Finished = Iterator[tuple[P, R]]
Measure = Callable[[P], R]


class Execute(Protocol):
    """Measures points, locally or remotely."""

    def __call__(self, points: Sequence[P], measure: Measure[P, R], /) -> Finished[P, R]:
        """Yield each point with its result, in any order."""


@dataclass(frozen=True, kw_only=True)
class Task(Generic[P, R]):
    """A measurement of the points of a sweep."""

    kind: str
    """Kind of its cache entries."""
    title: str
    """Name of its level, for display."""
    check: Callable[[P], None]
    """Refuses an invalid point, before any is measured."""
    measure: Measure[P, R]
    result: type[R]
    """Type of its results."""
    inputs: Callable[[P], Mapping[str, str | None]]
    """Inputs that a result depends on, except code."""
    packages: tuple[str, ...]
    """Packages whose code a result depends on."""


COUNTERS = Task(
    kind="sweep",
    title="counters",
    check=check,
    measure=measure,
    result=PointResult,
    inputs=lambda point: {
        "point": json.dumps(point.to_json(), sort_keys=True),
        "technology": repr(load_technology(point.technology)),
    },
    packages=("tospike.hw", "tospike.sim", "tospike.gen", "tospike.compare"),
)
"""Both sides, by counters."""

GATES = Task(
    kind="sweep-gates",
    title="gates",
    check=gates.check,
    measure=gates.measure,
    result=GateSideResult,
    inputs=gates.inputs,
    packages=(*COUNTERS.packages, "tospike.synth", "tospike.tb"),
)
"""One side, in gates."""


def run_sweep(
    points: Sequence[P],
    *,
    task: Task[P, R],
    cache: Cache,
    execute: Execute,
    progress: Callable[[int], None] = lambda done: None,
) -> list[R]:
    """Return the results of all points, in order; execute and cache those that are not cached.

    Raises
    ------
    InputError
        The hardware does not support a point; the cache cannot be written; workers or cluster fail.
    """
    for point in points:
        task.check(point)
    results = {point: found for point in points if (found := _stored(cache, task, point)) is not None}
    progress(len(results))
    missing = [point for point in points if point not in results]
    if missing:
        for point, result in execute(missing, task.measure):
            results[point] = result
            _store(cache, task, point, result)
            progress(len(results))
    return [results[point] for point in points]


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Options that say where points are measured."""

    jobs: int | None = option(None, "Parallel processes", low=1, unset="one per core")
    scheduler: str | None = option(None, "Address of a Dask scheduler to use instead (extra: cluster)")

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def execute(self) -> Execute:
        """Return the function that measures points.

        Raises
        ------
        InputError
            As for `on_cluster`.
        """
        return on_cluster(self.scheduler) if self.scheduler else in_processes(self.jobs or os.cpu_count() or 1)

    @contextmanager
    def started(self, *files: Path) -> Iterator[Execute]:
        """Yield what measures points as often as points are given to it: in this process if ``jobs`` is 1, else in
        processes, or on the cluster, whose workers get ``files``.

        Raises
        ------
        InputError
            As for `on_cluster`.
        """
        if self.scheduler:
            with cluster(self.scheduler, files) as execute:
                yield execute
        elif (jobs := self.jobs or os.cpu_count() or 1) == 1:
            yield _here
        else:
            with worker_processes(jobs) as execute:
                yield execute


def _here(points: Sequence[P], measure: Measure[P, R]) -> Finished[P, R]:
    for point in points:
        yield point, measure(point)


def on_cluster(address: str) -> Execute:
    """Execute on the Dask cluster whose scheduler is at ``address``; points of failed workers are repeated.

    Raises
    ------
    InputError
        ``distributed`` is not installed, or no scheduler answers at ``address``.
    """
    need_distributed()

    def execute(points: Sequence[P], measure: Measure[P, R]) -> Finished[P, R]:
        with cluster(address) as working:
            yield from working(points, measure)

    return execute


def in_processes(jobs: int) -> Execute:
    """Execute on this machine, ``jobs`` points at a time."""

    def execute(points: Sequence[P], measure: Measure[P, R]) -> Finished[P, R]:
        with worker_processes(min(jobs, len(points))) as working:
            yield from working(points, measure)

    return execute


@contextmanager
def worker_processes(jobs: int) -> Iterator[Execute]:
    """Start processes, which execute points ``jobs`` at a time, as often as points are given to them."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    ends = (os.getpid(), stop)
    try:
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with, initargs=ends) as pool:

            def execute(points: Sequence[P], measure: Measure[P, R]) -> Finished[P, R]:
                futures = {pool.submit(measure, point): point for point in points}
                try:
                    for future in as_completed(futures):
                        yield futures[future], future.result()
                except BaseException:
                    stop.set()
                    raise

            yield execute
    except Stopped:
        util._run_finalizers(0)  # type: ignore[attr-defined]  # the command ends at once: semaphores would be left, and Python would warn of them
        raise


def _end_with(parent: int, stop: Event) -> None:
    """End this worker when ``parent`` is killed or sets ``stop``."""

    def end(number: int, frame: object) -> None:
        end_all()
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)

    def watch() -> None:
        while os.getppid() == parent and not stop.wait(0.5):
            pass
        end_all()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# ----------------------------------------------------------------------------------------------------- cache


@lru_cache
def _code(packages: tuple[str, ...]) -> str:
    """Return the digest of the code that results depend on, so that results of other code are never used."""
    files = (
        path
        for package in packages
        for path in sorted(Path(str(resources.files(package))).rglob("*"))
        if path.suffix in (".py", ".toml", ".cpp", ".h")
    )
    return digest({str(number): path.read_bytes() for number, path in enumerate(files)})


def key(task: Task[P, R], point: P) -> str:
    """Return the cache key of a point's result."""
    return digest({**task.inputs(point), "code": _code(task.packages), "tospike": metadata.version("tospike")})


def _stored(cache: Cache, task: Task[P, R], point: P) -> R | None:
    entry = cache.find(task.kind, key(task, point))
    try:
        return from_plain(task.result, json.loads((entry / RESULT).read_text()), RESULT) if entry else None
    except (OSError, ValueError, RecursionError):  # a valid entry that tospike did not write: measure again
        return None


def _store(cache: Cache, task: Task[P, R], point: P, result: R) -> None:
    def make(folder: Path) -> None:
        (folder / RESULT).write_text(to_json(to_plain(result)))

    cache.build(task.kind, key(task, point), make)
