"""Area and clock frequency on an FPGA: Yosys with hierarchy, then nextpnr on the flattened netlist."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, Tool, ToolError
from tospike.hw.params import Dataflow, InputError, require
from tospike.synth import yosys
from tospike.synth.board.wrapper import WRAPPER, wrap
from tospike.synth.design import Design
from tospike.synth.fpga import nextpnr
from tospike.synth.fpga.outreg import absorb_output_registers, reduce_statistics
from tospike.synth.report import FpgaReport
from tospike.synth.targets import RESOURCES, FpgaTarget, Router

_SHELL = "shell.v"
_FULL = ("no BELs remaining", "Unable to find legal placement")
"""nextpnr's messages when a design fits by number of cells, but cannot be placed."""
_ROUTE = ("--router",)
_NETLIST = "netlist.json"
_PASSES = "output registers 1"
"""Version of our passes on Yosys' netlist; it changes with their results."""


@dataclass(frozen=True, kw_only=True)
class FpgaFlow:
    """Tools, cache and device of a run."""

    target: FpgaTarget
    yosys: Tool
    nextpnr: Tool
    cache: Cache
    progress: Progress | None = None

    @classmethod
    def on(cls, target: FpgaTarget, *, cache: Cache, progress: Progress | None = None) -> "FpgaFlow":
        """Return the flow for ``target``, with the installed tools."""
        return cls(
            target=target, yosys=find("yosys"), nextpnr=find(target.tools.nextpnr), cache=cache, progress=progress
        )

    def run(self, design: Design, *, speed: int | None, seed: int, router: Router) -> FpgaReport:
        """Synthesise, place and route.

        The area is Yosys' count of the design's module, with each engine optimised separately; Fmax is nextpnr's, after
        routing.

        Raises
        ------
        InputError
            A tool fails, or the design does not fit.
        """
        speed = self.target.check_speed(speed)
        loses_multipliers = Dataflow.WS not in self.target.device.family.dataflows and not self._own_cells(design)
        require(
            not (loses_multipliers and design.is_weight_stationary),
            f"Yosys loses multipliers of a weight-stationary array on {self.target.name}, see "
            f"docs/explanation/measuring.md: generate it again with --primitives {self.target.primitives}, or "
            "--dataflow os",
        )
        require(
            not (loses_multipliers and design.is_conv),
            f"Yosys loses multipliers of a conv engine on {self.target.name}, see docs/explanation/measuring.md: give "
            "another --target",
        )
        netlist = self.synthesise(design, top=WRAPPER, shell=wrap(design))
        statistics = yosys.read_statistics(netlist / yosys.STATISTICS)
        statistics.require_modules(design)
        whole = self._resources(statistics.total(WRAPPER))
        resources = self._resources(statistics.total(design.top))
        options = (
            *self.target.device.nextpnr(),
            *_ROUTE,
            router,
            *(("--speed", str(speed)) if speed is not None else ()),
        )
        entry = self.route(netlist, whole, options=options, seed=seed, frequency=self.target.tools.frequency)
        route = nextpnr.read_route(entry / nextpnr.REPORT)
        return FpgaReport(
            target=self.target.name,
            speed=speed,
            seed=seed,
            resources=resources,
            engines={name: self._resources(statistics.total(name)) for name in design.engines},
            wrapper={name: whole[name] - resources[name] for name in RESOURCES},
            placed=route.placed,
            capacity=dict(self.target.device.capacity),
            fmax_mhz=route.fmax_mhz,
            critical_path=route.critical_path,
            tools={tool.name: tool.label for tool in (self.yosys, self.nextpnr)},
            options={
                "yosys": self._command(design),
                self.nextpnr.name: " ".join((*self.target.device.nextpnr(), *_ROUTE, router)),
            },
        )

    def _command(self, design: Design) -> str:
        return self.target.tools.synthesis(self.target.device, own_cells=self._own_cells(design))

    def _own_cells(self, design: Design) -> bool:
        return design.primitives == self.target.primitives

    def synthesise(self, design: Design, *, top: str, shell: str) -> Path:
        """Return the cache entry with netlist and statistics of a design in ``shell``, whose module is ``top``."""
        finish = [*yosys.mapping(top, self._command(design)), "flatten", "opt_clean", f"write_json {_NETLIST}"]

        def make(folder: Path) -> None:
            self._say(f"yosys: synthesising {design.top} for {self.target.name}")
            (folder / _SHELL).write_text(shell)
            script = [*yosys.read_sources(design, folder), f"read_verilog -sv {_SHELL}", *finish]
            yosys.run_script(
                self.yosys, script, folder=folder, makes=(yosys.STATISTICS, _NETLIST), progress=self.progress
            )
            netlist, statistics = folder / _NETLIST, folder / yosys.STATISTICS
            cells, figures = json.loads(netlist.read_text()), json.loads(statistics.read_text())
            reduce_statistics(figures, absorb_output_registers(cells))
            netlist.write_text(json.dumps(cells))
            statistics.write_text(json.dumps(figures))

        key = digest(
            {
                **{f"source {name}": content for name, content in design.sources.items()},
                "engines": repr(design.engines),
                "shell": shell,
                "script": "\n".join(finish),
                "passes": _PASSES,
                "yosys": self.yosys.release,
            }
        )
        return self.cache.build("netlist", key, make)

    def route(
        self,
        netlist: Path,
        takes: Mapping[str, int],
        *,
        options: tuple[str, ...],
        seed: int,
        frequency: int,
        files: Mapping[str, str] = MappingProxyType({}),
        makes: tuple[str, ...] = (),
    ) -> Path:
        """Return the cache entry with nextpnr's report on the netlist of `synthesise`, and its other outputs.

        Parameters
        ----------
        takes
            Number of each resource, from `resources`.
        options
            nextpnr's options: device, router and so on.
        frequency
            Requested MHz.
        files
            Input files that the options name; ``makes``: the output files.

        Raises
        ------
        InputError
            The design does not fit the device, or nextpnr fails.
        """
        self._require_fit(takes)

        def make(folder: Path) -> None:
            self._say(f"{self.nextpnr.name}: placing and routing with seed {seed}")
            for name, text in files.items():
                (folder / name).write_text(text)
            nextpnr.place_and_route(
                self.nextpnr,
                options,
                netlist=os.path.relpath((netlist / _NETLIST).resolve(), folder.resolve()),
                seed=seed,
                frequency=frequency,
                folder=folder,
                progress=self.progress,
                makes=makes,
            )

        key = digest(
            {
                **{f"file {name}": text for name, text in files.items()},
                "netlist": netlist.name,
                "options": repr(options),
                "seed": seed,
                "frequency": frequency,
                "nextpnr": self.nextpnr.release,
            }
        )
        try:
            return self.cache.build("route", key, make)
        except ToolError as error:
            if not any(words in str(error) for words in _FULL):
                raise
            needs = [f"{n} {name}" for name, n in takes.items() if n]
            raise InputError(self._no_fit(needs, "packed together")) from None

    def resources(self, netlist: Path, top: str) -> dict[str, int]:
        """Return the resources of the module ``top`` in an entry of `synthesise`."""
        return self._resources(yosys.read_statistics(netlist / yosys.STATISTICS).total(top))

    def _resources(self, cells: Counter[str]) -> dict[str, int]:
        counts = dict.fromkeys(RESOURCES, 0)
        for cell, count in cells.items():
            if resource := self.target.resource(cell):
                counts[resource] += count
        return counts

    def _require_fit(self, counts: Mapping[str, int]) -> None:
        excess = [
            f"{counts[name]} {name} of {available}"
            for name, available in self.target.device.capacity.items()
            if counts[name] > available
        ]
        if excess:
            raise InputError(self._no_fit(excess))

    def _no_fit(self, needs: list[str], how: str = "") -> str:
        return (
            f"the design does not fit {self.target.name}: it needs {', '.join(needs)}{how and f' ({how})'}; "
            "make it smaller (fewer rows, columns, lanes or weight bits; --weights stream) or choose another target"
        )

    def _say(self, line: str) -> None:
        if self.progress:
            self.progress(line)
