"""Figures of one sample: the input, a raster of every layer, membranes, and energy and answer over time."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tospike.compare.demo.record import Activity, DesignDemo, Layer, Moment
from tospike.compare.report.figures.drawing import (
    COLOUR,
    Drawing,
    name_beside,
    new_figure,
    render,
    style_axes,
)
from tospike.compare.report.figures.recording import draw_sample
from tospike.compare.report.numbers import significant
from tospike.gen.data.data_set import DataSet
from tospike.sim.arithmetic import Ints

MARKS = 4_000
"""Spikes of a raster that are drawn one by one; more become a picture."""
BARS = 160
"""Activations of a layer that are drawn as bars; more become a picture."""
FEW_STEPS = 20
"""Steps up to which each is marked on a line."""
NAMES = 16
"""Outputs whose lines are named."""


def input_figure(data: DataSet, sample: int) -> Drawing:
    """Draw the sample: an image, a raster or a curve."""
    figure = draw_sample(data, sample, "")
    if figure.axes and not figure.axes[0].axison:  # a picture needs no more room than it has pixels
        figure.set_size_inches(3, 3)
    return render(figure, f"Sample {sample} of {data.name}")


def activity_figure(design: DesignDemo) -> Drawing:
    """Draw what every layer sends: over time where it has steps, else as bars; then the membranes of the last one."""
    panels = len(design.layers) + (design.membranes is not None)
    heights = [_height(layer) for layer in design.layers] + [2.6] * (design.membranes is not None)
    figure = new_figure(8.6, 0.4 + sum(heights))
    several = figure.subplots(panels, squeeze=False, height_ratios=heights)[:, 0]
    for axes, layer in zip(several, design.layers, strict=False):
        style_axes(axes, grid="x" if layer.has_steps else "y")
        axes.set_title(_title(layer), loc="left", fontsize=10, color=COLOUR["ink"])
        (_raster if layer.has_steps else _frame)(axes, layer, design.time_axis)
    if design.membranes is not None:
        _membranes(several[-1], design)
    return render(figure, f"What the layers of {design.name} do")


def _height(layer: Layer) -> float:
    return 1.5 if not layer.has_steps else min(3.2, 1.1 + layer.values.shape[1] / 40)


def _title(layer: Layer) -> str:
    neurons = layer.values.shape[1]
    if layer.has_steps:
        return f"{layer.name}: {neurons:,} neurons, {layer.events:,} {layer.activity}"
    return f"{layer.name}: {neurons:,} activations, {layer.events:,} other than 0"


def _raster(axes: Axes, layer: Layer, steps: int) -> None:
    """Draw a mark for each spike; with payloads, or many, a picture that is darker where they are larger."""
    values = layer.values
    count, neurons = values.shape
    step, neuron = np.nonzero(values)
    is_binary = layer.activity is Activity.SPIKES and values.max(initial=0) <= 1
    if is_binary and len(step) <= MARKS:
        axes.hlines(neuron, step + 0.65, step + 1.35, color=COLOUR["snn"], linewidth=2.4 if neurons <= 128 else 1.2)
    else:
        extent = (0.5, count + 0.5, neurons - 0.5, -0.5)
        axes.imshow(_picture(values.T), aspect="auto", interpolation="none", extent=extent)
    axes.set_xlim(0.5, steps + 0.5)
    axes.set_ylim(-1, neurons)
    axes.set_ylabel("neuron", color=COLOUR["muted"])
    _whole_numbers(axes)


def _whole_numbers(axes: Axes) -> None:
    """Label steps and neurons at whole numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.get_ylabel() == "neuron":
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _picture(values: Ints) -> NDArray[np.float64]:
    """Return (..., 4): orange for values above 0, blue below, transparent at 0, so that any paper shows through."""
    strength = np.abs(values) / max(1, int(np.abs(values).max(initial=0)))
    picture = np.zeros((*values.shape, 4))
    for chosen, colour in ((values > 0, COLOUR["snn"]), (values < 0, COLOUR["ann"])):
        picture[chosen, :3] = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    picture[..., 3] = np.where(strength > 0, 0.25 + 0.75 * strength, 0)
    return picture


def _frame(axes: Axes, layer: Layer, steps: int) -> None:
    values = layer.values[0]
    if len(values) <= BARS:
        axes.bar(range(len(values)), values, 0.8, color=COLOUR["ann"])
        axes.set_xlim(-0.6, len(values) - 0.4)
    else:
        axes.imshow(_picture(layer.values), aspect="auto", interpolation="none")
        axes.set_yticks([])
    axes.set_xlabel("neuron", color=COLOUR["muted"])
    _whole_numbers(axes)


def _membranes(axes: Axes, design: DesignDemo) -> None:
    assert design.membranes is not None
    style_axes(axes, grid="y")
    steps, outputs = design.membranes.shape
    axes.set_title("membranes of the last layer", loc="left", fontsize=10, color=COLOUR["ink"])
    marker = "o" if steps <= FEW_STEPS else None
    gaps = _gaps(design.membranes[-1])
    for number in range(outputs):
        is_answer = number == design.answer
        colour = COLOUR["snn"] if is_answer else COLOUR["muted"]
        line = design.membranes[:, number]
        width = 2.2 if is_answer else 0.9
        axes.plot(range(1, steps + 1), line, color=colour, linewidth=width, marker=marker, markersize=3)
        if is_answer or outputs <= NAMES:
            weight = "bold" if is_answer else "normal"
            place = (steps, line[-1])
            name_beside(axes, f"{number}", place, gaps[number], color=colour, fontsize=9, fontweight=weight)
    if design.threshold is not None:
        axes.axhline(design.threshold, color=COLOUR["ink"], linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate("threshold", (0.5, design.threshold), color=COLOUR["ink"], fontsize=9, va="bottom")
    axes.set_xlim(0.5, max(design.time_axis, steps) + 0.5)
    axes.set_xlabel("time step", color=COLOUR["muted"])
    _whole_numbers(axes)


def _gaps(values: Ints) -> list[float]:
    """Return the distance of each name from the end of its line: names of lines that end close together step aside."""
    least = 0.07 * max(1, int(np.ptp(values)))
    gaps, before = [0.0] * len(values), None
    for number in np.argsort(values, kind="stable").tolist():
        is_close = before is not None and values[number] - values[before] < least
        gaps[number] = gaps[before] + 11 if is_close and before is not None else 8
        before = number
    return gaps


def energy_figure(designs: Sequence[DesignDemo]) -> Drawing:
    """Draw the energy so far over the steps, with the answer at each, and as a line that of designs without steps."""
    figure = new_figure(8.6, 3.2)
    axes = figure.subplots()
    style_axes(axes, grid="y")
    last = max((each.moments[-1].step for each in designs if each.moments), default=1)
    for design in designs:
        colour = COLOUR[design.kind]
        total = design.energy.total / 1000
        if design.moments:
            steps = [moment.step for moment in design.moments]
            spent = [moment.pj / 1000 for moment in design.moments]
            marker = "o" if len(steps) <= FEW_STEPS else None
            axes.plot(steps, spent, color=colour, linewidth=1.8, marker=marker, markersize=4)
            for before, moment in pairwise((None, *design.moments)):
                if moment and (before is None or moment.answer != before.answer):
                    _say_answer(axes, moment, colour)
        else:
            axes.axhline(total, color=colour, linewidth=1.4, linestyle=(0, (5, 3)))
    _name_totals(axes, designs, last)
    axes.set_xlim(0.5, 1.02 * last + 0.1)
    axes.set_ylim(0)
    axes.set_xlabel("time step", color=COLOUR["muted"])
    axes.set_ylabel("energy so far, nJ", color=COLOUR["muted"])
    _whole_numbers(axes)
    return render(figure, "Energy so far, and the answer where it changes")


def _name_totals(axes: Axes, designs: Sequence[DesignDemo], last: int) -> None:
    """Write name and energy beside the end of each line, each a line of text above the one before it at least."""
    least = 0.08 * max(design.energy.total for design in designs) / 1000
    height = -least
    for design in sorted(designs, key=lambda design: design.energy.total):
        total = design.energy.total / 1000
        height = max(total, height + least)
        text = f"{design.name}: {significant(total)} nJ"
        name_beside(axes, text, (last, height), 8, color=COLOUR[design.kind], fontsize=10)


def _say_answer(axes: Axes, moment: Moment, colour: str) -> None:
    style: dict[str, Any] = {"ha": "center", "color": colour, "fontsize": 11, "fontweight": "bold"}
    axes.annotate(f"{moment.answer}", (moment.step, moment.pj / 1000), (0, 6), textcoords="offset points", **style)
