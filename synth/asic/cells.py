"""Area of a design in standard cells: Yosys' generic synthesis, mapped to a Liberty library."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.files.reading import read_bytes, reading
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, Tool
from tospike.hw.params import require
from tospike.hw.params.limits import LIBERTY_BYTES
from tospike.synth import yosys
from tospike.synth.design import Design
from tospike.synth.report import CellReport
from tospike.synth.targets import CellTarget

REGISTER_FILE_WORDS = 16
"""Memories up to this depth become flip-flops; deeper ones would be macros, and only their bits are counted."""

_GENERIC = "generic.json"
_MAPPED = "stat.json"
_NETLIST = "netlist.v"
DONT_USE = "-dont_use *lpflow*"
"""Excludes SkyWater's low-power cells: with the area and function of plain ones, ABC would use them."""
_NO_GATES = ("$mem", "$scopeinfo")
"""Prefixes of cell types that are memory ports or no logic."""
_FLIP_FLOP = re.compile(r"\$_.*(DFF|DLATCH|SR|FF)")


@dataclass(frozen=True, kw_only=True)
class CellFlow:
    """Tool, cache and library of a run."""

    target: CellTarget
    yosys: Tool
    cache: Cache
    progress: Progress | None = None

    @classmethod
    def on(cls, target: CellTarget, *, cache: Cache, progress: Progress | None = None) -> "CellFlow":
        """Return the flow for ``target``, with the installed tools."""
        return cls(target=target, yosys=find("yosys"), cache=cache, progress=progress)

    def run(self, design: Design) -> CellReport:
        """Synthesise and map.

        Raises
        ------
        InputError
            The library cannot be read or Yosys fails.
        """
        library = read_library(self.target.library)
        with reading(self.target.library, "Liberty file", "download it again"):
            areas = cell_areas(library)
            design.require_other_names(areas, self.target.name)
        entry = self._synthesise(design, library)
        generic = yosys.read_statistics(entry / _GENERIC)
        mapped = yosys.read_statistics(entry / _MAPPED)
        mapped.require_modules(design)

        def figures(module: str) -> dict[str, float]:
            cells = self._mapped_cells(mapped.total(module))
            return {
                "area": round(sum(areas[kind] * count for kind, count in cells.items()), 3),
                "cells": cells.total(),
                "ff": _flip_flops(generic.total(module)),
                "memory_bits": mapped.total_memory_bits(module),
            }

        top = figures(design.top)
        return CellReport(
            target=self.target.name,
            area=top["area"],
            cells=int(top["cells"]),
            ff=int(top["ff"]),
            memory_bits=int(top["memory_bits"]),
            engines={name: figures(name) for name in design.engines},
            tools={self.yosys.name: self.yosys.label},
        )

    def _mapped_cells(self, cells: Counter[str]) -> Counter[str]:
        """Return the library's cells among ``cells``; everything else must be memories."""
        gates = Counter({kind: count for kind, count in cells.items() if not kind.startswith(_NO_GATES)})
        left = sorted(kind for kind in gates if kind.startswith("$"))
        require(not left, f"{self.target.name} has no cell for {', '.join(left)}")
        return gates

    def _synthesise(self, design: Design, library: bytes) -> Path:
        file = library_file(library)
        finish = [
            f"synth -flatten -top \\{design.top} -run begin:fine",
            "opt -fast -full",
            f"setattr -set tospike_macro 1 */t:$mem_v2 */r:SIZE>{REGISTER_FILE_WORDS} %i",
            "memory_map -attr !tospike_macro",
            "opt -full",
            "techmap",
            "opt -fast",
            f"tee -q -o {_GENERIC} stat -json",
            f"dfflibmap {DONT_USE} -liberty {file}",
            f"abc {DONT_USE} -liberty {file}",
            "opt_clean",
            # memories as objects rather than as cells, so that their bits are counted
            "memory_unpack",
            f"tee -q -o {_MAPPED} stat -json",
            f"write_verilog -noattr -noexpr -simple-lhs {_NETLIST}",
        ]

        def make(folder: Path) -> None:
            if self.progress:
                self.progress(f"yosys: mapping {design.top} to {self.target.name}")
            (folder / file).write_bytes(library)
            script = [*yosys.read_sources(design, folder), *finish]
            makes = (_GENERIC, _MAPPED, _NETLIST)
            yosys.run_script(self.yosys, script, folder=folder, makes=makes, progress=self.progress)
            (folder / file).unlink()  # it can be large, and its digest is in the entry's name

        key = digest(
            {
                **{f"source {name}": content for name, content in design.sources.items()},
                "engines": repr(design.engines),
                "library": library,
                "script": "\n".join(finish),
                "yosys": self.yosys.release,
            }
        )
        return self.cache.build("cells", key, make)


def read_library(path: Path) -> bytes:
    """Return the text of a Liberty file, unpacked.

    Raises
    ------
    InputError
        The file cannot be read, or is not a Liberty file.
    """
    with reading(path, "Liberty file", "download it again"):
        data = read_bytes(path, LIBERTY_BYTES)
    require(re.search(rb"\blibrary\s*\(", data) is not None, f"{path} is not a Liberty file: it has no library(...)")
    require(
        re.search(rb"\bff\s*\(", data) is not None,
        f"the library {path} has no flip-flop: give one with sequential cells",
    )
    return data


def library_file(library: bytes) -> str:
    """Return a name by content alone: Yosys caches ABC's version of a library under the name of its file."""
    return f"cells_{digest({'library': library})[:16]}.lib"


def cell_areas(library: bytes) -> dict[str, float]:
    """Return the area of each cell in a Liberty file, 0 if it is not stated.

    Read from the text, because it depends on Yosys' version whether ``stat -liberty`` includes submodules.
    """
    text = re.sub(r"/\*.*?\*/", "", library.decode(errors="replace"), flags=re.DOTALL)
    areas = {}
    for cell in re.split(r"\bcell\s*\(", text)[1:]:
        name = re.match(r'\s*"?([^"\s)]+)', cell)
        area = re.search(r"\barea\s*:\s*\"?([0-9.eE+-]+)", cell)
        if name:
            areas[name[1]] = float(area[1]) if area else 0.0
    return areas


def _flip_flops(cells: Counter[str]) -> int:
    return sum(count for kind, count in cells.items() if _FLIP_FLOP.match(kind))
