"""Paths for programs that do not accept every path: GNU make splits at spaces, and so do Verilator's makefiles.

A user's home or checkout may be in a folder called ``New Folder (2)``. Such a program gets a link in a temporary folder
of this process instead, and builds in such a folder.
"""

import functools
import re
import tempfile
from pathlib import Path

from tospike.gen.tools.children import lasting_folder
from tospike.hw.params import InputError

_PLAIN = re.compile(r"[\w./+@,-]*")
"""Letters of any script, digits, and characters without a meaning in make or a shell."""


def is_plain(path: Path) -> bool:
    """Return whether make and a shell accept the path as it is."""
    return _PLAIN.fullmatch(str(path)) is not None


def plain(path: Path) -> Path:
    """Return ``path`` if it is plain, else a link to it with a plain path that lasts until this process ends.

    Raises
    ------
    InputError
        There is no folder for such a link.
    """
    return path if is_plain(path) else _link(path)


def plain_folder() -> Path:
    """Return the temporary folder, or one of the system's if its path is not plain.

    Raises
    ------
    InputError
        There is no folder with a plain path.
    """
    for folder in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):
        if is_plain(folder) and folder.is_dir():
            return folder
    raise InputError(f"make cannot work in {tempfile.gettempdir()}: set TMPDIR to a folder without spaces in its path")


def folder_of_this_process() -> Path:
    """Return a new folder with a plain path that lasts until this process ends."""
    return lasting_folder(plain_folder())


@functools.cache
def _link(path: Path) -> Path:
    link = folder_of_this_process() / (path.name if is_plain(Path(path.name)) else "link")
    link.symlink_to(path)
    return link
