"""Area on FPGAs that tospike does not place and route: Yosys alone, so no clock."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, Tool
from tospike.synth import yosys
from tospike.synth.design import Design
from tospike.synth.report import AreaReport
from tospike.synth.targets import AreaTarget, of_cell


@dataclass(frozen=True, kw_only=True)
class AreaFlow:
    """Tool, cache and family of a run."""

    target: AreaTarget
    yosys: Tool
    cache: Cache
    progress: Progress | None = None

    @classmethod
    def on(cls, target: AreaTarget, *, cache: Cache, progress: Progress | None = None) -> "AreaFlow":
        """Return the flow for ``target``, with the installed tool."""
        return cls(target=target, yosys=find("yosys"), cache=cache, progress=progress)

    def run(self, design: Design) -> AreaReport:
        """Synthesise, each engine optimised separately, and count the cells.

        Raises
        ------
        InputError
            Yosys fails.
        """
        finish = yosys.mapping(design.top, self.target.command)

        def make(folder: Path) -> None:
            if self.progress:
                self.progress(f"yosys: synthesising {design.top} for {self.target.title}")
            script = [*yosys.read_sources(design, folder), *finish]
            yosys.run_script(self.yosys, script, folder=folder, makes=(yosys.STATISTICS,), progress=self.progress)

        key = digest(
            {
                **{f"source {name}": content for name, content in design.sources.items()},
                "engines": repr(design.engines),
                "script": "\n".join(finish),
                "yosys": self.yosys.release,
            }
        )
        statistics = yosys.read_statistics(self.cache.build("area", key, make) / yosys.STATISTICS)
        statistics.require_modules(design)
        cells = statistics.total(design.top)
        return AreaReport(
            target=self.target.name,
            title=self.target.title,
            resources=self._resources(cells),
            engines={name: self._resources(statistics.total(name)) for name in design.engines},
            cells=dict(sorted(cells.items())),
            tools={self.yosys.name: self.yosys.label},
            options={"yosys": self.target.command},
        )

    def _resources(self, cells: Counter[str]) -> dict[str, int]:
        counts = dict.fromkeys(self.target.resources, 0)
        for cell, count in cells.items():
            if found := of_cell(self.target.cells, cell):
                name, weight = found
                counts[name] += weight * count
        return counts
