"""Placement of labels in a crowded plot: beside their points, without overlaps, and over few points or lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from tospike.compare.report.figures.drawing import on_paper

_STEPS = (8, 16, 26, 38, 52)
"""Distances of a label from its point, in typographic points."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A label of a point, in data coordinates."""

    text: str
    x: float
    y: float
    colour: str


def place_labels(axes: Axes, labels: Sequence[Label], avoid: NDArray[np.float64], *, fontsize: float = 9) -> None:
    """Write each label where it covers least.

    Parameters
    ----------
    axes
        The axes, with final limits and scales.
    labels
        The labels, the most important first.
    avoid
        (points, 2) data coordinates to keep free: markers, and samples of lines.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # pixel coordinates are final from here on
    scale = figure.dpi / 72
    inside = axes.get_window_extent()
    points = axes.transData.transform(avoid)
    taken: list[Bbox] = []
    for label in labels:
        text = axes.annotate(
            label.text,
            (label.x, label.y),
            textcoords="offset points",
            xytext=(0, 0),
            fontsize=fontsize,
            color=label.colour,
            **on_paper(),
        )
        best = (np.inf, (0.0, 0.0, "left", "center"))
        for place in _places():
            x, y, horizontal, vertical = place
            text.set(position=(x, y), ha=horizontal, va=vertical)
            box = text.get_window_extent().padded(1.5 * scale)
            harm = 20 * sum(box.overlaps(other) for other in taken)
            harm += 100 * (box.x0 < inside.x0 or box.x1 > inside.x1 or box.y0 < inside.y0 or box.y1 > inside.y1)
            near = box.padded(3 * scale)
            harm += ((points > near.min) & (points < near.max)).all(axis=1).sum()
            harm += 0.15 * float(np.hypot(x, y))
            best = min(best, (float(harm), place))
        x, y, horizontal, vertical = best[1]
        text.set(position=(x, y), ha=horizontal, va=vertical)
        taken.append(text.get_window_extent())


def _places() -> Iterator[tuple[float, float, str, str]]:
    """Yield candidate offsets in typographic points, with the text's alignment."""
    for step in _STEPS:
        yield step, 0.0, "left", "center"
        yield -step, 0.0, "right", "center"
        yield 0.0, step, "center", "bottom"
        yield 0.0, -step, "center", "top"
        for side, horizontal in ((1, "left"), (-1, "right")):
            yield 0.7 * side * step, 0.7 * step, horizontal, "bottom"
            yield 0.7 * side * step, -0.7 * step, horizontal, "top"
