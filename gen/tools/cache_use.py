"""Who uses the cache at this moment, so that nothing is pruned which a running process may still read.

A process registers when it first uses a cache, with a locked file that the system unlocks when it ends, however that
comes. It can only hold entries that were used since: those are spared.
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
    """Tell that this process uses the cache from now on, until it ends."""
    _registered(root, os.getpid())


@functools.cache
def _registered(root: Path, pid: int) -> int | None:
    """Return an open file of this process; nothing where the cache cannot be written, so that nobody else prunes it
    either."""
    try:
        (root / _USERS).mkdir(parents=True, exist_ok=True)
        while True:
            handle, name = tempfile.mkstemp(prefix=f"{pid}.", dir=root / _USERS)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:  # else it was taken for a dead process's before it was locked
                break
            os.close(handle)
    except OSError:
        return None
    atexit.register(Path(name).unlink, missing_ok=True)
    return handle


def used_since(root: Path) -> float:
    """When the oldest process that uses the cache now has begun to, as a file's time; infinite if there is none."""
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
