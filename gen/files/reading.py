"""The one boundary around reading a file: whatever its parser trips over is one line that names the file."""

import gzip
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import FILE_BYTES


@contextmanager
def reading(path: Path | str, kind: str, mend: str) -> Iterator[None]:
    """Around reading and validating a file, and around nothing else: a fault of ours elsewhere stays one.

    Parameters
    ----------
    path
        The file, or what stands for it in messages.
    kind
        What it should be, as in "is not a readable ...".
    mend
        The way out.

    Raises
    ------
    InputError
        For whatever was raised within, but lack of memory: what is read is bounded, see `tospike.hw.params.limits`.
    """
    try:
        yield
    except InputError as error:
        line = " ".join(str(error).splitlines())  # names in the file may hold line ends
        raise type(error)(line if str(path) in line else f"{path}: {line}") from error
    except MemoryError:
        raise
    except Exception as error:  # parsers of five libraries, each with exceptions of its own
        if isinstance(error, FileNotFoundError) and not Path(path).exists():
            raise InputError(f"there is no file {path}: give the path of the {kind}") from error
        detail = (str(error).strip().splitlines() or [""])[0]
        if isinstance(error, RecursionError):
            detail = "it is nested too deeply"
        elif isinstance(error, KeyError):
            detail = f"it lacks {detail}"
        raise InputError(f"{path} is not a readable {kind} ({detail[:200] or type(error).__name__}): {mend}") from error


def read_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    """Return a file's bytes, unpacked if it is named .gz.

    Raises
    ------
    InputError
        It is no regular file, or holds more than ``limit`` bytes; OSError if it cannot be read.
    """
    found = path.stat()
    require(stat.S_ISREG(found.st_mode), f"{path} is not a regular file: give one")
    require(found.st_size <= limit, f"{path} has {found.st_size} bytes: {limit} at most are read")
    if path.suffix != ".gz":
        return path.read_bytes()
    with gzip.open(path) as file:
        data = file.read(limit + 1)
    require(len(data) <= limit, f"{path} unpacks to more than {limit} bytes, which are not read")
    return data


def read_text(path: Path, limit: int = FILE_BYTES) -> str:
    """`read_bytes` in UTF-8."""
    return read_bytes(path, limit).decode("utf-8")
