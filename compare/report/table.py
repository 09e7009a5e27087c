"""The main table of a study: one row for each figure, one column for each design, and SNN over ANN beside them.

The terminal and the page show the same rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tospike.compare.report.numbers import MISSING, count, percent, significant, times

Report = Mapping[str, Any]
"""report.json."""
Format = Callable[[float | None], str]
_LABELS = 16
"""Characters of a label that a narrow terminal leaves in a line."""
Line = tuple[str, str, Format, bool, tuple[str, ...]]
"""Group, label, how to write it, whether a ratio says something, and where it stands in a design."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure of every design, as text."""

    group: str
    label: str
    values: tuple[str, ...]
    numbers: tuple[float | None, ...]
    """The same, in full."""
    ratio: str
    """SNN over ANN; empty where a ratio says nothing."""


def shown(report: Report) -> list[Mapping[str, Any]]:
    """Return the designs that have a column: those that the verdict compares, then controls beside them."""
    return [*report["designs"], *report.get("controls", ())]


def summary_rows(report: Report) -> list[Row]:
    """Return the rows of the main table; what was not measured is a dash."""
    target = next((d["fpga"]["target"] for d in report["designs"] if d.get("fpga")), "FPGA")
    area = f"Area, {target}"
    counters = f"Energy, counters, {_name(report, 'counted_pj', 'technology')}"
    counts = f"Energy, counts, {_name(report, 'energy_pj', 'model')}"
    # beside the golden model on all samples, RTL on a part of them would look like a loss
    part = any(0 < (design.get("rtl_samples") or 0) < report["workload"]["samples"] for design in report["designs"])
    lines: tuple[Line, ...] = (
        ("Accuracy", "float", percent, False, ("accuracy", "float")),
        ("Accuracy", "golden model", percent, False, ("accuracy", "golden")),
        *([("Accuracy", "golden, RTL's samples", percent, False, ("accuracy", "golden_as_rtl"))] if part else []),
        ("Accuracy", "RTL", percent, False, ("accuracy", "rtl")),
        ("RTL against golden model", "samples run in RTL", count, False, ("rtl_samples",)),
        ("RTL against golden model", "mismatches", count, False, ("mismatches",)),
        ("Cycles per inference", "mean", count, True, ("cycles", "mean")),
        ("Cycles per inference", "5th percentile", count, True, ("cycles", "p5")),
        ("Cycles per inference", "median", count, True, ("cycles", "p50")),
        ("Cycles per inference", "95th percentile", count, True, ("cycles", "p95")),
        ("Latency", "post-route Fmax, MHz", significant, False, ("fpga", "fmax_mhz")),
        ("Latency", "mean, µs", significant, True, ("latency_us", "mean")),
        ("Latency", "95th percentile, µs", significant, True, ("latency_us", "p95")),
        (counters, "total, pJ", significant, True, ("counted_pj", "total")),
        (counters, "clock and leakage, pJ", significant, True, ("counted_pj", "static")),
        (counts, "total, pJ", significant, True, ("energy_pj", "total")),
        (counts, "compute, pJ", significant, True, ("energy_pj", "compute")),
        (counts, "memory, pJ", significant, True, ("energy_pj", "memory")),
    )
    gates = f"Energy, gates, {_name(report, 'gates_pj', 'library')}"
    gate_lines: tuple[Line, ...] = (
        (gates, "total, delays of the library, pJ", significant, True, ("gates_pj", "delays", "library", "total")),
        (gates, "total, no delays, pJ", significant, True, ("gates_pj", "delays", "zero", "total")),
        (gates, "clock and leakage, pJ", significant, True, ("gates_pj", "delays", "library", "static")),
        (gates, "counters, the same technology, pJ", significant, True, ("gates_pj", "levels", "counters")),
        (gates, "counts, the same technology, pJ", significant, True, ("gates_pj", "levels", "counts")),
        (gates, "samples", count, False, ("gates_pj", "samples")),
    )
    area_lines: tuple[Line, ...] = (
        (area, "LUT4", count, True, ("fpga", "lut4")),
        (area, "carry", count, True, ("fpga", "carry")),
        (area, "flip-flops", count, True, ("fpga", "ff")),
        (area, "block RAMs", count, True, ("fpga", "bram")),
        (area, "DSP blocks", count, True, ("fpga", "dsp")),
    )
    with_gates = any(design.get("gates_pj") for design in report["designs"])
    rows = []
    designs = shown(report)
    for group, label, write, compared, path in (*lines, *(gate_lines if with_gates else ()), *area_lines):
        values = tuple(_find(design, path) for design in designs)
        ratio = times(_ratio(report, path)) if compared else ""
        rows.append(Row(group=group, label=label, values=tuple(map(write, values)), numbers=values, ratio=ratio))
    return rows


def _name(report: Report, part: str, key: str) -> str:
    """What prices energy, or a dash."""
    return next((str(d[part][key]) for d in report["designs"] if d.get(part)), MISSING)


def _find(design: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Follow ``path`` into a design; ``None`` where it ends early."""
    value: Any = design
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _ratio(report: Report, path: tuple[str, ...]) -> float | None:
    """Return the first SNN's figure over the first ANN's: the two that the verdict compares."""
    ann, snn = (
        next((_find(design, path) for design in report["designs"] if design["kind"] == kind), None)
        for kind in ("ann", "snn")
    )
    return snn / ann if ann and snn is not None else None


def comparison_table(report: Report) -> Table:
    """Return the main table for the terminal."""
    workload = report["workload"]
    designs, rows = shown(report), summary_rows(report)
    table = Table(title=f"{workload['name']}: {workload['samples']} samples", title_justify="left")
    table.add_column("", overflow="fold", min_width=_LABELS)
    for number, design in enumerate(designs):
        # a long name gives way to a narrow terminal, a number never does
        widest = max(len(row.values[number]) for row in rows)
        heading = f"{design['name']}\n({design['kind'].upper()})"
        table.add_column(heading, justify="right", overflow="fold", min_width=widest)
    table.add_column("SNN / ANN", justify="right", no_wrap=True)
    group = None
    for row in rows:
        if row.group != group:
            if group is not None:
                table.add_section()
            group = row.group
            table.add_row(Text(group, style="bold"))
        empty = all(value == MISSING for value in row.values)
        table.add_row(f"  {row.label}", *row.values, row.ratio, style="dim" if empty else None)
    return table


def print_report(report: Report, page: Path, console: Console) -> None:
    """Print the table, the verdict, and where the page is."""
    console.print(comparison_table(report))
    console.print()
    console.print(Text(report["verdict"]["sentence"], style="bold"))
    console.print()
    if twin := report.get("twin"):
        console.print(Text(twin.get("sentence") or f"no twin of the SNN: {twin['missing']}"))
        console.print()
    if equal := report.get("iso_accuracy"):
        console.print(Text(equal["sentence"]))
        console.print()
    if missing := report.get("gates", {}).get("missing"):
        console.print(Text(f"no energy of the gates: {missing}"))
        console.print()
    # A path must survive copying: it is neither wrapped nor coloured.
    console.print(Text(f"report: {page}"), soft_wrap=True)
