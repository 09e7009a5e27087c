"""A flat netlist of a Liberty library's cells for a design, for simulation and energy.

Modules down to the second level (``engine_0.array``) are mapped one by one, so that each gate belongs to a module;
deeper modules are flattened into them. Constants and unused ports propagate across boundaries (``opt_hier``).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, Tool
from tospike.synth import yosys
from tospike.synth.asic.cells import DONT_USE, REGISTER_FILE_WORDS, library_file, read_library
from tospike.synth.asic.library import CellLibrary, read_cells
from tospike.synth.asic.netlist import Netlist, read_netlist
from tospike.synth.design import Design

PART_DEPTH = 2
"""Levels below the top module down to which modules are kept."""

_JSON = "netlist.json"
_VERILOG = "logic.v"


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A design in gates."""

    netlist: Netlist
    library: CellLibrary
    top: str
    clock: str
    liberty: bytes
    """The library's text."""
    verilog: bytes
    """The gates without the memories, for OpenSTA."""
    tools: dict[str, str]


def map_gates(
    design: Design,
    library: Path,
    *,
    booth: bool = False,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> Mapped:
    """Map ``design`` to the cells of a Liberty file.

    Parameters
    ----------
    booth
        Whether to use Booth multipliers: slightly smaller than arrays of partial products, but with more glitches.

    Raises
    ------
    InputError
        The library cannot be read, or lacks a cell that the design needs; Yosys fails; see also `read_netlist`.
    """
    tool = find("yosys")
    text = read_library(library)
    cells = read_cells(text, str(library))
    design.require_other_names(cells.cells, library.name)
    entry = _map(design, text, library.name, tool, booth, cache or Cache(), progress)
    return Mapped(
        netlist=read_netlist(entry / _JSON, top=design.top, clock=design.clock, library=cells),
        library=cells,
        top=design.top,
        clock=design.clock,
        liberty=text,
        verilog=(entry / _VERILOG).read_bytes(),
        tools={tool.name: tool.label},
    )


def _map(
    design: Design, library: bytes, name: str, tool: Tool, booth: bool, cache: Cache, progress: Progress | None
) -> Path:
    file = library_file(library)
    finish = [
        f"synth -flatten {'-booth ' * booth}-top \\{design.top} -run begin:fine",
        "opt_hier",
        "opt -fast -full",
        f"setattr -set tospike_macro 1 */t:$mem_v2 */r:SIZE>{REGISTER_FILE_WORDS} %i",
        "memory_map -attr !tospike_macro",
        "opt -full",
        "techmap",
        "opt -fast",
        "opt_hier",
        "opt -fast",
        f"dfflibmap {DONT_USE} -liberty {file}",
        f"abc {DONT_USE} -liberty {file}",
        "opt_clean",
        "setattr -mod -unset keep_hierarchy",
        "flatten",
        "opt_clean -purge",
        f"write_json {_JSON}",
        "delete t:$mem_v2",
        f"write_verilog -noattr -noexpr -simple-lhs {_VERILOG}",
    ]
    kept = [rf"setattr -mod -set keep_hierarchy 1 {' '.join(_parts(design))}"]

    def make(folder: Path) -> None:
        if progress:
            progress(f"yosys: mapping {design.top} to the gates of {name}")
        (folder / file).write_bytes(library)
        script = [*yosys.read_sources(design, folder), *kept, *finish]
        yosys.run_script(tool, script, folder=folder, makes=(_JSON, _VERILOG), progress=progress)
        (folder / file).unlink()  # it can be large, and its digest is in the entry's name

    sources = {f"source {source}": content for source, content in design.sources.items()}
    script = "\n".join([*kept, *finish])
    key = digest({**sources, "library": library, "script": script, "yosys": tool.release})
    return cache.build("gates", key, make)


def _parts(design: Design) -> list[str]:
    """Return the modules to keep, as Yosys writes them. Amaranth names a module after its hierarchy."""
    text = b"\n".join(design.sources.values()).decode(errors="replace")
    names = dict.fromkeys(re.findall(r"^module\s+\\?([^\s(]+)", text, re.MULTILINE))
    return [f"\\{name}" for name in names if name.count(".") <= PART_DEPTH]
