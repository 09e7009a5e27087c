"""Figures of the distribution of cycles and energy over the samples, one row per design."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from tospike.compare.report.design import DesignReport
from tospike.compare.report.figures.drawing import COLOUR, Drawing, new_figure, on_paper, render, style_axes
from tospike.compare.report.numbers import significant
from tospike.compare.report.study import StudyReport

Floats = NDArray[np.float64]


def cycles_figure(report: StudyReport) -> Drawing:
    """Draw the distribution of cycles per inference."""
    samples = [np.asarray(design.cycles_samples, dtype=np.float64) for design in report.designs]
    figure, rows = _histograms(report.designs, samples)
    for axes, design, values in zip(rows, report.designs, samples, strict=True):
        cycles = design.cycles
        if values.min() == values.max():
            text = f"{significant(cycles.mean)} cycles, every sample"
        else:
            mean, low, high = (significant(value) for value in (cycles.mean, cycles.p5, cycles.p95))
            text = f"mean {mean}, 5 to 95 %: {low} to {high}"
            axes.plot([cycles.mean] * 2, [0, axes.get_ylim()[1] * 1.2 / 1.75], color=COLOUR["ink"], linewidth=1)
        _label_peak(axes, cycles.mean, text)
    rows[-1].xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    rows[-1].set_xlabel("cycles per inference; height: share of the samples", color=COLOUR["muted"])
    return render(figure, "Distribution of cycles per inference over the samples")


def energy_distribution_figure(report: StudyReport) -> Drawing:
    """Draw the distribution of energy per inference (hardware counters)."""
    samples = [np.asarray(design.counters_pj.samples) / 1000 for design in report.designs]
    figure, rows = _histograms(report.designs, samples)
    for axes, values in zip(rows, samples, strict=True):
        p5, p95 = np.percentile(values, (5, 95))
        mean = float(values.mean())
        spread = f"mean {significant(mean)}, 5 to 95 %: {significant(float(p5))} to {significant(float(p95))} nJ"
        _label_peak(axes, mean, f"{significant(mean)} nJ, every sample" if p5 == p95 else spread)
    rows[-1].set_xlabel("energy per inference, nJ; height: share of the samples", color=COLOUR["muted"])
    return render(figure, "Distribution of the energy per inference over the samples")


def _histograms(designs: Sequence[DesignReport], samples: Sequence[Floats]) -> tuple[Figure, Sequence[Axes]]:
    """Draw rows of histograms with one scale, with space for a label above each peak."""
    figure = new_figure(8.6, 0.4 + 1.2 * len(designs))
    rows = figure.subplots(len(designs), 1, sharex=True, squeeze=False)[:, 0]
    bins = np.linspace(0, 1.04 * max(float(values.max()) for values in samples), 105)
    for axes, design, values in zip(rows, designs, samples, strict=True):
        style_axes(axes, grid="x")
        heights, edges = np.histogram(values, bins)
        colour = COLOUR[design.kind]
        axes.bar(edges[:-1], heights / values.size, np.diff(edges), align="edge", color=colour)
        axes.set_yticks([])
        axes.set_ylim(0, 1.75 * heights.max() / values.size)
        axes.set_xlim(0, bins[-1])
        axes.set_ylabel(design.name, rotation=0, ha="right", va="center", color=colour, fontweight="bold", fontsize=11)
    return figure, rows.tolist()


def _label_peak(axes: Axes, mean: float, text: str) -> None:
    """Write a label above the peak, at the mean, on the side with more space."""
    place = (mean, axes.get_ylim()[1] * 1.3 / 1.75)
    side = "right" if mean > 0.6 / 1.04 * axes.get_xlim()[1] else "left"
    axes.annotate(text, place, ha=side, fontsize=9.5, color=COLOUR["ink"], **on_paper())
