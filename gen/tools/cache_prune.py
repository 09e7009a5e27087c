"""List and prune the entries of the cache."""

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
    """A stored result, the logs of a failure, or the remains of an interrupted process."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class KindUse:
    """Size and last use of the entries of one kind."""

    kind: str
    entries: int
    size: int
    """Bytes."""
    newest: float
    """Last use of the most recently used entry, in seconds since 1970."""
    oldest: float
    """Last use of the least recently used entry."""


@dataclass(frozen=True, kw_only=True)
class PruneOptions:
    """Which entries to remove."""

    older_than: float | None = option(None, "Remove results unused for this many days", low=0)
    max_size: float | None = option(None, "Remove the least recently used until the rest fits this many MB", low=0)
    everything: bool = option(False, "Remove everything", name="all")
    kinds: tuple[str, ...] = option((), "Only results of this kind (repeatable)", name="kind")
    dry_run: bool = option(False, "Only show what would be removed")

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.everything or self.older_than is not None or self.max_size is not None,
            "nothing says what to remove: give --older-than DAYS, --max-size MB or --all",
        )


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """The entries that were removed, or would be."""

    entries: int
    """Number of entries considered."""
    removed: tuple[Entry, ...]
    spared: tuple[Entry, ...]
    """Entries kept because a running process may use them."""

    @property
    def size(self) -> int:
        """Bytes removed."""
        return sum(entry.size for entry in self.removed)


def prune(root: Path, options: PruneOptions) -> Pruned:
    """Remove entries from the cache.

    Raises
    ------
    InputError
        The cache holds no results of a given kind.
    OSError
        An entry cannot be removed.
    """
    found = entries(root)
    known = sorted({entry.kind for entry in found})
    for kind in options.kinds:
        require(kind in known, f"--kind {kind}: the cache has {', '.join(known) or 'nothing'}")
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
    """Return size and last use by kind of entry, sorted by name."""
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
    """Return all entries of the cache, the least recently used first."""
    found = [entry for kind in _folders(root) for path in _folders(kind) if (entry := _entry(path))]
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def older_than(found: list[Entry], moment: float) -> list[Entry]:
    """Return the entries not used since ``moment``."""
    return [entry for entry in found if entry.used < moment]


def beyond_size(found: list[Entry], size: int) -> list[Entry]:
    """Return the least recently used entries to remove so that the rest has at most ``size`` bytes."""
    excess = sum(entry.size for entry in found) - size
    chosen = []
    for entry in found:
        if excess <= 0:
            break
        chosen.append(entry)
        excess -= entry.size
    return chosen


def remove(root: Path, chosen: list[Entry], progress: Callable[[int], None] = lambda done: None) -> list[Entry]:
    """Remove entries; return those kept because a running process may use them.

    An entry is renamed before it is deleted, so that no process finds a part of one.

    Raises
    ------
    OSError
        An entry cannot be removed.
    """
    kept = []
    for number, entry in enumerate(chosen):
        if not _remove(entry, used_since(root)):
            kept.append(entry)
        progress(number + 1)
    return kept


def _remove(entry: Entry, spared: float) -> bool:
    """Remove an entry unless it was used since ``spared``; return whether it is gone."""
    doomed = entry.path.with_name(f"{entry.path.name}.pruned{os.getpid()}")
    if entry.used >= spared:
        return False
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        entry.path.rename(doomed)
        if _last_use(doomed) > entry.used:
            doomed.rename(entry.path)
            return False
        shutil.rmtree(doomed)
    return True


def _folders(folder: Path) -> Iterator[Path]:
    """Yield the folders in a folder, except hidden ones."""
    with contextlib.suppress(FileNotFoundError):
        yield from (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))


def _entry(path: Path) -> Entry | None:
    """Return the entry at a path; ``None`` if it disappears meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        size = sum(file.lstat().st_size for file in path.rglob("*") if file.is_file())
        return Entry(path=path, kind=path.parent.name, size=size, used=_last_use(path))
    return None


def _last_use(path: Path) -> float:
    """Return when a complete entry was last found, or an incomplete one last written to."""
    seal = path / SEAL
    return seal.stat().st_mtime if seal.is_file() else path.stat().st_mtime
