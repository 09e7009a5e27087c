"""A folder of results, each addressed by the digest of everything that it depends on.

So a second run is free, and an entry never goes stale: when an input changes, so does the address. An entry appears
under its name only when it is complete, and contains the digests of its files: a damaged entry is detected and rebuilt.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tospike.gen.files.plain_path import is_plain, plain_folder
from tospike.gen.tools.cache_use import register
from tospike.gen.tools.children import temporary_folder
from tospike.gen.tools.lock import locked
from tospike.hw.params import InputError, option

SEAL = "entry.json"
"""The file of an entry that holds the SHA-256 of each of its other files."""


def default_root() -> Path:
    """Return ``$TOSPIKE_CACHE``, else ``$XDG_CACHE_HOME/tospike``, else ``~/.cache/tospike``."""
    if chosen := os.environ.get("TOSPIKE_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "tospike"


def digest(inputs: Mapping[str, str | bytes | int | float | bool | None]) -> str:
    """Return the SHA-256 of named inputs, in any order; lengths and types are included, so that no two inputs are
    confused."""
    state = hashlib.sha256()
    for name in sorted(inputs):
        value = inputs[name]
        data = value if isinstance(value, bytes) else repr(value).encode()
        state.update(f"{name!r} {type(value).__name__} {len(data)}\n".encode())
        state.update(data)
    return state.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The folder ``root``, one sub-folder per kind of result.

    With ``reuse`` false, stored results are ignored: each result is rebuilt and replaces the stored one.
    """

    root: Path = field(default_factory=default_root)
    reuse: bool = True

    def build(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of the entry ``key``; if there is no intact one, ``make`` fills a new one.

        ``make`` gets an empty folder and writes files into it. If it fails, the folder is kept as
        ``<key>.failed``, for its logs, until the next attempt; if it is interrupted, nothing is kept.

        Raises
        ------
        InputError
            The folder cannot be written.
        """
        if found := self.find(kind, key):
            return found
        try:
            with locked(self.root / kind / f"{key}.lock"):
                # another process or thread may have just made it
                return self.find(kind, key) or self._make(self.root / kind / key, make)
        except OSError as error:
            raise InputError(
                f"cannot write to the cache {self.root}: {error.strerror or error}; free space there, or set "
                "TOSPIKE_CACHE to another folder"
            ) from None

    def find(self, kind: str, key: str) -> Path | None:
        """Return the folder of the entry ``key`` if there is an intact one, and ``reuse`` allows it."""
        entry = self.root / kind / key
        if not self.reuse:
            return None
        register(self.root)
        with contextlib.suppress(OSError):  # missing, or not writable
            os.utime(entry / SEAL)
        return entry if is_sound(entry) else None

    def _make(self, final: Path, make: Callable[[Path], None]) -> Path:
        register(self.root)
        final.parent.mkdir(parents=True, exist_ok=True)
        failed = final.with_name(final.name + ".failed")
        shutil.rmtree(failed, ignore_errors=True)
        # beside the entry, unless make cannot work in such a path
        place = final.parent if is_plain(final.parent.resolve()) else plain_folder()
        with ExitStack() as folders:
            work = folders.enter_context(temporary_folder(place, prefix=f"{final.name}."))
            try:
                make(work)
                _seal(work)
                if work.parent != final.parent:  # copy it to the same file system, so that it can be renamed
                    built = work
                    work = folders.enter_context(temporary_folder(final.parent, prefix=f"{final.name}."))
                    shutil.copytree(built, work, symlinks=True, dirs_exist_ok=True)
                _replace(work, final)
            except InputError as error:
                shutil.rmtree(failed, ignore_errors=True)
                shutil.move(work, failed)
                raise type(error)(str(error).replace(str(work), str(failed))) from None
        return final


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """Whether to use cached results."""

    no_cache: bool = option(False, "Ignore cached results")

    @property
    def cache(self) -> Cache:
        """The cache in its default folder."""
        return Cache(reuse=not self.no_cache)


def is_sound(entry: Path) -> bool:
    """Return whether the folder ``entry`` exists with all of its files unchanged."""
    try:
        sealed = json.loads((entry / SEAL).read_text())
        return bool(sealed) and all(
            (entry / name).is_file() and _sha256(entry / name) == value for name, value in sealed.items()
        )
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _seal(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    seal = {path.relative_to(folder).as_posix(): _sha256(path) for path in files}
    (folder / SEAL).write_text(json.dumps(seal, indent=1))


def _replace(work: Path, final: Path) -> None:
    """Rename ``work`` to ``final``. If another process has just done so, either result is valid."""
    shutil.rmtree(final, ignore_errors=True)
    try:
        work.rename(final)
    except OSError:
        if not is_sound(final):
            raise


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
