"""The error boundary around reading a file: any failure of a parser becomes one line that names the file."""

import gzip
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import FILE_BYTES


@contextmanager
def reading(path: Path | str, kind: str, remedy: str) -> Iterator[None]:
    """Wrap the reading and validation of a file, and nothing else, so that bugs elsewhere keep their tracebacks.

    Parameters
    ----------
    path
        The file, or its name in messages.
    kind
        What it should be, as in "is not a readable ...".
    remedy
        What the user can do about it.

    Raises
    ------
    InputError
        For any exception but lack of memory: the size of what is read is bounded, see `tospike.hw.params.limits`.
    """
    try:
        yield
    except InputError as error:
        line = " ".join(str(error).splitlines())  # names in the file may contain line breaks
        raise type(error)(line if str(path) in line else f"{path}: {line}") from error
    except MemoryError:
        raise
    except Exception as error:  # the parsers of five libraries have their own exceptions
        if isinstance(error, FileNotFoundError) and not Path(path).exists():
            raise InputError(f"there is no file {path}: give the path of the {kind}") from error
        detail = (str(error).strip().splitlines() or [""])[0]
        if isinstance(error, RecursionError):
            detail = "it is nested too deeply"
        elif isinstance(error, KeyError):
            detail = f"it lacks {detail}"
        raise InputError(
            f"{path} is not a readable {kind} ({detail[:200] or type(error).__name__}): {remedy}"
        ) from error


def read_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    """Return a file's bytes, decompressed if its name ends in .gz.

    Raises
    ------
    InputError
        It is not a regular file, or has more than ``limit`` bytes.
    OSError
        It cannot be read.
    """
    found = path.stat()
    require(stat.S_ISREG(found.st_mode), f"{path} is not a regular file: give one")
    require(found.st_size <= limit, f"{path} has {found.st_size} bytes: at most {limit} are supported")
    if path.suffix != ".gz":
        return path.read_bytes()
    with gzip.open(path) as file:
        data = file.read(limit + 1)
    require(len(data) <= limit, f"{path} decompresses to more than {limit} bytes: at most {limit} are supported")
    return data


def read_text(path: Path, limit: int = FILE_BYTES) -> str:
    """Return `read_bytes`, decoded as UTF-8."""
    return read_bytes(path, limit).decode("utf-8")
