"""The page's tables of operations, levels, published models and areas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tospike.compare.energy.gates.levels import PartLevels
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.energy.levels import TERMS
from tospike.compare.report.area import FpgaArea, Resources
from tospike.compare.report.design import DesignReport
from tospike.compare.report.numbers import times
from tospike.compare.report.study import StudyReport

OPERATION_LABELS: Mapping[str, str] = {
    "mac": "multiply-accumulates",
    "requantize": "requantisations",
    "bias_add": "biases added",
    "sop": "synaptic additions",
    "neuron_update": "neuron updates",
    "spike": "spikes",
    "weight_read": "weights read",
    "bias_read": "biases read",
    "multiplier_read": "multipliers read",
    "table_read": "tables of activations read",
    "state_read": "states read",
    "state_write": "states written",
    "activation_read": "activations read",
    "activation_write": "activations written",
}
"""Labels of operations, in the order of the page."""

Designs = Sequence[DesignReport]
OperationCells = tuple[float | None, float | None, float | None]
"""Mean count, pJ of one operation, mean pJ, for one operation of one design."""


def operations_table(designs: Designs) -> list[tuple[str, list[OperationCells]]]:
    """Return every counted operation: its label, and its figures in each design."""
    counted = {name for design in designs for name in design.operations}
    names = [*(n for n in OPERATION_LABELS if n in counted), *sorted(counted - set(OPERATION_LABELS))]
    return [(OPERATION_LABELS.get(name, name), [_operation(design, name) for design in designs]) for name in names]


def _operation(design: DesignReport, name: str) -> OperationCells:
    energy = design.energy_pj
    return design.operations.get(name), energy.prices.get(name), energy.terms.get(name)


LevelCells = tuple[float, float, float]
"""pJ by counts, by counters, and their difference, for one term of one design."""


def levels_table(designs: Designs) -> list[tuple[str, list[LevelCells]]]:
    """Return every term of counts or counters, with its figures in each design, and their sums."""
    tables = [{row.term: (row.counts, row.counters) for row in design.levels} for design in designs]
    names = [*TERMS, *sorted({name for table in tables for name in table} - set(TERMS))]
    lines = [
        (TERMS.get(name, name), [_level_cells(*table.get(name, (0.0, 0.0))) for table in tables])
        for name in names
        if any(name in table for table in tables)
    ]
    sums = [tuple(sum(row[side] for row in table.values()) for side in (0, 1)) for table in tables]
    return [*lines, ("total", [_level_cells(*pair) for pair in sums])]


def _level_cells(counts: float, counters: float) -> LevelCells:
    return counts, counters, counters - counts


def in_gates(designs: Designs) -> Iterator[tuple[DesignReport, GateReport]]:
    """Return the designs whose gates were measured."""
    return ((design, design.gates_pj) for design in designs if design.gates_pj)


def gates_table(designs: Designs) -> list[tuple[str, list[float]]]:
    """Return every part of the gates, and the total, with its pJ per design and delay model; empty if not measured."""
    energies = [energy for _, gates in in_gates(designs) for energy in gates.delays.values()]
    if not energies:
        return []
    lines = [(label, [energy.parts[part] for energy in energies]) for part, label in PARTS.items()]
    return [*lines, ("total", [energy.total for energy in energies])]


@dataclass(frozen=True, kw_only=True)
class PartCells:
    """The pJ of one part of one design, as in `PartLevels`."""

    counts: float
    counters: float
    zero: float
    library: float

    @property
    def glitches(self) -> float:
        """The fraction of the gates' energy due to delays."""
        return (self.library - self.zero) / self.library if self.library else 0.0

    @classmethod
    def sum(cls, rows: Sequence[PartLevels]) -> "PartCells":
        """Return the sum of several parts."""
        return cls(
            counts=sum(row.counts for row in rows),
            counters=sum(row.counters for row in rows),
            zero=sum(row.zero for row in rows),
            library=sum(row.library for row in rows),
        )


def part_levels_table(designs: Designs) -> list[tuple[str, list[PartCells]]]:
    """Return every part of the gates, and the total, with its pJ at each level in each measured design."""
    measured = [gates.parts for _, gates in in_gates(designs)]
    if not measured:
        return []
    lines = [(PARTS[rows[0].part], [PartCells.sum([row]) for row in rows]) for rows in zip(*measured, strict=True)]
    return [*lines, ("total", [PartCells.sum(rows) for rows in measured])]


def published_table(report: StudyReport) -> list[tuple[str, list[float], str, str]]:
    """Return every published model: its name, each design's pJ, SNN over ANN, and its source."""
    lines = []
    for name, source in report.models.items():
        values = [design.published_pj[name] for design in report.shown]
        ann, snn = report.ann.published_pj[name], report.snn.published_pj[name]
        lines.append((name, values, times(snn / ann if ann else None), source))
    return lines


def engines_table(designs: Designs) -> list[tuple[str, str, Resources]]:
    """Return the area of each engine and the total, with the design's name; empty without an FPGA."""
    placed = [(design.name, design.fpga) for design in designs if isinstance(design.fpga, FpgaArea)]
    return [(name, engine, area) for name, fpga in placed for engine, area in (*fpga.engines.items(), ("total", fpga))]
