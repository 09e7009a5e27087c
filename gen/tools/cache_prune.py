"""What lies in the cache, and making room in it."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.cache import SEAL
from tospike.gen.tools.cache_use import used_since
from tospike.hw.params import check_options, option, require

DAY = 86400
"""Seconds."""
MEGABYTE = 1_000_000
"""Bytes."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A result that is kept, the logs of a failure, or what an interrupted process left."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class KindUse:
    """What the entries of one kind need, and when they were last used."""

    kind: str
    entries: int
    size: int
    """Bytes."""
    newest: float
    """When one of them was used last, in seconds since 1970."""
    oldest: float
    """When the one was used that has been unused for longest."""


@dataclass(frozen=True, kw_only=True)
class PruneOptions:
    """What has to go."""

    older_than: float | None = option(None, "Remove results unused for this many days", low=0)
    max_size: float | None = option(None, "Remove the least recently used until the rest fits this many MB", low=0)
    everything: bool = option(False, "Remove everything", name="all")
    kinds: tuple[str, ...] = option((), "Only results of this kind (repeatable)", name="kind")
    dry_run: bool = option(False, "Show what would be removed, and keep it")

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.everything or self.older_than is not None or self.max_size is not None,
            "nothing says what to remove: give --older-than DAYS, --max-size MB or --all",
        )


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was removed, or would be."""

    entries: int
    """Entries that it was chosen from."""
    removed: tuple[Entry, ...]
    spared: tuple[Entry, ...]
    """What a running process may use."""

    @property
    def size(self) -> int:
        """Bytes that were removed."""
        return sum(entry.size for entry in self.removed)


def prune(root: Path, options: PruneOptions) -> Pruned:
    """Make room in the cache.

    Raises
    ------
    InputError
        The cache holds no results of a kind that is named.
    OSError
        The system does not let an entry go.
    """
    found = entries(root)
    there = sorted({entry.kind for entry in found})
    for kind in options.kinds:
        require(kind in there, f"--kind {kind}: the cache has {', '.join(there) or 'nothing'}")
    found = [entry for entry in found if not options.kinds or entry.kind in options.kinds]
    chosen = set(found if options.everything else ())
    if options.older_than is not None:
        chosen.update(older_than(found, time.time() - DAY * options.older_than))
    if options.max_size is not None:
        chosen.update(beyond_size(found, int(MEGABYTE * options.max_size)))
    ordered = [entry for entry in found if entry in chosen]
    spared = [] if options.dry_run else remove(root, ordered)
    removed = tuple(entry for entry in ordered if entry not in spared)
    return Pruned(entries=len(found), removed=removed, spared=tuple(spared))


def by_kind(found: Sequence[Entry]) -> list[KindUse]:
    """Return what each kind of entries needs, in the order of their names."""
    groups = {kind: [entry for entry in found if entry.kind == kind] for kind in sorted({e.kind for e in found})}
    return [
        KindUse(
            kind=kind,
            entries=len(group),
            size=sum(entry.size for entry in group),
            newest=max(entry.used for entry in group),
            oldest=min(entry.used for entry in group),
        )
        for kind, group in groups.items()
    ]


def entries(root: Path) -> list[Entry]:
    """Return everything in the cache, the longest unused first."""
    found = [entry for kind in _folders(root) for path in _folders(kind) if (entry := _entry(path))]
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def older_than(found: list[Entry], moment: float) -> list[Entry]:
    """Return those that were not used since ``moment``."""
    return [entry for entry in found if entry.used < moment]


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
