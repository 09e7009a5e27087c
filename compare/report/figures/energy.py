"""Figures of accuracy over energy, and of break-even points."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tospike.compare.energy.gates.place import GatePlace
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.report.candidates import short_name
from tospike.compare.report.figures.drawing import (
    COLOUR,
    Drawing,
    label_log_axis,
    name_beside,
    new_figure,
    on_paper,
    render,
    style_axes,
)
from tospike.compare.report.figures.labels import Label, place_labels
from tospike.compare.report.numbers import significant
from tospike.compare.report.study import BreakEvenReport, StudyReport
from tospike.compare.report.variations import MatchedQnnComparison, Point


def accuracy_energy_figure(report: StudyReport) -> Drawing:
    """Draw accuracy over energy: both networks as given, and with one parameter changed."""
    points = [
        Point(
            kind=variant.kind,
            label=variant.change.split(": ", 1)[1] if variant.change else "",
            accuracy=variant.accuracy,
            pj=variant.pj,
            front=False,
        )
        for variant in report.variants or ()
    ]
    return _accuracy_over_energy(report, points, "Accuracy over energy, with one parameter changed at a time")


def iso_accuracy_figure(report: StudyReport) -> Drawing:
    """Draw accuracy over energy: both networks over bits and time steps, with their Pareto fronts."""
    points = report.iso_accuracy.points if report.iso_accuracy else ()
    return _accuracy_over_energy(report, points, "Accuracy over energy, over bits and time steps")


def fronts_figure(report: StudyReport) -> Drawing:
    """Draw accuracy over energy: the candidates of a search, with the Pareto fronts of both sides."""
    points = [
        Point(kind=each.side, label=short_name(each), accuracy=each.accuracy, pj=each.energy_pj, front=each.on_front)
        for each in report.candidates
    ]
    return _accuracy_over_energy(report, points, "Accuracy over energy: the candidates of both sides")


def _accuracy_over_energy(report: StudyReport, points: Sequence[Point], title: str) -> Drawing:
    """Draw ``points``, their Pareto fronts, and controls."""
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots()
    style_axes(axes, grid="y")
    axes.grid(visible=True, axis="x", color=COLOUR["rule"], linewidth=0.8)
    labels, busy = [], []
    for kind in ("ann", "snn", "hybrid"):
        found = sorted((p for p in points if p.kind == kind), key=lambda p: p.pj)
        if not found:
            continue
        best = _frontier(found)
        front = np.array([(p.pj / 1000, 100 * p.accuracy) for p in best])
        axes.plot(*front.T, color=COLOUR[kind], linewidth=1.2, drawstyle="steps-post", label=kind.upper())
        busy += _on_steps(front)
        for point in found:
            x, y = point.pj / 1000, 100 * point.accuracy
            axes.plot(x, y, "o", color=COLOUR[kind], markersize=5 if point.label else 11)
            busy += [(x, y)] * (3 if point.label else 12)  # covering a marker is worse than covering a line
            if point.label and point in best:
                labels.append(Label(text=point.label, x=x, y=y, colour=COLOUR[kind]))
    for design in report.controls:
        x, y = design.counters_pj.total / 1000, 100 * design.accuracy.golden
        matched = report.matched_qnn
        name = design.name
        if design.kind == "qnn" and isinstance(matched, MatchedQnnComparison):
            name = f"bit-matched QNN, {matched.bits} bits"
        axes.plot(x, y, "D", color=COLOUR[design.kind], markersize=9, label=name)
        busy += [(x, y)] * 3
    axes.margins(x=0.28, y=0.1)
    label_log_axis(axes, "x", "energy per inference, nJ (hardware counters; large: as given)")
    axes.set_ylabel("accuracy, %", color=COLOUR["muted"])
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9.5, labelcolor=COLOUR["ink"])
    place_labels(axes, labels, np.array(busy))
    return render(figure, title)


def _on_steps(corners: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return points along a step line, energy first, then accuracy."""
    line: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise(corners.tolist()):
        line += [(at, y) for at in np.geomspace(x, next_x, 6)]
        line += [(next_x, at) for at in np.linspace(y, next_y, 4)]
    return line


def _frontier(found: Sequence[Point]) -> list[Point]:
    """Return the Pareto front; ``found`` ascends in energy."""
    best: list[Point] = []
    for point in found:
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def break_even_figure(report: StudyReport) -> Drawing:
    """Draw the network's spikes per activation, and its own, published and general break-even points."""
    found = report.break_even
    assert found is not None  # else there is no such figure
    rows = list(_break_even_rows(found))
    figure = new_figure(8.6, 1.1 + 0.27 * len(rows))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    values = [value for _, low, high, _ in rows for value in (low, high) if value > 0] + [found.n]
    left, right = min(values) / 1.8, max(values) * 1.8
    for row, (_, low, high, colour) in enumerate(rows):
        if high > 0:
            _span(axes, row, max(low, left), high, COLOUR[colour])
        else:  # outside the axis
            axes.plot([left], [row], "<", color=COLOUR[colour], markersize=7, clip_on=False)
            _name(axes, row, left, "0: at no number of spikes", COLOUR[colour])
    axes.axvline(found.n, color=COLOUR["snn"], linewidth=1.6)
    style = {"fontsize": 9.5, "fontweight": "bold", **on_paper()}
    here = f"this network: n = {significant(found.n)}"
    name_beside(axes, here, (found.n, -0.9), 5, color=COLOUR["snn"], **style)
    axes.set_xlim(left, right)
    axes.set_ylim(len(rows) - 0.4, -1.5)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    for text, (_, _, _, colour) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set(color=COLOUR[colour], fontsize=9.5)
    label_log_axis(axes, "x", "n*: spikes per non-zero activation\nbelow which the SNN needs less energy")
    return render(figure, "Break-even points, and where this network lies")


def _break_even_rows(found: BreakEvenReport) -> Iterator[tuple[str, float, float, str]]:
    """Yield name, lower end, upper end and colour of every break-even point."""
    yield from ((f"this network, {name}", n, n, "snn") for name, n in found.n_star.items())
    if found.gates:
        yield from _in_gates(found.gates)
    yield from ((name, low, high, "ink") for name, (low, high) in found.published.items())
    yield from ((f"1 MiB SRAM, {name}", n, n, "muted") for name, n in found.formula.items())


def _in_gates(place: GatePlace) -> Iterator[tuple[str, float, float, str]]:
    """Yield the interval with delays, or without if only that is known."""
    for delays in (DelayModel.LIBRARY, DelayModel.ZERO):
        if interval := place.n_star.get(delays):
            yield f"this network, gates, {place.library}", interval[1], interval[2], "snn"
            return


def _span(axes: Axes, row: int, low: float, high: float, colour: str) -> None:
    """Draw a dot, or a bar between two dots."""
    axes.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="round")
    axes.plot([low, high], [row, row], "o", color=colour, markersize=5.5)
    text = significant(high) if low == high else f"{significant(low)} to {significant(high)}"
    _name(axes, row, high, text, colour)


def _name(axes: Axes, row: int, place: float, text: str, colour: str) -> None:
    name_beside(axes, text, (place, row), 8, color=colour, fontsize=9, **on_paper())
