"""The break-even surface as files: ``break_even.json`` with all data, ``.csv`` with one line per point and level, and a
figure."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tospike.compare.csv_text import to_csv
from tospike.compare.plain import to_plain
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.surface import BreakEven
from tospike.gen.files.output import to_json
from tospike.gen.files.results_folder import write_results

if TYPE_CHECKING:  # importing matplotlib is slow
    from tospike.compare.report.figures.drawing import Drawing

FILES = tuple(f"break_even.{kind}" for kind in ("json", "csv", "svg", "pdf"))
_POINT = tuple(field.name for field in fields(Point) if field.name != "spike_rate")  # which the surface varies
COLUMNS = (*_POINT, "level", "cells", "delays", "n_star", "n_max", "ann_pj")


def line(item: BreakEven) -> tuple[object, ...]:
    """Return one configuration at one level, in the order of `COLUMNS`."""
    point = (getattr(item.point, name) for name in _POINT)
    return (*point, item.level.value, item.cells, item.delays, item.n_star, item.n_max, item.ann.pj)


def _whole(item: BreakEven) -> Mapping[str, Any]:
    """Return one configuration at one level, with the energies of both sides."""
    curve = [{"n": n, **to_plain(side)} for n, side in item.curve]
    return {**dict(zip(COLUMNS, line(item), strict=True)), "ann": to_plain(item.ann), "snn": curve}


def write_surface(out: Path, found: Sequence[BreakEven], drawing: "Drawing") -> None:
    """Write the files to the folder ``out``; the same results give the same bytes."""
    texts = to_json([_whole(item) for item in found]), to_csv(COLUMNS, map(line, found))
    write_results(out, dict(zip(FILES, (*texts, *map(drawing.file, FILES[2:])), strict=True)))
