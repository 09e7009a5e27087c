"""Write output files: a regular file whole or not at all; anything else (a device, a pipe) is written to in place."""

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
"""Most bytes of a file name."""
STDOUT = Path("-")
"""The name that means standard output."""


def to_json(value: Any) -> str:
    """Return ``value`` as JSON: readable, in the given order, with a newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    r"""`write_bytes` of ``text`` in UTF-8; a byte of a file name that is not UTF-8 becomes ``\udcXX``, as in JSON."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file; a reader sees the old contents or the new ones, never a mixture.

    Anything but a regular file is written to in place; a link is kept, and its target is written; an existing file
    keeps its mode.

    Raises
    ------
    InputError
        It cannot be written; an existing file is then unchanged.
    SystemExit
        The reader of a pipe has gone, see `nobody_reads`.
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
    """Exit quietly, as Unix tools do when the reader of their output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # otherwise flushing the buffers would fail again
    raise SystemExit(128 + signal.SIGPIPE)


def is_stdout(path: Path) -> bool:
    """Return whether this is standard output, under any of its names."""
    return _descriptor(path) == 1


def check_writable(path: Path) -> None:
    """Refuse, before any work is done, a path that `write_bytes` would refuse.

    Raises
    ------
    InputError
        It cannot be written, as far as can be told without writing.
    """
    try:
        number = _descriptor(path)
        if number is not None:
            os.fstat(number)
            return
        target = Path(os.path.realpath(path))
        if target.is_dir() or not target.parent.is_dir():
            raise InputError(f"cannot write {path}: it is a folder, or its folder does not exist")
        exists = target.exists()  # raises if the name is too long
        if not os.access(target if exists else target.parent, os.W_OK) or (
            not (exists and not target.is_file()) and not os.access(target.parent, os.W_OK | os.X_OK)
        ):
            raise InputError(f"cannot write {path}: it, or its folder, is read-only")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _descriptor(path: Path) -> int | None:
    """Return the descriptor of the open file that a path names, following links: opening it again would truncate
    it."""
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
