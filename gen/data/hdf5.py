"""Check an HDF5 file's sizes, links and depth before its data are read."""

import math
from pathlib import Path

import h5py

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import GRAPH_DEPTH, GRAPH_OBJECTS, MODEL_BYTES


def check_hdf5(path: Path) -> None:
    """Check that a file can be read in bounded time and memory, without other files.

    Raises
    ------
    InputError
        It cannot. Errors of h5py pass through.
    """
    with h5py.File(path, "r") as file:
        _Check().group(file, 0)


class _Check:
    """Checks objects recursively, and counts them."""

    def __init__(self) -> None:
        self.objects = 0
        self.texts = 0
        self.size = 0
        self.groups: set[object] = set()

    def group(self, group: h5py.Group, depth: int) -> None:
        require(depth <= GRAPH_DEPTH, f"{group.name[:80]!r} is nested more than {GRAPH_DEPTH} groups deep")
        info = h5py.h5o.get_info(group.id)
        where = info.fileno, info.addr
        require(where not in self.groups, f"{group.name[:80]!r} is a group that is linked twice")
        self.groups.add(where)
        for name in group:
            self.objects += 1
            require(self.objects <= GRAPH_OBJECTS, f"it holds more than {GRAPH_OBJECTS} groups and data sets")
            link = group.get(name, getlink=True)
            shown = f"{group.name}/{name}".replace("//", "/")[:80]
            require(isinstance(link, h5py.HardLink), f"{shown!r} is a {type(link).__name__}: store its target")
            found = group[name]
            if isinstance(found, h5py.Group):
                self.group(found, depth + 1)
            elif isinstance(found, h5py.Dataset):
                self.data(found, shown)
            else:
                raise InputError(f"{shown!r} is neither a group nor a dataset")

    def data(self, data: h5py.Dataset, shown: str) -> None:
        require(not data.is_virtual and not data.external, f"{shown!r} is stored in other files: store it in this one")
        require(data.shape is not None, f"{shown!r} is empty")
        text = h5py.check_string_dtype(data.dtype)
        numbers = data.dtype.kind in "iufbc"
        require(numbers or text is not None, f"{shown!r} holds {data.dtype}: store numbers or texts")
        chunk = math.prod(data.chunks) if data.chunks else 0
        self.size += max(math.prod(data.shape), chunk) * data.dtype.itemsize
        require(self.size <= MODEL_BYTES, f"its data up to {shown!r} have {self.size} bytes: at most {MODEL_BYTES}")
        if text is not None and text.length is None:  # each may be as long as the file
            self.texts += data.size
            require(self.texts <= GRAPH_OBJECTS, f"it holds more than {GRAPH_OBJECTS} texts")
            for index in range(data.size):
                self.size += len(_text(data, index))
                require(self.size <= MODEL_BYTES, f"the texts of {shown!r} are longer than {MODEL_BYTES} bytes")


def _text(data: h5py.Dataset, index: int) -> bytes:
    """Return the text at a flat index, with the last axis fastest."""
    place = []
    for size in reversed(data.shape):
        place.append(index % size)
        index //= size
    return bytes(data[tuple(reversed(place))])
