"""The report's figures about energy beyond its parts: distributions, accuracy, break-even."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tospike.compare.gates.parts import PARTS
from tospike.compare.report.drawing import COLOUR, Drawing, label_log_axis, new_figure, on_paper, render, style_axes
from tospike.compare.report.labels import Label, place_labels
from tospike.compare.report.numbers import significant
from tospike.compare.report.tables import LEVELS

Report = Mapping[str, Any]
"""report.json."""

LEVEL_LABELS: Mapping[str, str] = {
    "counts": "counts",
    "counters": "counters",
    "zero": "gates, no delays",
    "library": "gates",
}
PART_COLOURS: Mapping[str, str] = {
    "mac": "mac",
    "neuron": "neuron",
    "memories": "weights",
    "queues": "queues",
    "control": "state",
    "clock": "clock",
    "leakage": "leakage",
}
"""Parts of the gates, each with the colour of what it stands for at the other levels."""


def energy_distribution_figure(report: Report) -> Drawing:
    """Draw how the energy per inference (level 2) is distributed over the samples, one row for each design."""
    designs = [design for design in report["designs"] if design.get("counted_pj")]
    figure = new_figure(8.6, 0.4 + 1.2 * len(designs))
    every = figure.subplots(len(designs), 1, sharex=True, squeeze=False)[:, 0]
    samples = [np.asarray(design["counted_pj"]["samples"]) / 1000 for design in designs]
    bins = np.linspace(0, 1.04 * max(float(values.max()) for values in samples), 105)
    for axes, design, values in zip(every, designs, samples, strict=True):
        style_axes(axes, grid="x")
        heights, edges = np.histogram(values, bins)
        axes.bar(edges[:-1], heights / values.size, np.diff(edges), align="edge", color=COLOUR[design["kind"]])
        peak = heights.max() / values.size
        axes.set_yticks([])
        axes.set_ylim(0, 1.75 * peak)
        axes.set_xlim(0, bins[-1])
        p5, p95 = np.percentile(values, (5, 95))
        mean = float(values.mean())
        spread = f"mean {significant(mean)}, 5 to 95 %: {significant(float(p5))} to {significant(float(p95))} nJ"
        axes.annotate(
            f"{significant(mean)} nJ, every sample" if p5 == p95 else spread,
            (mean, 1.3 * peak),
            ha="right" if mean > 0.6 * bins[-1] else "left",
            fontsize=9.5,
            color=COLOUR["ink"],
            **on_paper(),
        )
        axes.set_ylabel(
            design["name"],
            rotation=0,
            ha="right",
            va="center",
            color=COLOUR[design["kind"]],
            fontweight="bold",
            fontsize=11,
        )
    every[-1].set_xlabel("energy per inference, nJ; height: share of the samples", color=COLOUR["muted"])
    return render(figure, "Distribution of the energy per inference over the samples")


def levels_figure(report: Report) -> Drawing:
    """Draw the mean energy per inference at all three levels as stacked parts, with one technology's prices."""
    rows = [(design, level) for design in report["designs"] if design.get("gates_pj") for level in LEVELS]
    figure = new_figure(8.6, 1.35 + 0.42 * len(rows))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    left = np.zeros(len(rows))
    for part, label in PARTS.items():
        widths = np.asarray([_of_part(design, part, level) for design, level in rows]) / 1000
        axes.barh(
            range(len(rows)),
            widths,
            0.66,
            left=left,
            color=COLOUR[PART_COLOURS[part]],
            edgecolor=COLOUR["paper"],
            linewidth=1,
            label=label,
        )
        left += widths
    for row, total in enumerate(left.tolist()):
        axes.annotate(
            f"{significant(total)} nJ",
            (total, row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=10.5,
            color=COLOUR["ink"],
            **on_paper(),
        )
    axes.set_yticks(range(len(rows)), [f"{design['name']}, {LEVEL_LABELS[level]}" for design, level in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for text, (design, _) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set(color=COLOUR[design["kind"]], fontsize=10.5)
    axes.set_xlim(0, 1.16 * left.max())
    axes.set_xlabel(f"energy per inference, nJ, {rows[0][0]['gates_pj']['library']}", color=COLOUR["muted"])
    figure.legend(
        loc="outside upper left", ncols=4, frameon=False, fontsize=9.5, labelcolor=COLOUR["ink"], handlelength=1
    )
    return render(figure, "Energy per inference by part, by operation counts, by counters and by gates")


def _of_part(design: Mapping[str, Any], part: str, level: str) -> float:
    return float(next(row[level] for row in design["gates_pj"]["parts"] if row["part"] == part))


def accuracy_energy_figure(report: Report) -> Drawing:
    """Draw accuracy over energy: both networks as they are, and with one thing changed."""
    points = [
        {**variant, "label": variant["change"].split(": ", 1)[1] if variant["change"] else ""}
        for variant in report["variants"]
    ]
    return _accuracy_over_energy(report, points, "Accuracy over energy, with one thing changed at a time")


def iso_accuracy_figure(report: Report) -> Drawing:
    """Draw accuracy over energy: both networks over bits and time steps, with their fronts."""
    found = report["iso_accuracy"]
    return _accuracy_over_energy(report, found["points"], "Accuracy over energy, over bits and time steps")


def _accuracy_over_energy(report: Report, points: Sequence[Mapping[str, Any]], title: str) -> Drawing:
    """Draw ``points`` (kind, label, accuracy, pj; an empty label is a network as it is), their fronts, and controls."""
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots()
    style_axes(axes, grid="y")
    axes.grid(visible=True, axis="x", color=COLOUR["rule"], linewidth=0.8)
    labels, busy = [], []
    for kind in ("ann", "snn"):
        found = sorted((p for p in points if p["kind"] == kind), key=lambda p: p["pj"])
        best = _frontier(found)
        front = np.array([(p["pj"] / 1000, 100 * p["accuracy"]) for p in best])
        axes.plot(*front.T, color=COLOUR[kind], linewidth=1.2, drawstyle="steps-post", label=kind.upper())
        busy += _on_steps(front)
        for point in found:
            x, y = point["pj"] / 1000, 100 * point["accuracy"]
            axes.plot(x, y, "o", color=COLOUR[kind], markersize=5 if point["label"] else 11)
            busy += [(x, y)] * (3 if point["label"] else 12)  # worse to cover than a piece of a line
            if point["label"] and point in best:
                labels.append(Label(text=point["label"], x=x, y=y, colour=COLOUR[kind]))
    for design in report.get("controls", ()):
        x, y = design["counted_pj"]["total"] / 1000, 100 * design["accuracy"]["golden"]
        name = f"{report['twin']['bits']}-bit twin of the SNN"
        axes.plot(x, y, "D", color=COLOUR[design["kind"]], markersize=9, label=name)
        busy += [(x, y)] * 3
    axes.margins(x=0.28, y=0.1)
    label_log_axis(axes, "x", "energy per inference, nJ (level 2; large: as it is)")
    axes.set_ylabel("accuracy, %", color=COLOUR["muted"])
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9.5, labelcolor=COLOUR["ink"])
    place_labels(axes, labels, np.array(busy))
    return render(figure, title)


def _on_steps(corners: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Points on a line of steps, energy first, then accuracy."""
    line: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise(corners.tolist()):
        line += [(at, y) for at in np.geomspace(x, next_x, 6)]
        line += [(next_x, at) for at in np.linspace(y, next_y, 4)]
    return line


def _frontier(found: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Points that are more accurate than all that need less energy; ``found`` ascends in energy."""
    best: list[Mapping[str, Any]] = []
    for variant in found:
        if not best or variant["accuracy"] > best[-1]["accuracy"]:
            best.append(variant)
    return best


def break_even_figure(report: Report) -> Drawing:
    """Draw the network's spikes per activation beside the published, the general and its own break-even points."""
    found = report["break_even"]
    rows: list[tuple[str, float, float, str]] = []
    rows += [(f"this network, {name}", n, n, "snn") for name, n in found["n_star"].items()]
    if gates := found.get("gates"):
        name = f"this network, gates, {gates['library']}"
        places = [gates["n_star"][delays] for delays in ("library", "zero") if gates["n_star"].get(delays)]
        rows += [(name, low, high, "snn") for _, low, high in places[:1]]
    rows += [(name, low, high, "ink") for name, (low, high) in found["published"].items()]
    rows += [(f"1 MiB SRAM, {name}", n, n, "muted") for name, n in found["formula"].items()]
    figure = new_figure(8.6, 1.1 + 0.27 * len(rows))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    values = [value for _, low, high, _ in rows for value in (low, high) if value > 0] + [found["n"]]
    left, right = min(values) / 1.8, max(values) * 1.8
    for row, (_, low, high, colour) in enumerate(rows):
        if high > 0:
            _span(axes, row, max(low, left), high, COLOUR[colour])
        else:  # off the axis
            axes.plot([left], [row], "<", color=COLOUR[colour], markersize=7, clip_on=False)
            _name(axes, row, left, "0: at no number of spikes", COLOUR[colour])
    axes.axvline(found["n"], color=COLOUR["snn"], linewidth=1.6)
    axes.annotate(
        f"this network: n = {significant(found['n'])}",
        (found["n"], -0.9),
        xytext=(5, 0),
        textcoords="offset points",
        fontsize=9.5,
        va="center",
        color=COLOUR["snn"],
        fontweight="bold",
        **on_paper(),
    )
    axes.set_xlim(left, right)
    axes.set_ylim(len(rows) - 0.4, -1.5)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    for text, (_, _, _, colour) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set(color=COLOUR[colour], fontsize=9.5)
    label_log_axis(axes, "x", "n*: spikes per non-zero activation\nbelow which the SNN needs less energy")
    return render(figure, "Break-even points, and where this network lies")


def _span(axes: Axes, row: int, low: float, high: float, colour: str) -> None:
    """A dot, or a bar between two."""
    axes.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="round")
    axes.plot([low, high], [row, row], "o", color=colour, markersize=5.5)
    text = significant(high) if low == high else f"{significant(low)} to {significant(high)}"
    _name(axes, row, high, text, colour)


def _name(axes: Axes, row: int, place: float, text: str, colour: str) -> None:
    axes.annotate(
        text,
        (place, row),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=colour,
        **on_paper(),
    )
