"""What memories hold, in files beside the Verilog, past Amaranth and its Yosys."""

import re
from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.memory import Memory

from tospike.hw.memory import FilledMemory

MEMORIES = "mem"
"""The folder of the files that Verilog reads, as seen from where a simulator or Yosys runs."""
SHORT = 1024
"""Words of a memory that begins with zeros up to which they stay in the Verilog."""

_MARK = "tospike_contents"
_MARKED = re.compile(
    rf"  \(\* {_MARK} = 32'd(?P<number>\d+) \*\)\n"
    r"(?P<declared>(?:  \(\* .* \*\)\n)*  reg (?:\[\d+:0\] )?(?P<memory>\w+) \[\d+:0\];\n)"
)
_MODULE = re.compile(r"^module \\?(\S+?)[ (].*?^endmodule\n", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"  cell \$meminit_v2 \S+\n(?:    .*\n)+  end\n")


class MemoryFiles:
    """A platform of Amaranth that keeps what memories hold, for files that the Verilog reads by ``$readmemh``.

    To Amaranth, each bit is an object. And one assignment for each word, as its Yosys writes them, takes Yosys (0.66)
    time that grows with more than the square of their number: 35 s of processor time for 8,000 words of 48 bits, more
    than half an hour for the weights of MNIST's networks.

    So a memory goes through both without contents, and with an attribute that says which are its own. A short memory
    that begins with zeros keeps them.
    """

    def __init__(self) -> None:
        self._contents: list[tuple[int, int, Sequence[int]]] = []

    def get_memory(self, memory: Memory) -> Any:
        """Return the instance of a memory: Amaranth calls this for each that it elaborates."""
        init: Any = memory.data.init
        words = memory.words if isinstance(memory, FilledMemory) else init._raw
        if memory.depth > SHORT or any(words):
            attributes: dict[str, Any] = memory.attrs
            attributes[_MARK] = len(self._contents)
            self._contents.append((Shape.cast(memory.shape).width, memory.depth, words))
            init._raw = []  # no public way leads around a word for each address
        return Memory.elaborate(memory, None)

    @staticmethod
    def without_contents(rtlil: str) -> str:
        """Return RTLIL without the cells that would fill the memories whose contents were kept."""
        return _CELL.sub(lambda cell: "" if "connect \\DATA {  }\n" in cell[0] else cell[0], rtlil)

    def read_by(self, text: str, top: str) -> tuple[str, dict[str, str]]:
        """Return the Verilog that Yosys made of the RTLIL, its memories filled from files, and the files.

        Parameters
        ----------
        top
            Name of the top module, with which those of all others begin.

        Returns
        -------
        tuple
            The text, and the content of each file by its path. A file is named after the place of its memory.
        """
        files: dict[str, str] = {}

        def filled(module: str, match: re.Match[str]) -> str:
            width, depth, words = self._contents[int(match["number"])]
            place = [part.partition("$")[0] for part in module.removeprefix(top).split(".") if part]
            own = [] if place and match["memory"] in ("memory", "storage") else [match["memory"]]
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
