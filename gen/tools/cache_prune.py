"""What lies in the cache, and making room in it."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.cache import SEAL
from tospike.gen.tools.cache_use import used_since


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A result that is kept, the logs of a failure, or what an interrupted process left."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since 1970."""


def entries(root: Path) -> list[Entry]:
    """Return everything in the cache, the longest unused first."""
    found = [entry for kind in _folders(root) for path in _folders(kind) if (entry := _entry(path))]
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def older_than(found: list[Entry], time: float) -> list[Entry]:
    """Return those that were not used since ``time``."""
    return [entry for entry in found if entry.used < time]


def beyond_size(found: list[Entry], size: int) -> list[Entry]:
    """Return those that must go, the longest unused first, for the rest to need at most ``size`` bytes."""
    excess = sum(entry.size for entry in found) - size
    chosen = []
    for entry in found:
        if excess <= 0:
            break
        chosen.append(entry)
        excess -= entry.size
    return chosen


def remove(root: Path, chosen: list[Entry], progress: Callable[[int], None] = lambda done: None) -> list[Entry]:
    """Remove entries; return those that stay because a running process may use them.

    An entry disappears under its name before it is taken apart, so that nobody finds half of one.

    Raises
    ------
    OSError
        The system does not let it go.
    """
    kept = []
    for number, entry in enumerate(chosen):
        if not _remove(entry, used_since(root)):
            kept.append(entry)
        progress(number + 1)
    return kept


def _remove(entry: Entry, spared: float) -> bool:
    """Remove it unless it was used since ``spared``, or is at this moment."""
    going = entry.path.with_name(f"{entry.path.name}.pruned{os.getpid()}")
    if entry.used >= spared:
        return False
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        entry.path.rename(going)
        if _last_use(going) > entry.used:
            going.rename(entry.path)
            return False
        shutil.rmtree(going)
    return True


def _folders(folder: Path) -> Iterator[Path]:
    """Return its folders, hidden ones left out."""
    with contextlib.suppress(FileNotFoundError):
        yield from (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))


def _entry(path: Path) -> Entry | None:
    """Return what is there; nothing if it disappears meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        size = sum(file.lstat().st_size for file in path.rglob("*") if file.is_file())
        return Entry(path=path, kind=path.parent.name, size=size, used=_last_use(path))
    return None


def _last_use(path: Path) -> float:
    """When a complete entry was last found, or an incomplete one last written to."""
    seal = path / SEAL
    return seal.stat().st_mtime if seal.is_file() else path.stat().st_mtime
