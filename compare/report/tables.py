"""The report's tables about operations, levels, published models and areas, as the page takes them."""

from collections.abc import Mapping
from typing import Any

from tospike.compare.energy.levels import TERMS
from tospike.compare.gates.parts import PARTS
from tospike.compare.report.numbers import times
from tospike.compare.report.table import shown

Report = Mapping[str, Any]
"""report.json."""

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
    "state_read": "states read",
    "state_write": "states written",
    "activation_read": "activations read",
    "activation_write": "activations written",
}
"""Operation counts in words, in the order of the page."""

LEVELS = ("counts", "counters", "zero", "library")
"""Levels 1, 2 and, without and with delays, 3."""

OperationCells = tuple[float | None, float | None, float | None]
"""Mean count, pJ of one, mean pJ: of one operation in one design."""


def operations_table(designs: list[Mapping[str, Any]]) -> list[tuple[str, list[OperationCells]]]:
    """Return every operation that was counted: its label, and its figures in each design."""
    counted = {name for design in designs for name in design["operations"]}
    names = [*(n for n in OPERATION_LABELS if n in counted), *sorted(counted - set(OPERATION_LABELS))]
    lines = []
    for name in names:
        cells = []
        for design in designs:
            energy = design.get("energy_pj") or {"prices": {}, "terms": {}}
            cells.append((design["operations"].get(name), energy["prices"].get(name), energy["terms"].get(name)))
        lines.append((OPERATION_LABELS.get(name, name), cells))
    return lines


LevelCells = tuple[float, float, float]
"""pJ by operation counts, by counters, and the difference: of one term in one design."""


def levels_table(designs: list[Mapping[str, Any]]) -> list[tuple[str, list[LevelCells]]]:
    """Return every term of level 1 or level 2, with its figures in each design, and their sums."""
    tables = [{row["term"]: (row["counted"], row["measured"]) for row in d.get("levels") or ()} for d in designs]
    names = [*TERMS, *sorted({name for table in tables for name in table} - set(TERMS))]
    lines = [
        (TERMS.get(name, name), [_level_cells(*table.get(name, (0.0, 0.0))) for table in tables])
        for name in names
        if any(name in table for table in tables)
    ]
    sums = [tuple(sum(row[side] for row in table.values()) for side in (0, 1)) for table in tables]
    return [*lines, ("total", [_level_cells(*pair) for pair in sums])] if lines else []


def _level_cells(counted: float, measured: float) -> LevelCells:
    return counted, measured, measured - counted


def gates_table(designs: list[Mapping[str, Any]]) -> list[tuple[str, list[float]]]:
    """Return every part of level 3, and the total: its pJ in each design, by delay model; nothing if not measured."""
    summaries = [
        summary for design in designs if design.get("gates_pj") for summary in design["gates_pj"]["delays"].values()
    ]
    if not summaries:
        return []
    lines = [(label, [summary["parts"][part] for summary in summaries]) for part, label in PARTS.items()]
    return [*lines, ("total", [summary["total"] for summary in summaries])]


def part_levels_table(designs: list[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, float]]]]:
    """Return every part of the gates, and the total, with its pJ at all levels in each measured design."""
    measured = [design["gates_pj"]["parts"] for design in designs if design.get("gates_pj")]
    if not measured:
        return []
    lines = [(PARTS[rows[0]["part"]], [_with_glitches(row) for row in rows]) for rows in zip(*measured, strict=True)]
    sums = [{level: sum(row[level] for row in rows) for level in LEVELS} for rows in measured]
    return [*lines, ("total", [_with_glitches(total) for total in sums])]


def _with_glitches(row: Mapping[str, float]) -> Mapping[str, float]:
    share = (row["library"] - row["zero"]) / row["library"] if row["library"] else 0.0
    return {**{level: row[level] for level in LEVELS}, "glitches": share}


def published_table(report: Report) -> list[tuple[str, list[float], str, str]]:
    """Return every published model: its name, each design's pJ, SNN over ANN, and its source."""
    designs = shown(report)
    lines = []
    for name, source in report["models"].items():
        values = [design["published_pj"][name] for design in designs]
        by_kind = {design["kind"]: value for design, value in zip(designs, values, strict=True)}
        lines.append((name, values, times(by_kind["snn"] / by_kind["ann"] if by_kind["ann"] else None), source))
    return lines


def engines_table(design: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the area of each engine and of the whole; nothing where there was no synthesis."""
    fpga = design.get("fpga")
    return {**(fpga.get("engines") or {}), "total": fpga} if fpga else {}
