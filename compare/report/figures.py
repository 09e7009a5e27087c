"""The report's figures: see `tospike.compare.report.drawing`."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

from tospike.compare.energy.counted import PARTS
from tospike.compare.report.drawing import COLOUR, Drawing, new_figure, on_paper, render, style_axes
from tospike.compare.report.numbers import MISSING, significant
from tospike.compare.report.table import shown

Report = Mapping[str, Any]
"""report.json."""

ENERGY_LABELS: Mapping[str, str] = {
    "mac": "multiply-accumulate, bias, requantise",
    "sop": "synaptic additions",
    "neuron": "neurons, spikes, their queues",
    "weights": "weight memory",
    "state": "states, results",
    "activations": "activation memory",
    "queues": "links, shifts, control",
    "clock": "clock",
    "leakage": "leakage",
}
"""Parts of an energy bar (`tospike.compare.energy.counted.PARTS`), each with a colour of its name."""


def _colour(design: Mapping[str, Any]) -> str:
    return COLOUR[design["kind"]]


def _bar_rows(axes: Axes, designs: Sequence[Mapping[str, Any]]) -> None:
    """Put one row for each design on the y axis, the first on top."""
    axes.set_yticks(range(len(designs)), [design["name"] for design in designs])
    axes.set_ylim(len(designs) - 0.5, -0.5)
    for label, design in zip(axes.get_yticklabels(), designs, strict=True):
        label.set(color=_colour(design), fontsize=11, fontweight="bold")


# ---------------------------------------------------------------------------------------------------- figures


def accuracy_figure(report: Report) -> Drawing:
    """Draw accuracies of float, golden model and RTL, with 95 % intervals for the number of samples."""
    designs = report["designs"]
    figure = new_figure(8.6, 0.5 + 0.95 * len(designs))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    lowest = 1.0
    for row, design in enumerate(designs):
        for offset, (name, marker) in zip(
            (-0.24, 0, 0.24), (("float", "o"), ("golden", "s"), ("rtl", "D")), strict=True
        ):
            value = design["accuracy"].get(name)
            if value is None:
                continue
            samples = design["rtl_samples"] if name == "rtl" else report["workload"]["samples"]
            some = f" on {samples:,}" if samples < report["workload"]["samples"] else ""
            label = f"RTL{some}" if name == "rtl" else name
            low, high = wilson_interval(value, samples)
            lowest = min(lowest, low)
            axes.plot([100 * low, 100 * high], [row + offset] * 2, color=_colour(design), linewidth=1.2)
            axes.plot(
                100 * value,
                row + offset,
                marker,
                color=_colour(design),
                markersize=7,
                markerfacecolor=COLOUR["paper"] if name == "float" else _colour(design),
            )
            axes.annotate(
                f"{label} {100 * value:.1f}",
                (100 * high, row + offset),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                color=COLOUR["ink"],
                **on_paper(),
            )
    _bar_rows(axes, designs)
    axes.set_xlim(np.floor(100 * lowest) - 0.2, 101.2)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 100])
    axes.set_xlabel("accuracy, % (axis does not start at zero)", color=COLOUR["muted"])
    return render(figure, "Accuracy: float, golden model and RTL")


def wilson_interval(fraction: float, samples: int) -> tuple[float, float]:
    """Return the 95 % interval of a success rate (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    z = 1.96
    centre = fraction + z * z / (2 * samples)
    half = z * np.sqrt(fraction * (1 - fraction) / samples + z * z / (4 * samples * samples))
    scale = 1 + z * z / samples
    return float((centre - half) / scale), float(min(1.0, (centre + half) / scale))


def cycles_figure(report: Report) -> Drawing:
    """Draw how the cycles per inference are distributed over the samples, one row for each design."""
    designs = report["designs"]
    figure = new_figure(8.6, 0.4 + 1.2 * len(designs))
    every = figure.subplots(len(designs), 1, sharex=True, squeeze=False)[:, 0]
    samples = [np.atleast_1d(d.get("cycles_samples", d["cycles"]["mean"])) for d in designs]
    top = max(float(values.max()) for values in samples)
    bins = np.linspace(0, 1.04 * top, 105)
    for axes, design, values in zip(every, designs, samples, strict=True):
        style_axes(axes, grid="x")
        heights, edges = np.histogram(values, bins)
        axes.bar(edges[:-1], heights / values.size, np.diff(edges), align="edge", color=_colour(design))
        axes.set_yticks([])
        peak = heights.max() / values.size
        axes.set_ylim(0, 1.75 * peak)
        axes.set_xlim(0, bins[-1])
        cycles = design["cycles"]
        if values.min() == values.max():
            text = f"{significant(cycles['mean'])} cycles, every sample"
        else:
            mean, low, high = (significant(cycles[key]) for key in ("mean", "p5", "p95"))
            text = f"mean {mean}, 5 to 95 %: {low} to {high}"
            axes.plot([cycles["mean"]] * 2, [0, 1.2 * peak], color=COLOUR["ink"], linewidth=1)
        axes.annotate(
            text,
            (cycles["mean"], 1.3 * peak),
            ha="right" if cycles["mean"] > 0.6 * top else "left",
            fontsize=9.5,
            color=COLOUR["ink"],
            **on_paper(),
        )
        axes.set_ylabel(
            design["name"], rotation=0, ha="right", va="center", color=_colour(design), fontweight="bold", fontsize=11
        )
    every[-1].xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    every[-1].set_xlabel("cycles per inference; height: share of the samples", color=COLOUR["muted"])
    return render(figure, "Distribution of cycles per inference over the samples")


def energy_figure(report: Report) -> Drawing:
    """Draw the mean energy per inference at both levels as stacked parts; at level 2 with 5 to 95 % of the samples."""
    designs = [design for design in shown(report) if design.get("levels")]
    rows = [(design, side) for design in designs for side in ("counted", "measured")]
    figure = new_figure(8.6, 1.35 + 0.5 * len(rows))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    left = np.zeros(len(rows))
    for part, label in ENERGY_LABELS.items():
        widths = np.asarray([_part(design["levels"], part, side) for design, side in rows]) / 1000
        if not widths.any():
            continue
        axes.barh(
            range(len(rows)),
            widths,
            0.66,
            left=left,
            color=COLOUR[part],
            edgecolor=COLOUR["paper"],
            linewidth=1,
            label=label,
        )
        left += widths
    ends = left.copy()
    for row, (design, side) in enumerate(rows):
        if side == "measured":
            spread = [design["counted_pj"][key] / 1000 for key in ("p5", "p95")]
            if significant(spread[0]) != significant(spread[1]):
                axes.plot(spread, [row, row], color=COLOUR["ink"], linewidth=1.4, marker="|", markersize=7)
            ends[row] = max(ends[row], spread[1])
        axes.annotate(
            f"{significant(left[row])} nJ",
            (ends[row], row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=11,
            fontweight="bold" if side == "measured" else "normal",
            color=COLOUR["ink"],
            **on_paper(),
        )
    names = [f"{design['name']}, level {1 if side == 'counted' else 2}" for design, side in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for text, (design, side) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set(color=_colour(design), fontsize=10.5, fontweight="bold" if side == "measured" else "normal")
    axes.set_xlim(0, 1.16 * ends.max())
    axes.set_xlabel("energy per inference, nJ; line: 5 to 95 % of the samples", color=COLOUR["muted"])
    figure.legend(
        loc="outside upper left", ncols=3, frameon=False, fontsize=9.5, labelcolor=COLOUR["ink"], handlelength=1
    )
    return render(figure, "Energy per inference by part, by operation counts and by the hardware's counters")


def _part(levels: Sequence[Mapping[str, Any]], part: str, side: str) -> float:
    """PJ of one part; terms that belong to none count as control."""
    known = {term for terms in PARTS.values() for term in terms}
    return sum(
        row[side] for row in levels if row["term"] in PARTS[part] or (part == "queues" and row["term"] not in known)
    )


def summary_figure(report: Report) -> Drawing:
    """Draw the answer as one wide picture that stands alone: the verdict above energy, latency and area."""
    designs = report["designs"]
    sentence = textwrap.wrap(report["verdict"]["sentence"], 112)
    figure = new_figure(11.5, 1.75 + 0.27 * len(sentence))
    figure.suptitle("\n".join(sentence), x=0.012, ha="left", fontsize=13, linespacing=1.45, color=COLOUR["ink"])
    timed = all(design.get("latency_us") for design in designs)
    panels = (
        (
            "energy per inference, pJ",
            [_figure_of(d, "counted_pj", "total") or _figure_of(d, "energy_pj", "total") for d in designs],
        ),
        (
            "latency, µs" if timed else "cycles per inference",
            [_figure_of(d, "latency_us" if timed else "cycles", "mean") for d in designs],
        ),
        ("area, LUT4", [_figure_of(d, "fpga", "lut4") for d in designs]),
        ("DSP blocks", [_figure_of(d, "fpga", "dsp") for d in designs]),
    )
    for index, (axes, (label, values)) in enumerate(zip(figure.subplots(1, len(panels)), panels, strict=True)):
        style_axes(axes, grid="x")
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.barh(range(len(designs)), [value or 0 for value in values], 0.6, color=[_colour(d) for d in designs])
        _bar_rows(axes, designs)
        if index:
            axes.set_yticklabels([])
        axes.set_xlim(0, 1.45 * max([value or 0 for value in values] + [1e-9]))
        for row, value in enumerate(values):
            text = MISSING if value is None else significant(value)
            axes.annotate(
                text,
                (value or 0, row),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=11,
                color=COLOUR["ink"],
            )
        axes.set_title(label, loc="left", fontsize=11, color=COLOUR["muted"])
    return render(figure, "Spikes or not: the verdict with energy, latency and area")


def _figure_of(design: Mapping[str, Any], part: str, key: str) -> float | None:
    return design[part][key] if design.get(part) else None
