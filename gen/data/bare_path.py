"""What kind of data a path leads to: told by the contents, never by its name."""

from pathlib import Path

import h5py

from tospike.gen.data.events.formats import NAMES, format_of, read_head
from tospike.gen.data.fsdd import is_fsdd
from tospike.gen.data.image_folder import SUFFIXES
from tospike.gen.data.recordings.labels import CSV
from tospike.gen.data.recordings.shd import MAGIC
from tospike.hw.params import InputError

_ZIP = b"PK\x03\x04"
_LOOKED_AT = 64
"""Files of a folder that are looked at."""


def kind_of(path: Path) -> str:
    """Return the name before the colon of a SPEC that has this path behind it.

    Raises
    ------
    InputError
        It leads to nothing that tospike reads.
    """
    if path.is_dir():
        return _kind_of_folder(path)
    head = read_head(path)
    if head.data.startswith(_ZIP):
        return "npz"
    if head.data.startswith(MAGIC) and h5py.is_hdf5(path):
        return "shd"
    if format_of(head) is not None:
        return "events"
    raise InputError(
        f"{path} is none of the data that tospike reads, it begins with {head.data[:8].hex(' ') or 'nothing'}: give an "
        f"npz file, an HDF5 file of spikes, or a recording ({NAMES})"
    )


def _kind_of_folder(folder: Path) -> str:
    if any(folder.glob("*-ubyte*")):
        return "mnist"
    if is_fsdd(folder):
        return "fsdd"
    if (folder / CSV).is_file():
        return "events"
    inside = [file for depth in ("*/*", "*/*/*") for file in _some(folder, depth)]
    if any(file.suffix.lower() in SUFFIXES for file in inside):
        return "images"
    if any(format_of(read_head(file)) is not None for file in inside):
        return "events"
    raise InputError(
        f"{folder} holds no data that tospike reads: give a folder of idx files, of FSDD, or with a folder for each "
        f"class, of images or of recordings ({NAMES})"
    )


def _some(folder: Path, pattern: str) -> list[Path]:
    found = []
    for path in folder.glob(pattern):
        if path.is_file() and not path.name.startswith("."):
            found.append(path)
            if len(found) == _LOOKED_AT:
                break
    return found
