"""Results of synthesis, with stable names."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """The slowest path from register to register, after routing."""

    start: str
    end: str
    logic_ns: float
    """Clock to output, cells and setup."""
    routing_ns: float

    def to_json(self) -> dict[str, Any]:
        """Return the entry of a report."""
        return {
            "start": self.start,
            "end": self.end,
            "logic_ns": round(self.logic_ns, 3),
            "routing_ns": round(self.routing_ns, 3),
        }


@dataclass(frozen=True, kw_only=True)
class FpgaReport:
    """Area and timing on an FPGA.

    ``resources`` are those of the design, and ``engines`` those of each engine (part of the former), by the names in
    :data:`tospike.synth.targets.RESOURCES`; ``wrapper`` has those of the wrapper around the pins. ``placed`` has
    (used, available) of all cells of the device that design or wrapper use, with the names of the place and route tool.
    """

    target: str
    speed: int | None
    seed: int
    resources: dict[str, int]
    engines: dict[str, dict[str, int]]
    wrapper: dict[str, int]
    placed: dict[str, tuple[int, int]]
    capacity: dict[str, int]
    fmax_mhz: float
    critical_path: CriticalPath
    tools: dict[str, str]
    options: dict[str, str]
    """Command of each tool."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``tospike synth --json`` writes."""
        return {
            "target": self.target,
            "speed": self.speed,
            "seed": self.seed,
            **self.resources,
            "fmax_mhz": round(self.fmax_mhz, 2),
            "critical_path": self.critical_path.to_json(),
            "engines": self.engines,
            "wrapper": self.wrapper,
            "placed": {name: {"used": used, "available": total} for name, (used, total) in self.placed.items()},
            "limits": self.capacity,
            "tools": self.tools,
            "options": self.options,
        }


@dataclass(frozen=True, kw_only=True)
class CellReport:
    """Area in standard cells, in the library's unit (mostly square micrometres).

    Memories of more than :data:`tospike.synth.asic.cells.REGISTER_FILE_WORDS` words stay memories: their bits are
    counted, but not part of the area.
    """

    target: str
    area: float
    cells: int
    ff: int
    memory_bits: int
    engines: dict[str, dict[str, float]]
    tools: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return what ``tospike synth --json`` writes."""
        return {
            "target": self.target,
            "area": round(self.area, 3),
            "cells": self.cells,
            "ff": self.ff,
            "memory_bits": self.memory_bits,
            "engines": self.engines,
            "tools": self.tools,
        }


AREA_ONLY = "area only, no place and route: no clock"


@dataclass(frozen=True, kw_only=True)
class AreaReport:
    """Area on an FPGA family, counted by Yosys and not placed: there is no clock, and whether it fits is not known.

    ``resources`` are those of the design, and ``engines`` those of each engine, by the names in
    :data:`tospike.synth.targets.AREA_TARGETS`.
    """

    target: str
    title: str
    resources: dict[str, int]
    engines: dict[str, dict[str, int]]
    cells: dict[str, int]
    """Yosys' count of each type of cell."""
    tools: dict[str, str]
    options: dict[str, str]
    """Command of the tool."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``tospike synth --json`` writes."""
        return {
            "target": self.target,
            "family": self.title,
            **self.resources,
            "note": AREA_ONLY,
            "engines": self.engines,
            "cells": self.cells,
            "tools": self.tools,
            "options": self.options,
        }


SynthReport = FpgaReport | CellReport | AreaReport
