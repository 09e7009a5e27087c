"""Write memory contents to files beside the Verilog, bypassing Amaranth and its Yosys."""

import re
from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.memory import Memory

from tospike.hw.memory import FilledMemory

MEMORIES = "mem"
"""The folder of the files that the Verilog reads, relative to the working directory of a simulator or Yosys."""
SHORT = 1024
"""Memories of up to this many words, all initially zero, stay in the Verilog."""

_MARK = "tospike_contents"
_MARKED = re.compile(
    rf"  \(\* {_MARK} = 32'd(?P<number>\d+) \*\)\n"
    r"(?P<declared>(?:  \(\* .* \*\)\n)*  reg (?:\[\d+:0\] )?(?P<memory>\w+|\\\S+ ) \[\d+:0\];\n)"
)
_MODULE = re.compile(r"^module \\?(\S+?)[ (].*?^endmodule\n", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"  cell \$meminit_v2 \S+\n(?:    .*\n)+  end\n")


class MemoryFiles:
    """An Amaranth platform that collects memory contents, for files that the Verilog reads by ``$readmemh``.

    In Amaranth, each bit of the contents is an object. Its Yosys then writes one assignment per word, for which Yosys
    (0.66) takes time that grows faster than the square of their number: 35 s of processor time for 8,000 words of 48
    bits, more than half an hour for the weights of the MNIST networks.

    So a memory passes through both without contents, with an attribute that identifies them. A short memory of zeros
    keeps its contents.
    """

    def __init__(self) -> None:
        self._contents: list[tuple[int, int, Sequence[int]]] = []

    def get_memory(self, memory: Memory) -> Any:
        """Return the instance of a memory; Amaranth calls this for each memory that it elaborates."""
        init: Any = memory.data.init
        words = memory.words if isinstance(memory, FilledMemory) else init._raw
        if memory.depth > SHORT or any(words):
            attributes: dict[str, Any] = memory.attrs
            attributes[_MARK] = len(self._contents)
            self._contents.append((Shape.cast(memory.shape).width, memory.depth, words))
            init._raw = []  # there is no public way to avoid a word per address
        return Memory.elaborate(memory, None)

    @staticmethod
    def without_contents(rtlil: str) -> str:
        """Return RTLIL without the cells that initialise the memories whose contents were collected."""
        return _CELL.sub(lambda cell: "" if "connect \\DATA {  }\n" in cell[0] else cell[0], rtlil)

    def read_by(self, text: str, top: str) -> tuple[str, dict[str, str]]:
        """Return the Verilog that Yosys wrote, with memories that read files, and the files.

        Parameters
        ----------
        top
            Name of the top module, the prefix of all other module names.

        Returns
        -------
        tuple
            The text, and the contents of each file by its path. A file is named after the place of its memory.
        """
        files: dict[str, str] = {}

        def filled(module: str, match: re.Match[str]) -> str:
            width, depth, words = self._contents[int(match["number"])]
            place = [part.partition("$")[0] for part in module.removeprefix(top).split(".") if part]
            plain = match["memory"].strip("\\ ")  # a keyword of Verilog is escaped: ``\\table ``
            own = [] if place and plain in ("memory", "storage") else [plain]
            name = "_".join([*place, *own])
            path, number = f"{MEMORIES}/{name}.hex", 0
            while path in files:
                number += 1
                path = f"{MEMORIES}/{name}_{number}.hex"
            digits = -(-width // 4)
            zeros = f"{0:0{digits}x}\n" * (depth - len(words))
            files[path] = "".join([f"{word:0{digits}x}\n" for word in words]) + zeros
            return f'{match["declared"]}  initial $readmemh("{path}", {match["memory"]}, 0, {depth - 1});\n'

        read = _MODULE.sub(lambda found: _MARKED.sub(lambda memory: filled(found[1], memory), found[0]), text)
        if len(files) != len(self._contents):
            raise RuntimeError(f"{len(self._contents) - len(files)} memories of {top} cannot be found in its Verilog")
        return read, files
