"""Output files: a regular one is written whole or not at all, anything else (a device, a pipe) is written to."""

import json
import os
import re
import secrets
import signal
import stat
import sys
from pathlib import Path
from typing import Any, NoReturn

from tospike.hw.params import InputError

NAME_MAX = 255
"""Bytes of a file's name, at most."""
STDOUT = Path("-")
"""The name that stands for standard output."""


def to_json(value: Any) -> str:
    """Return ``value`` as JSON: readable, in the given order, with a newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    r"""`write_bytes` of ``text`` in UTF-8; a byte of a file's name that is none becomes ``\udcXX``, as JSON has it."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file; a reader sees the old one or the new one, never half of it.

    What is no regular file is written to; a link stays, and what it points to is written; an earlier file's mode stays.

    Raises
    ------
    InputError
        It cannot be written; what was there before is then untouched.
    SystemExit
        Nobody reads it, see `nobody_reads`.
    """
    try:
        number = _descriptor(path)
        target = Path(os.path.realpath(path))
        if number is not None:
            sys.stdout.flush()
            with os.fdopen(os.dup(number), "wb") as stream:
                stream.write(data)
        elif target.exists() and not target.is_file():
            with os.fdopen(os.open(target, os.O_WRONLY), "wb") as stream:
                stream.write(data)
        else:
            _replace(target, data)
    except BrokenPipeError:
        nobody_reads()
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def nobody_reads() -> NoReturn:
    """End quietly, as Unix tools do when the reader of their output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or what is left in buffers would fail once more
    raise SystemExit(128 + signal.SIGPIPE)


def is_stdout(path: Path) -> bool:
    """Return whether this is standard output, under any of its names."""
    return _descriptor(path) == 1


def check_writable(path: Path) -> None:
    """Refuse early what `write_bytes` would refuse after the work.

    Raises
    ------
    InputError
        As far as one can tell without writing.
    """
    try:
        number = _descriptor(path)
        if number is not None:
            os.fstat(number)
            return
        target = Path(os.path.realpath(path))
        if target.is_dir() or not target.parent.is_dir():
            raise InputError(f"cannot write {path}: it is a folder, or its folder does not exist")
        exists = target.exists()  # or says that the name is too long
        if not os.access(target if exists else target.parent, os.W_OK) or (
            not (exists and not target.is_file()) and not os.access(target.parent, os.W_OK | os.X_OK)
        ):
            raise InputError(f"cannot write {path}: it, or its folder, is read-only")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file that a name stands for, links followed: opened again it would be cut to
    nothing."""
    if path == STDOUT:
        return 1
    link = path.absolute()
    for _ in range(40):
        if match := re.fullmatch(r"/(?:dev|proc/self)/fd/(\d+)", os.path.normpath(link)):
            return int(match[1])
        if not link.is_symlink():
            break
        link = link.parent / link.readlink()
    return None


def _replace(target: Path, data: bytes) -> None:
    mode = None
    if target.exists():
        mode = stat.S_IMODE(target.stat().st_mode)
        if not os.access(target, os.W_OK):
            raise PermissionError(0, "it is read-only")
    temporary = target.with_name(f".tospike-{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if mode is not None:
                os.fchmod(handle, mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
