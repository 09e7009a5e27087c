"""Write a folder of generated files as a whole, and replace an earlier one without losing anything.

The new folder is written beside the old one under a hidden name; the old one is renamed to ``.NAME.old``, the new one
takes its name, and only then is the old one removed. If the process is killed at any moment, the old folder, the new
one or both remain, and the next call finds and reports them.

A folder is replaced only if it contains nothing but what tospike wrote: its manifest is unchanged, and its files are
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
"""Outputs of synthesis and simulation in a design; they are removed with it."""
_SEAL = "sha256"
"""The manifest's last entry: the digest of its text without this entry."""


def digest(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_folder(out: Path, files: Mapping[str, str], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``files`` and their manifest as the folder ``out``, whole or not at all.

    Parameters
    ----------
    out
        The folder, or a link to it. Missing parent folders are created.
    files
        Contents by name; ``a/b`` is a file in the sub-folder ``a``.
    manifest
        The other entries of the manifest.

    Returns
    -------
    dict
        The manifest as written, with ``files`` (name to SHA-256), ``scratch`` and its own digest.

    Raises
    ------
    InputError
        As in `check_replaceable`, or writing fails.
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
    """Refuse, before any work is done, a folder that `write_folder` would refuse.

    Raises
    ------
    InputError
        ``out`` contains something that tospike did not write or that was edited, or it cannot be replaced.
    """
    target = _target(out)
    try:
        require(not target.exists() or target.is_dir(), f"{out} is a file: choose another --out")
        problem = next(_strange(target), None) if target.exists() else None
        require(problem is None, f"{problem}: choose another --out, or move it away")
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from None


def old_folder(path: Path) -> Path | None:
    """Return where a killed run left the earlier folder ``path``, if there is no new one."""
    if path.exists():
        return None
    old = _beside(Path(os.path.realpath(path)), ".old")
    return old if old.is_dir() else None


def _target(out: Path) -> Path:
    """Return the folder that ``out`` names or links to, if it can be replaced."""
    target = Path(os.path.realpath(out))
    require(not target.is_symlink(), f"{out} is a symbolic link to itself: choose another --out")
    require(
        not Path.cwd().is_relative_to(target),
        f"{out} is the current folder, or contains it, and cannot be replaced: choose another --out",
    )
    return target


def _beside(target: Path, suffix: str) -> Path:
    """Return a hidden name beside ``target``, within the limit on file names."""
    name = f".{target.name}{suffix}"
    short = f".{digest(os.fsencode(target.name))[:16]}{suffix}"
    return target.with_name(name if len(os.fsencode(name)) <= NAME_MAX else short)


def _repair(target: Path) -> None:
    """Finish what a killed run began, and report runs that may still be active."""
    old = _beside(target, ".old")
    if os.path.lexists(old):
        if not os.path.lexists(target):
            old.rename(target)
            _log.warning("%s: an earlier run was killed; %s was renamed back to %s", target, old.name, target.name)
        else:
            problem = next(_strange(old, whole=False), None)
            require(problem is None, f"a killed run left {old}, and {problem}: move it away")
            _remove(old)
    pattern = _beside(target, "").name
    for left in sorted(target.parent.iterdir()):
        if left.name.startswith(f"{pattern}.") and left.name.endswith(".new"):
            _log.warning("%s belongs to another run: remove it if no other run is active", left)


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
    """Remove a folder that tospike wrote, the manifest last, so that a partly removed folder is still recognisable."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MANIFEST:
            entry.unlink()
    (folder / MANIFEST).unlink(missing_ok=True)
    folder.rmdir()


def _strange(folder: Path, *, whole: bool = True) -> Iterator[str]:
    """Yield each way in which a non-empty folder differs from what tospike wrote. Unless ``whole``, files may be
    missing."""
    path = folder / MANIFEST
    if not any(folder.iterdir()):
        return
    if path.is_symlink() or not path.is_file():
        yield f"{folder} exists and is not a generated design"
        return
    manifest = _read(path)
    if manifest is None:
        yield f"{path} is not a manifest of tospike"
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
            yield f"{entry} was not written by tospike"
        elif digest(entry.read_bytes()) != files[name]:
            yield f"{entry} was edited (its SHA-256 differs)"
        seen.add(name)
    if whole and (missing := sorted(files.keys() - seen)):
        yield f"{folder / missing[0]}, which is listed in {path}, is missing"


def _walk(folder: Path, skip: set[str]) -> Iterator[Path]:
    """Yield everything in and below a folder, without following links or entering ``skip`` at its top."""
    for entry in sorted(folder.iterdir()):
        is_folder = entry.is_dir() and not entry.is_symlink()
        if entry.name in skip and not entry.is_symlink():
            continue
        yield entry
        if is_folder:
            yield from _walk(entry, skip=set())


def _read(path: Path) -> dict[str, Any] | None:
    """Return the manifest, if it has the structure of one that tospike writes."""
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
