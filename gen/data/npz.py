"""Read the arrays of npz files, with their headers checked before anything is decompressed."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import ARRAYS, DATA_BYTES

NPZ = "npz file of plain arrays"
"""Name of such a file in messages."""


def read_npz(path: Path, limit: int = DATA_BYTES) -> dict[str, NDArray[Any]]:
    """Return all arrays by name.

    Raises
    ------
    InputError
        Its headers state more than ``limit`` bytes, or arrays of objects. Other errors of zipfile and NumPy pass
        through: `tospike.gen.files.reading` converts them.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        require(len(members) <= ARRAYS, f"{path} holds {len(members)} arrays: at most {ARRAYS} are supported")
        total = 0
        for member in members:
            name, _, suffix = member.filename.rpartition(".")
            require(
                suffix == "npy" and bool(name), f"{path} holds {member.filename!r}, which is not an array: leave it out"
            )
            total += _stated_bytes(archive, member, path)
            require(total <= limit, f"{path} states arrays of {total} bytes: at most {limit} are supported")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _stated_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> int:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise InputError(f"{path}: {member.filename} has format version {version}: save it with numpy.savez")
        shape, _, kind = read(file)
    require(not kind.hasobject, f"{path}: {member.filename} holds objects: save plain arrays")
    require(all(size >= 0 for size in shape), f"{path}: {member.filename} has shape {shape}")
    size = math.prod(shape) * max(kind.itemsize, 1)
    require(size <= member.file_size, f"{path}: {member.filename} states {size} bytes but has fewer: save it again")
    return size
