"""snn.json as a picture."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.plot import OS, OTHER, WS, Row, plain

SHADES = ("#9ec5e8", "#5b9bd0", OS, "#083a66", "#03182b")
"""Of one quantity, light to dark as it grows."""


def draw(result: Mapping[str, Any]) -> str:
    """Cycles over the spike rate, clock and logic over lanes, accuracy over weights and steps, as SVG text."""
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "snn", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(9.5, 3.3), layout="constrained")
        figure.patch.set_facecolor("white")
        axes = figure.subplots(1, 3, width_ratios=(1.2, 1, 1.2))
        _rates(axes[0], result["rates"])
        _lanes(axes[1], [row for row in result["area"] if row["target"] == "ecp5-85k" and row["neurons"] == 256])
        _accuracy(axes[2], result["accuracy"])
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=nothing)
    return text.getvalue()


def _rates(axes: Axes, rows: Sequence[Row]) -> None:
    plain(axes, "Cycles per step, 256 x 256, logarithmic")
    for shade, lanes in zip(SHADES, sorted({row["lanes"] for row in rows}), strict=False):
        mine = [row for row in rows if row["lanes"] == lanes and row["rate"] > 0]
        axes.plot(
            [row["rate"] for row in mine], [row["cycles"] / row["steps"] for row in mine], color=shade, marker="o", ms=3
        )
        last = mine[-1]
        end = (last["rate"], last["cycles"] / last["steps"])
        axes.annotate(f"{lanes} lanes", end, xytext=(5, 0), textcoords="offset points", color=shade, va="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.autoscale(axis="y")
    axes.set_xlim(right=5)
    axes.set_xlabel("spikes per input and step, logarithmic")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.minorticks_off()


def _lanes(axes: Axes, rows: Sequence[Row]) -> None:
    plain(axes, "MHz, and LUT4 + 2 carry / 10")
    lanes = [row["lanes"] for row in rows]
    axes.plot(lanes, [row["fmax_mhz"] for row in rows], color=WS, marker="o", ms=3)
    _label(axes, "clock", (lanes[0], rows[0]["fmax_mhz"]), WS)
    area = [(row["lut4"] + 2 * row["carry"]) / 10 for row in rows]
    axes.plot(lanes, area, color=OTHER, marker="o", ms=3)
    _label(axes, "logic", (lanes[0], area[0]), OTHER)
    axes.set_xscale("log", base=2)
    axes.set_xticks(lanes, [str(count) for count in lanes])
    axes.minorticks_off()
    axes.autoscale(axis="y")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("lanes, logarithmic")


def _label(axes: Axes, text: str, where: tuple[float, float], colour: str) -> None:
    axes.annotate(text, where, xytext=(0, -7), textcoords="offset points", color=colour, va="top")


def _accuracy(axes: Axes, rows: Sequence[Row]) -> None:
    plain(axes, "Digits, % right, over bits of a weight")
    counts = sorted({row["steps"] for row in rows})
    for shade, steps in zip(SHADES, counts, strict=False):
        mine = [row for row in rows if row["steps"] == steps]
        values = [100 * row["accuracy"] for row in mine]
        axes.plot([row["weight_bits"] for row in mine], values, color=shade, marker="o", ms=3, label=f"{steps} steps")
    axes.set_ylim(top=100)
    axes.legend(frameon=False, loc="lower right")
