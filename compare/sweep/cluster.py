"""Points on a Dask cluster."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tospike.hw.params import InputError

P = TypeVar("P", bound=Hashable)
R = TypeVar("R")


def need_distributed() -> Any:
    """Return the module ``distributed``.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("--scheduler needs dask.distributed: pip install 'tospike[cluster]'") from None
    return distributed


@contextmanager
def cluster(
    address: str, files: Sequence[Path] = ()
) -> Iterator[Callable[[Sequence[P], Callable[[P], R]], Iterator[tuple[P, R]]]]:
    """Connect to the cluster whose scheduler is at ``address``, send ``files`` to its workers, and yield what executes
    points there as often as points are given to it. Points of failed workers are repeated.

    Raises
    ------
    InputError
        ``distributed`` is not installed, or no scheduler answers at ``address``.
    """
    distributed = need_distributed()
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address}: {error}") from None

    def execute(points: Sequence[P], measure: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        futures = {client.submit(measure, point, pure=False, retries=2): point for point in points}
        for future in distributed.as_completed(list(futures), loop=client.loop):
            yield futures[future], future.result()

    with client:
        for file in files:
            client.upload_file(str(file), load=False)
        yield execute


def worker_folder() -> Path:
    """Return the folder of this worker of a cluster, into which `cluster` sends files."""
    return Path(need_distributed().get_worker().local_directory)
