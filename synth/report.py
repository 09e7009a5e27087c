"""What synthesis found out, as data with stable names."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """The slowest path from register to register, after routing."""

    start: str
    end: str
    logic_ns: float
    """Clock to output, cells and set-up."""
    routing_ns: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in a report."""
        return {
            "start": self.start,
            "end": self.end,
            "logic_ns": round(self.logic_ns, 3),
            "routing_ns": round(self.routing_ns, 3),
        }


@dataclass(frozen=True, kw_only=True)
class FpgaReport:
    """Area and timing on an FPGA.

    ``resources`` are those of the design, and ``engines`` those of each of its engines (which are part of the
    former), by the names in :data:`tospike.synth.targets.RESOURCES`; the shell around the pins is apart, in
    ``wrapper``. ``placed`` has (used, available) of everything that the device has and that the design or the shell
    takes, in the words of the place and route tool.
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
    """What each tool was told to do."""

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
    counted, and they are not in the area.
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


SynthReport = FpgaReport | CellReport
