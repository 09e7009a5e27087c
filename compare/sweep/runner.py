"""Runs the points of a sweep: in processes of this machine or on a Dask cluster, each only once.

Every finished point is in the cache before the next is waited for: a sweep that was killed goes on where it was, and
ends with the same result.
"""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from importlib import metadata, resources
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from tospike.compare.energy.technology import load_technology
from tospike.compare.sweep.measure import check, measure
from tospike.compare.sweep.point import Point
from tospike.gen.cache import Cache, digest
from tospike.gen.files import to_json
from tospike.hw.params import InputError

RESULT = "result.json"
PACKAGES = ("tospike.hw", "tospike.sim", "tospike.gen", "tospike.compare")
"""Whose code a point's result depends on."""

Finished = Iterator[tuple[Point, dict[str, Any]]]
Execute = Callable[[Sequence[Point]], Finished]
"""Yields each point with its result, in any order."""


def run_sweep(
    points: Sequence[Point], *, cache: Cache, execute: Execute, progress: Callable[[int], None] = lambda done: None
) -> list[dict[str, Any]]:
    """Results of all points, in their order: from the cache where it has them, else executed and put there.

    Raises
    ------
    InputError
        A point that no hardware takes; the cache cannot be written; workers or cluster fail.
    """
    for point in points:
        check(point)
    results = {point: found for point in points if (found := _stored(cache, point)) is not None}
    progress(len(results))
    missing = [point for point in points if point not in results]
    if missing:
        for point, result in execute(missing):
            results[point] = result
            _store(cache, point, result)
            progress(len(results))
    return [results[point] for point in points]


def in_processes(jobs: int) -> Execute:
    """On this machine, ``jobs`` points at a time."""

    def execute(points: Sequence[Point]) -> Finished:
        context = multiprocessing.get_context("spawn")
        workers = min(jobs, len(points))
        stop = context.Event()
        ends = (os.getpid(), stop)
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with, initargs=ends) as pool:
            futures = {pool.submit(measure, point): point for point in points}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BaseException:
                stop.set()
                raise

    return execute


def _end_with(parent: int, stop: Event) -> None:
    """Let this worker end when ``parent`` has been killed, or says ``stop``: nobody would take its results."""

    def watch() -> None:
        while os.getppid() == parent and not stop.wait(0.5):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def on_cluster(address: str) -> Execute:
    """On the Dask cluster whose scheduler is at ``address``; a point whose worker dies is given to another.

    Raises
    ------
    InputError
        ``distributed`` is not installed, or nobody answers at ``address``.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("--scheduler needs dask.distributed: pip install 'tospike[cluster]'") from None

    def execute(points: Sequence[Point]) -> Finished:
        try:
            client = distributed.Client(address, timeout=10, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers at {address}: {error}") from None
        with client:
            futures = {client.submit(measure, point, pure=False, retries=2): point for point in points}
            for future in distributed.as_completed(list(futures), loop=client.loop):
                yield futures[future], future.result()

    return execute


# ----------------------------------------------------------------------------------------------------- cache


@lru_cache(maxsize=1)
def _code() -> str:
    """Digest of the code that makes results: an entry of other code is never found."""
    files = (
        path
        for package in PACKAGES
        for path in sorted(Path(str(resources.files(package))).rglob("*"))
        if path.suffix in (".py", ".toml")
    )
    return digest({str(number): path.read_bytes() for number, path in enumerate(files)})


def key(point: Point) -> str:
    """The address of a point's result."""
    return digest(
        {
            "point": json.dumps(point.to_json(), sort_keys=True),
            "technology": repr(load_technology(point.technology)),
            "code": _code(),
            "tospike": metadata.version("tospike"),
        }
    )


def _stored(cache: Cache, point: Point) -> dict[str, Any] | None:
    entry = cache.find("sweep", key(point))
    return json.loads((entry / RESULT).read_text()) if entry else None


def _store(cache: Cache, point: Point, result: dict[str, Any]) -> None:
    def make(folder: Path) -> None:
        (folder / RESULT).write_text(to_json(result))

    cache.build("sweep", key(point), make)
