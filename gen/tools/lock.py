"""A lock that processes and threads share: a file, free again when its holder ends in whatever way."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tospike.gen.tools.children import check_running

POLL_SECONDS = 0.05
"""Between two tries: a thread that waits in the system's call would keep a stopped process from its end."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock ``path`` during this block; the file exists only while it is held.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("w") as file:
            while not _took(file):
                check_running()
                time.sleep(POLL_SECONDS)
            if not os.fstat(file.fileno()).st_nlink:
                continue  # its holder removed it after it was opened here: newcomers do not see this file
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _took(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
