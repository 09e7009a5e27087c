"""``tables.toml``: which tables the pages have, and the commands that measure each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DATA = "DIR"
"""Stands in a command for the folder of data sets that are not part of tospike."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a page: what kind of measurement, and the settings of that kind."""

    name: str
    kind: str
    settings: Mapping[str, Any]

    @property
    def results(self) -> Path:
        """Where its measurements lie."""
        return RESULTS / f"{self.name}.json"


def tables() -> dict[str, Table]:
    """All tables, by name."""
    told = tomllib.loads((HERE / "tables.toml").read_text())
    return {name: Table(name=name, kind=settings.pop("kind"), settings=settings) for name, settings in told.items()}
