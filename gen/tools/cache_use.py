"""Track which processes use the cache, so that no entry is pruned that a running process may still read.

A process registers when it first uses a cache, by locking a file; the system releases the lock however the process
ends. A process can only hold entries that were used since it registered: those are spared.
"""

import atexit
import contextlib
import fcntl
import functools
import math
import os
import tempfile
from pathlib import Path

_USERS = ".users"


def register(root: Path) -> None:
    """Register this process as a user of the cache until it ends."""
    _registered(root, os.getpid())


@functools.cache
def _registered(root: Path, pid: int) -> int | None:
    """Return this process's locked file; ``None`` if the cache is not writable, in which case nobody can prune it
    either."""
    try:
        (root / _USERS).mkdir(parents=True, exist_ok=True)
        while True:
            handle, name = tempfile.mkstemp(prefix=f"{pid}.", dir=root / _USERS)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:  # else another process removed it before it was locked
                break
            os.close(handle)
    except OSError:
        return None
    atexit.register(Path(name).unlink, missing_ok=True)
    return handle


def used_since(root: Path) -> float:
    """Return when the earliest current user of the cache registered, as a file's time; infinity if there is none."""
    oldest = math.inf
    for user in (root / _USERS).glob("*"):
        with contextlib.suppress(FileNotFoundError), user.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                oldest = min(oldest, os.fstat(file.fileno()).st_mtime)
            else:
                user.unlink()
    return oldest
