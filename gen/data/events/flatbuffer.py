"""Read tables of FlatBuffers, bounds checked.

Source: https://flatbuffers.dev/internals. A buffer begins with the offset of its root table, then four letters that
identify it. A table begins with the signed distance back to its vtable; the vtable has its own size, the table's size,
and for each field the offset in the table (0: absent), 16 bits each. Vectors and strings are referred to by an offset
from where it is stored, and begin with their length. All is little-endian.
"""

import struct

import numpy as np
from numpy.typing import NDArray


class DamagedError(Exception):
    """A buffer refers to something outside itself."""


class Table:
    """A table in a buffer."""

    def __init__(self, data: bytes | memoryview, at: int) -> None:
        self._data = data
        self._at = at
        self._vtable = at - self._number("<i", at)
        self._vtable_size = self._number("<H", self._vtable)

    @classmethod
    def root(cls, data: bytes | memoryview, identifier: bytes) -> "Table":
        """Return the root of a buffer with these four letters.

        Raises
        ------
        DamagedError
            It has others, or is too short.
        """
        if bytes(data[4:8]) != identifier:
            raise DamagedError(f"{identifier.decode()} is expected, not {bytes(data[4:8])!r}")
        return cls(data, int.from_bytes(data[:4], "little"))

    def integer(self, field: int, kind: str, default: int) -> int:
        """Return a number; ``kind`` is its format for `struct`."""
        at = self._field(field)
        return default if at is None else self._number(f"<{kind}", at)

    def text(self, field: int) -> str:
        """Return a string; empty: absent."""
        return self.vector(field, np.dtype(np.uint8)).tobytes().decode(errors="replace")

    def vector(self, field: int, dtype: np.dtype) -> NDArray:
        """Return a vector of numbers or structures.

        Raises
        ------
        DamagedError
            It reaches beyond the buffer.
        """
        at = self._field(field)
        if at is None:
            return np.zeros(0, dtype)
        at += self._number("<I", at)
        length = self._number("<I", at)
        if at + 4 + length * dtype.itemsize > len(self._data):
            raise DamagedError(f"a vector of {length} elements at byte {at} reaches beyond the buffer")
        return np.frombuffer(self._data, dtype, length, at + 4)

    def _field(self, field: int) -> int | None:
        place = 4 + 2 * field
        if place + 2 > self._vtable_size:
            return None
        offset = self._number("<H", self._vtable + place)
        return self._at + offset if offset else None

    def _number(self, kind: str, at: int) -> int:
        if at < 0:
            raise DamagedError(f"an offset refers to byte {at}")
        try:
            return int(struct.unpack_from(kind, self._data, at)[0])
        except struct.error:
            raise DamagedError(f"an offset refers to byte {at} of {len(self._data)}") from None
