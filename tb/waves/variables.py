"""The variables of a waveform: its hierarchy alone, from VCD or FST."""

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import lz4.block

from tospike.hw.params import InputError


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A signal of a waveform."""

    scope: tuple[str, ...]
    name: str
    width: int

    @property
    def plain(self) -> str:
        """Name without the backslash that Icarus keeps of Verilog's escaped names."""
        return self.name.removeprefix("\\")

    @property
    def path(self) -> str:
        """Scopes and name, as Surfer writes it."""
        return ".".join((*self.scope, self.name))

    @property
    def with_range(self) -> str:
        """Scopes and name, as GTKWave writes it: with the range of bits."""
        return self.path if self.width == 1 else f"{self.path}[{self.width - 1}:0]"


def read_variables(path: Path) -> list[Variable]:
    """Return the variables of a VCD or FST file.

    Raises
    ------
    InputError
        It is damaged, or neither.
    """
    try:
        return list((_read_fst if path.suffix == ".fst" else _read_vcd)(path))
    except (ValueError, LookupError, struct.error, OSError, EOFError, lz4.block.LZ4BlockError) as error:
        raise InputError(f"{path} is not a whole waveform: {error}") from None


def _read_vcd(path: Path) -> Iterator[Variable]:
    """Read the definitions word by word; pyvcd's reader refuses Verilator's scope ``$rootio``."""
    scope: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        words = (word for line in file for word in line.split())
        for word in words:
            if not word.startswith("$"):
                continue
            given = list(takewhile(lambda each: each != "$end", words))
            if word == "$scope":
                scope.append(given[1])
            elif word == "$upscope":
                scope.pop()
            elif word == "$var":
                yield Variable(scope=tuple(scope), name=given[3], width=int(given[1]))
            elif word == "$enddefinitions":
                return
    raise ValueError("it ends within its definitions")


# What an FST file consists of: https://github.com/gtkwave/libfst. Blocks have a kind and a length; one of them is the
# hierarchy, which is compressed.
_HIERARCHY_GZ, _HIERARCHY_LZ4, _HIERARCHY_LZ4_TWICE = 4, 6, 7
_SCOPE, _UPSCOPE, _ATTRIBUTE, _ATTRIBUTE_END = 254, 255, 252, 253
_LAST_KIND = 29
"""Kinds of variables are numbers up to this one."""


def _read_fst(path: Path) -> Iterator[Variable]:
    data, place = path.read_bytes(), 0
    while place < len(data):
        kind, length = data[place], struct.unpack_from(">Q", data, place + 1)[0]
        if kind in (_HIERARCHY_GZ, _HIERARCHY_LZ4, _HIERARCHY_LZ4_TWICE):
            yield from _variables(_hierarchy(kind, data[place + 9 : place + 1 + length]))
            return
        place += 1 + length
    raise ValueError("it has no hierarchy")


def _hierarchy(kind: int, block: bytes) -> bytes:
    size = struct.unpack_from(">Q", block)[0]
    content = block[8:]
    if kind == _HIERARCHY_LZ4_TWICE:
        inner = struct.unpack_from(">Q", content)[0]
        content = lz4.block.decompress(content[8:], uncompressed_size=inner)
    found: bytes = (
        gzip.decompress(content) if kind == _HIERARCHY_GZ else lz4.block.decompress(content, uncompressed_size=size)
    )
    if len(found) != size:
        raise ValueError(f"its hierarchy has {len(found)} bytes instead of {size}")
    return found


def _variables(data: bytes) -> Iterator[Variable]:
    """Read the records of a hierarchy: scopes, ends of scopes, attributes and variables."""
    scope: list[str] = []
    place = 0

    def text() -> str:
        nonlocal place
        end = data.index(b"\0", place)
        found, place = data[place:end].decode("utf-8", "replace"), end + 1
        return found

    def number() -> int:
        nonlocal place
        found = shift = 0
        while True:
            byte = data[place]
            place += 1
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return found

    while place < len(data):
        tag = data[place]
        place += 1
        if tag == _SCOPE:
            place += 1
            scope.append(text())
            text()  # the module's own name
        elif tag == _UPSCOPE:
            scope.pop()
        elif tag == _ATTRIBUTE:
            place += 2
            text()
            number()
        elif tag <= _LAST_KIND:
            place += 1
            name, width = text(), number()
            number()  # which signal it is
            yield Variable(scope=tuple(scope), name=name.partition(" ")[0], width=width)
        elif tag != _ATTRIBUTE_END:
            raise ValueError(f"its hierarchy has a record of an unknown kind, {tag}")
