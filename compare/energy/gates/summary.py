"""Energy of the gates in a report. All energies are in picojoules per inference."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.energy.gates.annotate import WireModel
from tospike.compare.energy.gates.levels import PartLevels
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.summary import EnergyReport
from tospike.compare.plain import absent


@dataclass(frozen=True, kw_only=True)
class ClockTree:
    """Clock pins and a tree of buffers with a fan-out of `tospike.compare.energy.gates.energy.CLOCK_FANOUT`."""

    sinks: int
    buffers: int
    buffer: str
    pins_pj: float
    """Per cycle: both edges at all clock pins of flip-flops and memories, with their internal energy."""
    tree_pj: float
    """Per cycle: the buffers with their pins, and all wires."""
    leakage_nw: float


@dataclass(frozen=True, kw_only=True)
class GateEnergyReport(EnergyReport):
    """Energy with one delay model."""

    static: float
    """Mean pJ of clock and leakage."""
    parts: Mapping[str, float]
    """Mean pJ by part (`tospike.compare.energy.gates.parts.PARTS`); they add up to ``total``."""
    modules: Mapping[str, float]
    """Mean pJ of each module's gates and memories, without clock and leakage."""
    edges: float
    """Mean number of edges of all nets per sample."""


@dataclass(frozen=True, kw_only=True)
class LevelTotals:
    """Mean pJ of the samples that ran in gates, by counts, counters and gates, with the prices of one technology."""

    counts: float
    """By operation counts."""
    counters: float
    """By the hardware's counters."""
    zero: float | None = absent()
    """Gates without delays."""
    library: float | None = absent()
    """Gates with the library's delays."""


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """A design in gates: the netlist, the assumptions, and its energy by delay model."""

    library: str
    """The Liberty file."""
    technology: str
    """Technology that prices memories."""
    booth: bool
    wires: WireModel
    cells: int
    ff: int
    area: float
    """Area of the cells, in the library's unit (mostly square micrometres)."""
    memory_bits: int
    clock_tree: ClockTree
    tools: Mapping[str, str]
    """Versions."""
    samples: int
    cycles: float
    """Mean cycles of the samples."""
    period_ns: float
    """Clock period for leakage."""
    period_source: str
    delays: Mapping[DelayModel, GateEnergyReport]
    levels: LevelTotals | None = absent()
    """In a study: the totals by counts and counters, too."""
    parts: tuple[PartLevels, ...] = absent(tuple)
    """The same, part by part."""
