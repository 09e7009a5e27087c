"""Yosys: run a script in a folder, and read the output of ``stat -json``."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tospike.gen.tools.tool import Progress, Tool, ToolError
from tospike.hw.params import require
from tospike.synth.design import Design

LOG = "yosys.log"
_CONFLICT = "multiple conflicting drivers"
"""Only a warning, but every netlist with it is wrong."""


STATISTICS = "stat.json"
"""File of the statistics that `mapping` writes."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """The cells of each module, as in ``stat -json``; instances of other modules are cells, too."""

    cells: Mapping[str, Mapping[str, int]]
    memory_bits: Mapping[str, int]

    def total(self, module: str) -> Counter[str]:
        """Return the cells of ``module`` and its submodules, by type."""
        total: Counter[str] = Counter()
        for kind, count in self.cells[module].items():
            inside = self.total(kind) if kind in self.cells else Counter({kind: 1})
            for name, number in inside.items():
                total[name] += count * number
        return total

    def total_memory_bits(self, module: str) -> int:
        """Return the bits of the memories in ``module`` and its submodules."""
        children = (n * self.total_memory_bits(kind) for kind, n in self.cells[module].items() if kind in self.cells)
        return self.memory_bits[module] + sum(children)

    def require_modules(self, design: Design) -> None:
        """Check that the modules to report still exist."""
        for module in (design.top, *design.engines):
            require(
                module in self.cells,
                f"the manifest names module {module!r}, which the synthesised design does not have",
            )


def parse_statistics(text: str) -> Statistics:
    """Parse the complete output of ``stat -json`` without ``-hierarchy``."""
    modules: dict[str, dict[str, Any]] = json.loads(text)["modules"]
    plain = {name.removeprefix("\\"): figures for name, figures in modules.items()}
    return Statistics(
        cells={
            name: {kind.removeprefix("\\"): count for kind, count in figures["num_cells_by_type"].items()}
            for name, figures in plain.items()
        },
        memory_bits={name: int(figures["num_memory_bits"]) for name, figures in plain.items()},
    )


def read_statistics(path: Path) -> Statistics:
    """Parse the file that ``stat -json`` has written.

    Raises
    ------
    ToolError
        The file has an unknown format.
    """
    try:
        return parse_statistics(path.read_text())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"{path} is not what `stat -json` writes ({error!r}): use another Yosys") from None


def read_sources(design: Design, folder: Path) -> list[str]:
    """Write the design's files to ``folder``; return the commands that read them and keep the engines' modules."""
    for name, content in design.sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    kept = " ".join(f"\\{module}" for module in (design.top, *design.engines))
    return [
        *(f"read_verilog -sv {name}" for name in design.sources if not name.endswith(".hex")),
        f"setattr -mod -set keep_hierarchy 1 {kept}",
    ]


def mapping(top: str, command: str) -> list[str]:
    """Return the commands that map a design whose module is ``top`` by Yosys' ``command``, each kept module for itself,
    and write the file `STATISTICS`."""
    return [
        # abc9 may join alias wires of different drivers (Yosys 0.66), so remove all aliases
        f"hierarchy -top {top}",
        "proc",
        "flatten",
        "opt_clean -purge",
        f"{command} -top {top}",
        f"tee -q -o {STATISTICS} stat -json",
    ]


def run_script(
    yosys: Tool, lines: list[str], *, folder: Path, makes: tuple[str, ...], progress: Progress | None
) -> None:
    """Run the script ``lines`` in ``folder``; it must create the files ``makes``.

    Raises
    ------
    ToolError
        Yosys fails, or continues with a warning about a wrong netlist.
    """
    (folder / "synth.ys").write_text("\n".join([*lines, ""]))
    output = yosys.run(("-s", "synth.ys"), cwd=folder, log=folder / LOG, makes=makes, progress=progress)
    if _CONFLICT in output:
        line = next(line for line in output.splitlines() if _CONFLICT in line)
        raise ToolError(f"{yosys.name} {yosys.label} made a wrong netlist: {line.strip()} (log: {folder / LOG})")
