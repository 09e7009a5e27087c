"""ann.json as a picture."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OS, WS, OTHER, INK, RULE = "#0b64a8", "#c4520c", "#a5a9af", "#1b1f24", "#d5d9de"
"""Blue and orange are told apart by every common colour vision."""
COLOURS = {"os": OS, "ws": WS}
NAMES = {"os": "output-stationary", "ws": "weight-stationary"}

Row = Mapping[str, Any]


def draw(result: Mapping[str, Any]) -> str:
    """Utilisation on 8 x 8, clock and logic over the size of the array, as SVG text."""
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ann", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(9.5, 3.3), layout="constrained")
        figure.patch.set_facecolor("white")
        axes = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
        _utilisation(axes[0], [row for row in result["cycles"] if (row["rows"], row["cols"]) == (8, 8)])
        arrays = [row for row in result["area"] if row["target"] == "ecp5-85k"]
        _over_size(axes[1], arrays, "Clock after routing, MHz", lambda row: row["fmax_mhz"])
        _over_size(axes[2], arrays, "LUT4 + 2 carry of the array", lambda row: row["lut4"] + 2 * row["carry"])
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=nothing)
    return text.getvalue()


def plain(axes: Axes, title: str) -> None:
    """A panel with a title and hardly more."""
    axes.set_title(title, loc="left", fontsize=9, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(visible=True, axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylim(bottom=0)


def _utilisation(axes: Axes, rows: Sequence[Row]) -> None:
    """Measured, and what SCALE-Sim's formula gives for the same dataflow."""
    products = list(dict.fromkeys(tuple(row["gemm"]) for row in rows))
    for index, dataflow in enumerate(COLOURS):
        mine = {tuple(row["gemm"]): row for row in rows if row["dataflow"] == dataflow}
        at = [place + (index - 0.5) * 0.38 for place in range(len(products))]
        measured = [100 * mine[product]["utilisation"] for product in products]
        formula = [
            100 * mine[product]["utilisation"] * mine[product]["cycles"] / mine[product]["scale_sim"]
            for product in products
        ]
        axes.bar(at, measured, width=0.34, color=COLOURS[dataflow], label=f"{NAMES[dataflow]}, RTL")
        axes.scatter(
            at, formula, color=INK, marker="_", s=140, zorder=3, label=None if index else "SCALE-Sim's formula"
        )
    axes.set_xticks(range(len(products)), ["×".join(map(str, product)) for product in products])
    plain(axes, "Utilisation of 8×8 multiply-accumulators, % (M×N×K)")
    axes.set_ylim(0, 100)


def _over_size(axes: Axes, rows: Sequence[Row], title: str, value: Any) -> None:
    for dataflow, colour in COLOURS.items():
        mine = sorted((row for row in rows if row["dataflow"] == dataflow), key=lambda row: row["rows"] * row["cols"])
        labels = [f"{row['rows']}×{row['cols']}" for row in mine]
        axes.plot(labels, [value(row) for row in mine], color=colour, marker="o", markersize=4)
    plain(axes, title)
