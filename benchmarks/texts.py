"""What a command prints on standard output, as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.command import tospike

Row = dict[str, Any]


def cells(settings: Mapping[str, Any]) -> dict[str, str]:
    """The one command."""
    return {"output": settings["command"]}


def measure(cell: str, data: Path | None) -> Row:
    """Run the command."""
    lines = tospike(cell, data=data).strip("\n").splitlines()
    return {"command": cell, "lines": [line.rstrip() for line in lines]}


def render(settings: Mapping[str, Any], rows: Mapping[str, Row]) -> str:
    """A block of code."""
    return "\n".join(["```", *rows["output"]["lines"], "```", ""])
