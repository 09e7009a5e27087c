"""A folder of generated files: written whole, and put in the place of an earlier one without losing anything.

The new folder is written beside the old one under a hidden name; the old one moves aside to ``.NAME.old``, the new one
takes its name, and only then the old one is removed. Killed at any moment, this leaves the old folder, the new one or
both, and the next call finds and names what is left.

A folder is replaced only if nothing in it is anybody's work but ours: its manifest is as we wrote it, and its files are
those that the manifest lists, with their digests.
"""

import hashlib
import json
import logging
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tospike.gen.files.output import NAME_MAX, to_json
from tospike.hw.params import InputError, require

_log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
SCRATCH = ("netlist.json", "sim_build", "verify")
"""What synthesis and simulations leave in a design; it is removed with it."""
_SEAL = "sha256"
"""Of the manifest's text without this entry, its last."""


def digest(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_folder(out: Path, files: Mapping[str, str], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``files`` and their manifest as the folder ``out``, whole or not at all.

    Parameters
    ----------
    out
        The folder, or a link to it. Missing folders above it are made.
    files
        Contents by name; ``a/b`` is a file in the sub-folder ``a``.
    manifest
        What else the manifest says.

    Returns
    -------
    dict
        The manifest as it was written: with ``files`` (name to SHA-256), ``scratch`` and its own digest.

    Raises
    ------
    InputError
        As `check_replaceable`; or the disk says no.
    """
    whole = {
        **manifest,
        "files": {name: digest(text.encode()) for name, text in sorted(files.items())},
        "scratch": list(SCRATCH),
    }
    whole[_SEAL] = digest(to_json(whole).encode())
    try:
        target = _target(out)
        target.parent.mkdir(parents=True, exist_ok=True)
        _repair(target)
        check_replaceable(out)
        work = _beside(target, f".{secrets.token_hex(4)}.new")
        work.mkdir()
        try:
            for name, text in {**files, MANIFEST: to_json(whole)}.items():
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).write_text(text, encoding="utf-8")
            _exchange(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None
    return whole


def check_replaceable(out: Path) -> None:
    """Refuse early what `write_folder` would refuse after the work.

    Raises
    ------
    InputError
        ``out`` holds something that we did not write, or that was edited, or it is a folder that cannot be exchanged.
    """
    target = _target(out)
    try:
        require(not target.exists() or target.is_dir(), f"{out} is a file: choose another --out")
        problem = next(_strange(target), None) if target.exists() else None
        require(problem is None, f"{problem}: choose another --out, or move it away")
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None


def old_folder(path: Path) -> Path | None:
    """Where a run that was killed left the earlier folder ``path``, if it did and there is no new one."""
    if path.exists():
        return None
    old = _beside(Path(os.path.realpath(path)), ".old")
    return old if old.is_dir() else None


def _target(out: Path) -> Path:
    """Return what ``out`` links to, if that can be exchanged."""
    target = Path(os.path.realpath(out))
    require(not target.is_symlink(), f"{out} is a symbolic link to itself: choose another --out")
    require(
        not Path.cwd().is_relative_to(target),
        f"{out} is the current folder, or above it, and cannot be replaced: give --out another name",
    )
    return target


def _beside(target: Path, suffix: str) -> Path:
    """Return a hidden name next to ``target``, no longer than names may be."""
    name = f".{target.name}{suffix}"
    short = f".{digest(os.fsencode(target.name))[:16]}{suffix}"
    return target.with_name(name if len(os.fsencode(name)) <= NAME_MAX else short)


def _repair(target: Path) -> None:
    """End what a run began that was killed, and tell of what may still be going on."""
    old = _beside(target, ".old")
    if os.path.lexists(old):
        if not os.path.lexists(target):
            old.rename(target)
            _log.warning("%s: an earlier run was killed; %s is %s again", target, old.name, target.name)
        else:
            problem = next(_strange(old, whole=False), None)
            require(problem is None, f"{old} was left by a run that was killed, and {problem}: move it away")
            _remove(old)
    pattern = _beside(target, "").name
    for left in sorted(target.parent.iterdir()):
        if left.name.startswith(f"{pattern}.") and left.name.endswith(".new"):
            _log.warning("%s belongs to another run: remove it if none is going on", left)


def _exchange(work: Path, target: Path) -> None:
    """Give ``work`` the name ``target``."""
    if not target.is_dir():
        work.rename(target)
        return
    old = _beside(target, ".old")
    work.chmod(stat.S_IMODE(target.stat().st_mode))
    target.rename(old)
    try:
        work.rename(target)
    except BaseException:
        if not target.exists():
            old.rename(target)
        raise
    _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, the manifest last: what is left, should this be killed, can be told to be ours."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MANIFEST:
            entry.unlink()
    (folder / MANIFEST).unlink(missing_ok=True)
    folder.rmdir()


def _strange(folder: Path, *, whole: bool = True) -> Iterator[str]:
    """Return what in a folder that is not empty is not as we wrote it. Unless ``whole``, files may be missing."""
    path = folder / MANIFEST
    if not any(folder.iterdir()):
        return
    if path.is_symlink() or not path.is_file():
        yield f"{folder} exists and is not a generated design"
        return
    manifest = _read(path)
    if manifest is None:
        yield f"{path} is not a manifest that tospike wrote"
        return
    sealed = {name: value for name, value in manifest.items() if name != _SEAL}
    if digest(to_json(sealed).encode()) != manifest.get(_SEAL):
        yield f"{path} was edited"
    files: dict[str, str] = manifest["files"]
    scratch = {name for name in manifest.get("scratch", ()) if name in SCRATCH}
    parents = {parent.as_posix() for name in files for parent in Path(name).parents}
    seen = {MANIFEST}
    for entry in _walk(folder, skip=scratch):
        name = entry.relative_to(folder).as_posix()
        mode = entry.lstat().st_mode
        if name == MANIFEST or (stat.S_ISDIR(mode) and name in parents):
            continue
        if not stat.S_ISREG(mode) or name not in files:
            yield f"{entry} is not tospike's"
        elif digest(entry.read_bytes()) != files[name]:
            yield f"{entry} was edited (its SHA-256 differs)"
        seen.add(name)
    if whole and (missing := sorted(files.keys() - seen)):
        yield f"{folder / missing[0]}, which is listed in {path}, is missing"


def _walk(folder: Path, skip: set[str]) -> Iterator[Path]:
    """Return all that is in a folder and below, links not followed, without what ``skip`` names at its top."""
    for entry in sorted(folder.iterdir()):
        is_folder = entry.is_dir() and not entry.is_symlink()
        if entry.name in skip and not entry.is_symlink():
            continue
        yield entry
        if is_folder:
            yield from _walk(entry, skip=set())


def _read(path: Path) -> dict[str, Any] | None:
    """Return the manifest, if it looks like one of ours."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    ours = (
        isinstance(manifest, dict)
        and all(isinstance(manifest.get(name), str) for name in ("tospike", "kind"))
        and isinstance(manifest.get("files"), dict)
        and isinstance(manifest.get("scratch", []), list)
        and all(isinstance(value, str) for value in manifest["files"].values())
    )
    return manifest if ours else None
