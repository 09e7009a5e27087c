"""Files are written whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tospike.hw.params import InputError

NAME_MAX = 255
"""Bytes of a file's name, at most."""


def to_json(value: Any) -> str:
    """The one way in which we write JSON: readable, in the given order, a newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of ``text`` in UTF-8."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Writes next to ``path`` and renames: a reader sees the old file or the new one, never half of it.

    Raises
    ------
    InputError
        If the file cannot be written; what was there before is then untouched.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes files private; ours are as readable as any other file of their owner
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
