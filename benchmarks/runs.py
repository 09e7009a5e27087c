"""Cycles in RTL, equal to the golden model's: products on arrays, spike trains on cores (``tospike bench``)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.command import tospike_json
from benchmarks.markdown import table

Row = dict[str, Any]


def cells(settings: Mapping[str, Any]) -> dict[str, str]:
    """The command of each row, by its name in the table."""
    return {name: f"bench {arguments}" for name, arguments in settings["rows"].items()}


def measure(cell: str, data: Path | None) -> Row:
    """One run in RTL; the command fails where RTL and golden model differ."""
    result = tospike_json(cell, data=data)
    return {"command": cell, "result": result if isinstance(result, dict) else result[-1]}


def render(settings: Mapping[str, Any], rows: Mapping[str, Row]) -> str:
    """The measured quantities that the table names, and the command."""
    shown = settings["columns"]
    lines = [
        [
            name,
            *(f"{rows[name]['result'][key]:{form}}" for key, form in shown.values()),
            f"`tospike {rows[name]['command']}`",
        ]
        for name in cells(settings)
    ]
    return table([settings["head"], *shown, "by"], lines)
