"""A folder of results, each addressed by the digest of everything that it depends on.

So a second run of anything is free, and an entry never goes stale: when an input changes, so does its address.
An entry appears under its name only when it is complete, and carries the digests of its files: one that was
damaged is noticed and made again.
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
from tospike.hw.params import InputError, option

SEAL = "entry.json"
"""The file of an entry that holds the SHA-256 of each of its other files."""


def default_root() -> Path:
    """Return ``$TOSPIKE_CACHE``, else ``$XDG_CACHE_HOME/tospike``, else ``~/.cache/tospike``."""
    if chosen := os.environ.get("TOSPIKE_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "tospike"


def digest(inputs: Mapping[str, str | bytes | int | float | bool | None]) -> str:
    """Return SHA-256 of named inputs, whatever their order; each is told apart from all others by its length and
    type."""
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

    With ``reuse`` false nothing that is stored is believed: each result is made again and replaces what is there.
    """

    root: Path = field(default_factory=default_root)
    reuse: bool = True

    def build(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of the entry ``key``; if there is none that is sound, ``make`` fills a new one.

        ``make`` gets an empty folder and writes files into it. If it fails, the folder is kept as
        ``<key>.failed``, for its logs, until the next try; if it is interrupted, nothing is kept.

        Raises
        ------
        InputError
            The folder cannot be written.
        """
        if found := self.find(kind, key):
            return found
        try:
            return self._make(self.root / kind / key, make)
        except OSError as error:
            raise InputError(
                f"cannot write to the cache {self.root}: {error.strerror or error}; make room there, or set "
                "TOSPIKE_CACHE to another folder"
            ) from None

    def find(self, kind: str, key: str) -> Path | None:
        """Return the folder of the entry ``key`` if there is one that is sound, and may be believed."""
        entry = self.root / kind / key
        if not self.reuse:
            return None
        register(self.root)
        with contextlib.suppress(OSError):  # not there, or not ours to write
            os.utime(entry / SEAL)
        return entry if is_sound(entry) else None

    def _make(self, final: Path, make: Callable[[Path], None]) -> Path:
        register(self.root)
        final.parent.mkdir(parents=True, exist_ok=True)
        failed = final.with_name(final.name + ".failed")
        shutil.rmtree(failed, ignore_errors=True)
        # beside the entry, unless that is a path which make cannot work in
        place = final.parent if is_plain(final.parent.resolve()) else plain_folder()
        with ExitStack() as folders:
            work = folders.enter_context(temporary_folder(place, prefix=f"{final.name}."))
            try:
                make(work)
                _seal(work)
                if work.parent != final.parent:  # brought to its file system, so that it can be renamed
                    made = work
                    work = folders.enter_context(temporary_folder(final.parent, prefix=f"{final.name}."))
                    shutil.copytree(made, work, symlinks=True, dirs_exist_ok=True)
                _replace(work, final)
            except InputError as error:
                shutil.rmtree(failed, ignore_errors=True)
                shutil.move(work, failed)
                raise type(error)(str(error).replace(str(work), str(failed))) from None
        return final


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """Whether earlier results are used."""

    no_cache: bool = option(False, "Ignore cached results")

    @property
    def cache(self) -> Cache:
        """The usual cache."""
        return Cache(reuse=not self.no_cache)


def is_sound(entry: Path) -> bool:
    """Return whether the folder ``entry`` is there with all of its files as they were written."""
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
    """Give ``work`` its name. Should another process have done so just now, either result will do."""
    shutil.rmtree(final, ignore_errors=True)
    try:
        work.rename(final)
    except OSError:
        if not is_sound(final):
            raise


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
