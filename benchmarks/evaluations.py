"""Accuracy and cycles of the golden model over two kinds of options: ``tospike evaluate``, one run per cell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.command import tospike_json
from benchmarks.markdown import table

Row = dict[str, Any]


def cells(settings: Mapping[str, Any]) -> dict[str, str]:
    """The command of each cell, by row and column."""
    return {
        f"{row} | {column}": " ".join(f"evaluate {settings['evaluate']} {row_options} {column_options}".split())
        for row, row_options in settings["rows"].items()
        for column, column_options in settings["columns"].items()
    }


def measure(cell: str, data: Path | None) -> Row:
    """One run of the golden model."""
    result = tospike_json(cell, data=data)
    return {
        "command": cell,
        "samples": result["samples"],
        "accuracy": result["accuracy"],
        "cycles": result["cycles"]["mean"],
    }


def render(settings: Mapping[str, Any], rows: Mapping[str, Row]) -> str:
    """Accuracy and mean cycles per sample."""
    lines = []
    for name in settings["rows"]:
        measured = [rows[f"{name} | {column}"] for column in settings["columns"]]
        lines.append([name, *(f"{100 * cell['accuracy']:.1f} %, {cell['cycles']:,.0f}" for cell in measured)])
    counts = sorted({rows[name]["samples"] for name in cells(settings)})
    samples = " or ".join(f"{count:,}" for count in counts)
    last = list(cells(settings).values())[-1]
    note = f"Accuracy and mean cycles of the golden model, {samples} samples; the last cell is `tospike {last}`."
    return f"{table([settings['head'], *settings['columns']], lines)}\n{note}\n"
