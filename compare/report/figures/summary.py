"""Figures of accuracy, and the summary of a study."""

import textwrap
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

from tospike.compare.report.area import CellArea, FpgaArea
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
from tospike.compare.report.numbers import MISSING, significant
from tospike.compare.report.study import StudyReport


def _bar_rows(axes: Axes, designs: Sequence[DesignReport]) -> None:
    """Put one row per design on the y axis, the first at the top."""
    axes.set_yticks(range(len(designs)), [design.name for design in designs])
    axes.set_ylim(len(designs) - 0.5, -0.5)
    for label, design in zip(axes.get_yticklabels(), designs, strict=True):
        label.set(color=COLOUR[design.kind], fontsize=11, fontweight="bold")


def accuracy_figure(report: StudyReport) -> Drawing:
    """Draw the accuracies of float, golden model and RTL, with 95 % intervals for the number of samples."""
    designs = report.designs
    figure = new_figure(8.6, 0.5 + 0.95 * len(designs))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    lowest = 1.0
    for row, design in enumerate(designs):
        for offset, marker, label, value, samples in _accuracies(design, report.workload.samples):
            low, high = wilson_interval(value, samples)
            lowest = min(lowest, low)
            colour = COLOUR[design.kind]
            axes.plot([100 * low, 100 * high], [row + offset] * 2, color=colour, linewidth=1.2)
            filled = COLOUR["paper"] if label == "float" else colour
            axes.plot(100 * value, row + offset, marker, color=colour, markersize=7, markerfacecolor=filled)
            name_beside(axes, f"{label} {100 * value:.1f}", (100 * high, row + offset), 7, fontsize=9.5, **on_paper())
    _bar_rows(axes, designs)
    axes.set_xlim(np.floor(100 * lowest) - 0.2, 101.2)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 100])
    axes.set_xlabel("accuracy, % (axis does not start at zero)", color=COLOUR["muted"])
    return render(figure, "Accuracy: float, golden model and RTL")


def _accuracies(design: DesignReport, samples: int) -> Iterator[tuple[float, str, str, float, int]]:
    """Yield the position of each accuracy in its row, its marker, label and value, and its number of samples."""
    yield -0.24, "o", "float", design.accuracy.of_float, samples
    yield 0, "s", "golden", design.accuracy.golden, samples
    if design.accuracy.rtl is not None:
        some = f" on {design.rtl_samples:,}" if design.rtl_samples < samples else ""
        yield 0.24, "D", f"RTL{some}", design.accuracy.rtl, design.rtl_samples


def wilson_interval(fraction: float, samples: int) -> tuple[float, float]:
    """Return the 95 % interval of a success rate (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    z = 1.96
    centre = fraction + z * z / (2 * samples)
    half = z * np.sqrt(fraction * (1 - fraction) / samples + z * z / (4 * samples * samples))
    scale = 1 + z * z / samples
    return float((centre - half) / scale), float(min(1.0, (centre + half) / scale))


Panel = tuple[str, Callable[[DesignReport], float | None]]
"""A heading, and the function that returns a design's figure."""


def summary_figure(report: StudyReport) -> Drawing:
    """Draw the result as one wide, self-contained figure: the verdict above energy, latency and area."""
    designs = report.designs
    sentence = textwrap.wrap(report.verdict.sentence, 112)
    figure = new_figure(11.5, 1.75 + 0.27 * len(sentence))
    figure.suptitle("\n".join(sentence), x=0.012, ha="left", fontsize=13, linespacing=1.45, color=COLOUR["ink"])
    timed = all(design.latency_us for design in designs)
    panels: tuple[Panel, ...] = (
        ("energy per inference, pJ", lambda d: d.counters_pj.total),
        ("latency, µs", lambda d: d.latency_us.mean if d.latency_us else None)
        if timed
        else ("cycles per inference", lambda d: d.cycles.mean),
        *_area_panels(designs),
    )
    for index, (axes, (label, value_of)) in enumerate(zip(figure.subplots(1, len(panels)), panels, strict=True)):
        _panel(axes, designs, [value_of(design) for design in designs])
        if index:
            axes.set_yticklabels([])
        axes.set_title(label, loc="left", fontsize=11, color=COLOUR["muted"])
    return render(figure, "Spikes or not: the verdict with energy, latency and area")


def _area_panels(designs: Sequence[DesignReport]) -> tuple[Panel, Panel]:
    if any(isinstance(design.fpga, CellArea) for design in designs):
        return (
            ("area of cells", lambda d: d.fpga.area if isinstance(d.fpga, CellArea) else None),
            ("memory, bit", lambda d: d.fpga.memory_bits if isinstance(d.fpga, CellArea) else None),
        )
    return (
        ("area, LUT4", lambda d: d.fpga.lut4 if isinstance(d.fpga, FpgaArea) else None),
        ("DSP blocks", lambda d: d.fpga.dsp if isinstance(d.fpga, FpgaArea) else None),
    )


def _panel(axes: Axes, designs: Sequence[DesignReport], values: Sequence[float | None]) -> None:
    """Draw one figure of every design as a bar and a number."""
    style_axes(axes, grid="x")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.barh(range(len(designs)), [value or 0 for value in values], 0.6, color=[COLOUR[d.kind] for d in designs])
    _bar_rows(axes, designs)
    axes.set_xlim(0, 1.45 * max([value or 0 for value in values] + [1e-9]))
    for row, value in enumerate(values):
        name_beside(axes, MISSING if value is None else significant(value), (value or 0, row), 6, fontsize=11)
