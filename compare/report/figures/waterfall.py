"""The figure of a waterfall: the ratio of energies after each assumption, for several publications."""

from collections.abc import Mapping, Sequence

from tospike.compare.energy.waterfall import Step
from tospike.compare.report.figures.drawing import COLOUR, Drawing, label_log_axis, new_figure, render, style_axes
from tospike.compare.report.numbers import significant

COLOURS = ("ann", "snn")
"""Of the publications, in their order."""
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100)
"""Ratios to mark."""


def waterfall_figure(found: Mapping[str, Sequence[Step]]) -> Drawing:
    """Draw a line from ratio to ratio for each publication, from the top to the bottom; 1 is where both sides are
    equal."""
    names = [step.name for step in next(iter(found.values()))]
    figure = new_figure(9.0, 1.4 + 0.42 * len(names))
    axes = figure.subplots()
    style_axes(axes, grid="x")
    rows = range(len(names))
    axes.axvline(1.0, color=COLOUR["muted"], linewidth=1.2)
    for (paper, steps), colour in zip(found.items(), COLOURS, strict=False):
        ratios = [step.ratio for step in steps]
        axes.plot(ratios, rows, color=COLOUR[colour], linewidth=1.4, drawstyle="steps-pre", alpha=0.6)
        axes.plot(ratios, rows, "o", color=COLOUR[colour], markersize=6, label=paper)
    last = [steps[row].ratio for row in rows for steps in found.values()]
    for row in rows:
        values = [significant(steps[row].ratio) for steps in found.values()]
        text = values[0] if len(set(values)) == 1 else " and ".join(values)
        axes.annotate(
            text,
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=COLOUR["ink"],
            fontsize=9.5,
        )
    low, high = min(*last, 1) / 1.15, max(*last, 1) * 1.15
    axes.set_xlim(low, high)
    axes.set_yticks(list(rows), names)
    axes.invert_yaxis()
    label_log_axis(axes, "x", "energy of the SNN over that of the ANN")
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9.5, labelcolor=COLOUR["ink"])
    return render(figure, "From published assumptions to this hardware, one at a time")
