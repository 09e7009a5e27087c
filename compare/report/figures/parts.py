"""Figures of energy by part: stacked bars, one per design and level."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tospike.compare.energy.counters.energy import PARTS as COUNTER_PARTS
from tospike.compare.energy.gates.levels import PartLevels
from tospike.compare.energy.gates.parts import PARTS as GATE_PARTS
from tospike.compare.energy.levels import Difference, Level
from tospike.compare.report.design import DesignReport
from tospike.compare.report.figures.drawing import (
    COLOUR,
    Drawing,
    name_beside,
    new_figure,
    on_paper,
    render,
    style_axes,
)
from tospike.compare.report.numbers import significant
from tospike.compare.report.study import StudyReport
from tospike.compare.report.tables import in_gates

ENERGY_LABELS: Mapping[str, str] = {
    "mac": "multiply-accumulate, bias, requantise",
    "sop": "synaptic additions",
    "neuron": "neurons, spikes, their queues",
    "weights": "weight memory",
    "state": "states, results",
    "activations": "activation memory",
    "queues": "links, shifts, control",
    "idle": "memories, unused reads",
    "clock": "clock",
    "leakage": "leakage",
}
"""Labels of the parts of an energy bar (`tospike.compare.energy.counters.energy.PARTS`); colours have the same
names."""


LEVELS: Mapping[str, Callable[[PartLevels], float]] = {
    "counts": lambda row: row.counts,
    "counters": lambda row: row.counters,
    "gates, no delays": lambda row: row.zero,
    "gates": lambda row: row.library,
}
"""Columns of the table of parts."""
PART_COLOURS: Mapping[str, str] = {
    "mac": "mac",
    "neuron": "neuron",
    "memories": "weights",
    "queues": "queues",
    "control": "state",
    "clock": "clock",
    "leakage": "leakage",
}
"""Parts of the gates, each with the colour of its counterpart in counts and counters."""


def energy_figure(report: StudyReport) -> Drawing:
    """Draw the mean energy per inference by counts and by counters as stacked parts; counters with 5 to 95 % of the
    samples."""
    rows = [(design, level) for design in report.shown for level in (Level.COUNTS, Level.COUNTERS)]
    parts = [
        (label, COLOUR[part], np.array([_pj(design.levels, part, level) for design, level in rows]) / 1000)
        for part, label in ENERGY_LABELS.items()
    ]
    figure, axes, totals = _stack(0.5, [part for part in parts if part[2].any()])
    ends = totals.copy()
    for row, (design, level) in enumerate(rows):
        if level is Level.COUNTERS:
            spread = [design.counters_pj.p5 / 1000, design.counters_pj.p95 / 1000]
            if significant(spread[0]) != significant(spread[1]):
                axes.plot(spread, [row, row], color=COLOUR["ink"], linewidth=1.4, marker="|", markersize=7)
            ends[row] = max(ends[row], spread[1])
        weight = "bold" if level is Level.COUNTERS else "normal"
        text = f"{significant(totals[row])} nJ"
        name_beside(axes, text, (ends[row], row), 8, fontsize=11, fontweight=weight, **on_paper())
    _name_rows(axes, [(f"{design.name}, {level}", design) for design, level in rows])
    for label, (_, level) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set(fontweight="bold" if level is Level.COUNTERS else "normal")
    axes.set_xlim(0, 1.16 * ends.max())
    axes.set_xlabel("energy per inference, nJ; line: 5 to 95 % of the samples", color=COLOUR["muted"])
    _legend(figure, columns=3)
    return render(figure, "Energy per inference by part, by operation counts and by the hardware's counters")


def _pj(levels: Sequence[Difference], part: str, level: Level) -> float:
    """Return the pJ of one part; terms without a part count as control."""
    known = {term for terms in COUNTER_PARTS.values() for term in terms}
    return sum(
        row.counts if level is Level.COUNTS else row.counters
        for row in levels
        if row.term in COUNTER_PARTS[part] or (part == "queues" and row.term not in known)
    )


def levels_figure(report: StudyReport) -> Drawing:
    """Draw the mean energy per inference by counts, counters and gates as stacked parts, with one technology's
    prices."""
    rows = [(design, gates, level) for design, gates in in_gates(report.designs) for level in LEVELS]
    parts = [
        (
            label,
            COLOUR[PART_COLOURS[part]],
            np.array([_part(gates.parts, part, level) for _, gates, level in rows]) / 1000,
        )
        for part, label in GATE_PARTS.items()
    ]
    figure, axes, totals = _stack(0.42, parts)
    for row, total in enumerate(totals.tolist()):
        name_beside(axes, f"{significant(total)} nJ", (total, row), 8, fontsize=10.5, **on_paper())
    _name_rows(axes, [(f"{design.name}, {level}", design) for design, _, level in rows])
    axes.set_xlim(0, 1.16 * totals.max())
    axes.set_xlabel(f"energy per inference, nJ, {rows[0][1].library}", color=COLOUR["muted"])
    _legend(figure, columns=4)
    return render(figure, "Energy per inference by part, by operation counts, by counters and by gates")


def _part(rows: Sequence[PartLevels], part: str, level: str) -> float:
    """Return the pJ of one part of the gates."""
    return next(LEVELS[level](row) for row in rows if row.part == part)


def _stack(
    height: float, parts: Sequence[tuple[str, str, NDArray[np.float64]]]
) -> tuple[Figure, Axes, NDArray[np.float64]]:
    """Draw rows of stacked bars, ``height`` inches each, from label, colour and widths of every part."""
    count = len(parts[0][2])
    figure = new_figure(8.6, 1.35 + height * count)
    axes = figure.subplots()
    style_axes(axes, grid="x")
    left = np.zeros(count)
    for label, colour, widths in parts:
        axes.barh(
            range(count), widths, 0.66, left=left, color=colour, edgecolor=COLOUR["paper"], linewidth=1, label=label
        )
        left += widths
    return figure, axes, left


def _name_rows(axes: Axes, rows: Sequence[tuple[str, DesignReport]]) -> None:
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for label, (_, design) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set(color=COLOUR[design.kind], fontsize=10.5)


def _legend(figure: Figure, *, columns: int) -> None:
    ink = COLOUR["ink"]
    figure.legend(loc="outside upper left", ncols=columns, frameon=False, fontsize=9.5, labelcolor=ink, handlelength=1)
