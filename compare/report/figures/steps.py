"""Draw accuracy over the number of time steps."""

from collections.abc import Sequence

from tospike.compare.report.figures.drawing import COLOUR, Drawing, new_figure, render, style_axes


def steps_figure(accuracy: Sequence[float], *, ann: float, title: str) -> Drawing:
    """Draw the accuracy of an SNN after 1, 2, ... steps, and that of the ANN it was converted from."""
    figure = new_figure(7.2, 4.0)
    plot = figure.subplots()
    style_axes(plot, grid="y")
    steps = range(1, len(accuracy) + 1)
    plot.axhline(100 * ann, color=COLOUR["ann"], linewidth=1.4, label=f"ANN: {100 * ann:.2f} %")
    label = f"SNN: {100 * accuracy[-1]:.2f} % after {len(accuracy)} steps"
    plot.plot(steps, [100 * value for value in accuracy], color=COLOUR["snn"], linewidth=1.8, label=label)
    # lower accuracies are not informative: few steps give random results
    plot.set_ylim(max(0.0, 100 * max(accuracy[-1], ann) - 10), 100.5)
    plot.set_xlabel("time steps", color=COLOUR["muted"])
    plot.set_ylabel("accuracy, %", color=COLOUR["muted"])
    plot.legend(loc="lower right", frameon=False, labelcolor=COLOUR["ink"])
    return render(figure, title)
