"""Paths for programs that cannot take every path: GNU make splits at blanks, and so do Verilator's makefiles.

A person's home or checkout may lie in a folder called ``Neuer Ordner (2)``. What such a program must see gets a link in
a temporary folder of this process; what it builds is built in such a folder.
"""

import functools
import re
import tempfile
from pathlib import Path

from tospike.gen.tools.children import lasting_folder
from tospike.hw.params import InputError

_PLAIN = re.compile(r"[\w./+@,-]*")
"""Letters of any script, digits, and signs that mean nothing to make or a shell."""


def is_plain(path: Path) -> bool:
    """Return whether make and a shell take the path as it is."""
    return _PLAIN.fullmatch(str(path)) is not None


def plain(path: Path) -> Path:
    """Return ``path`` if every program takes it, else a link to it that does, until this process ends.

    Raises
    ------
    InputError
        There is no temporary folder for such a link.
    """
    return path if is_plain(path) else _link(path)


def plain_folder() -> Path:
    """Return the temporary folder, or where that has no plain path one of the system's.

    Raises
    ------
    InputError
        There is none.
    """
    for folder in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):
        if is_plain(folder) and folder.is_dir():
            return folder
    raise InputError(f"make cannot work in {tempfile.gettempdir()}: set TMPDIR to a folder without blanks in its path")


def folder_of_this_process() -> Path:
    """Return a new folder with a plain path, until this process ends."""
    return lasting_folder(plain_folder())


@functools.cache
def _link(path: Path) -> Path:
    link = folder_of_this_process() / (path.name if is_plain(Path(path.name)) else "link")
    link.symlink_to(path)
    return link
