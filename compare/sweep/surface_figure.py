"""Draw the break-even surface with the published results."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from tospike.compare.energy.break_even import PUBLISHED
from tospike.compare.energy.levels import Level
from tospike.compare.report.figures.drawing import COLOUR, Drawing, label_log_axis, new_figure, render, style_axes
from tospike.compare.sweep.surface import BreakEven

LINES = ("mac", "snn", "neuron", "state", "ann", "activations", "weights", "sop")
"""Colours of the lines, in turn."""


_LINE = 1.16
"""Minimum distance of two labels, as a factor on the logarithmic axis."""

STYLES = {Level.COUNTERS: (0, (4, 2)), Level.GATES: "solid"}
"""Line styles, if a figure has both levels."""


def surface_figure(found: Sequence[BreakEven], axes: Mapping[str, Sequence[Any]]) -> Drawing:
    """Draw n* over the last varied numeric axis, with a line per combination of the others and per level."""
    numeric = [name for name, values in axes.items() if len(values) > 1 and not isinstance(values[0], str)]
    along = numeric[-1] if numeric else "rows"
    others = [name for name, values in axes.items() if len(values) > 1 and name != along]
    lines: dict[tuple[tuple[Any, ...], Level], list[tuple[float, BreakEven]]] = {}
    for item in found:
        key = tuple(getattr(item.point, name) for name in others)
        lines.setdefault((key, item.level), []).append((float(getattr(item.point, along)), item))
    colours = {key: COLOUR[LINES[number % len(LINES)]] for number, key in enumerate(dict.fromkeys(k for k, _ in lines))}
    both = len({item.level for item in found}) > 1
    figure = new_figure(8.6, 5.0)
    plot = figure.subplots()
    style_axes(plot, grid="y")
    floor = 0.5 * min([low for p in PUBLISHED for low in _range(p, found)] + [i.n_star for i in found if i.n_star])
    for (key, level), items in lines.items():
        colour = colours[key]
        words = [f"{name.replace('_', ' ')} {value}" for name, value in zip(others, key, strict=True)]
        label = ", ".join([*words, str(level)] if both or not words else words)
        # n* is above the top if the SNN always wins, and at the bottom if it never does
        heights = [item.n_max if item.n_star is None else max(item.n_star, floor) for _, item in items]
        line = STYLES[level] if both else "solid"
        plot.plot([x for x, _ in items], heights, color=colour, linewidth=1.8, linestyle=line, label=label)
        for (x, item), height in zip(items, heights, strict=True):
            marker = "^" if item.n_star is None else "v" if item.n_star == 0 else "o"
            plot.plot(x, height, marker, color=colour, markersize=6)
    _published(plot, found)
    plot.set_ylim(floor / 1.3, 1.5 * max(plot.get_ylim()[1], 1.0))
    label_log_axis(plot, "y", "n*: spikes per non-zero activation")
    values = sorted({x for items in lines.values() for x, _ in items})
    plot.set_xlabel(along.replace("_", " "), color=COLOUR["muted"])
    if values[-1] >= 4 * values[0] > 0:
        plot.set_xlim(values[0] / 1.15, 1.15 * values[-1])
        label_log_axis(plot, "x", along.replace("_", " "))
    plot.set_xticks(values, [f"{x:g}" for x in values])
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9, labelcolor=COLOUR["ink"])
    return render(figure, "Break-even: spikes per activation below which the SNN needs less energy")


def _range(published: Any, found: Sequence[BreakEven]) -> tuple[float, float]:
    return published.spikes_per_activation(density=found[0].point.density)


def _published(plot: Axes, found: Sequence[BreakEven]) -> None:
    """Draw the published results as bands and lines, at the sweep's density of activations, with labels beside the
    plot."""
    place = 0.0
    for published in sorted(PUBLISHED, key=lambda each: _range(each, found)[1]):
        low, high = _range(published, found)
        if high > 1.1 * low:
            plot.axhspan(low, high, color=COLOUR["rule"], alpha=0.45, linewidth=0)
        else:
            plot.axhline(high, color=COLOUR["muted"], linewidth=0.8, linestyle=(0, (4, 3)))
        place = max(high, _LINE * place)
        plot.annotate(
            published.name,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=COLOUR["muted"],
        )
