"""A sweep's results as files: ``sweep.json`` with all data, ``sweep.csv`` with one line per point."""

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from tospike.compare.csv_text import to_csv
from tospike.compare.plain import to_plain
from tospike.compare.sweep.point import AXES
from tospike.compare.sweep.result import PointResult
from tospike.gen.files.output import to_json
from tospike.gen.files.results_folder import write_results

FILES = ("sweep.json", "sweep.csv")
COLUMNS = (*AXES, "n", "ann_pj", "snn_pj", "ratio", "ann_cycles", "snn_cycles", "ann_um2", "snn_um2")


def row(result: PointResult) -> tuple[object, ...]:
    """Return one point and its figures, in the order of `COLUMNS`."""
    ann, snn = result.ann, result.snn
    figures = (result.n, ann.pj, snn.pj, result.ratio, ann.cycles, snn.cycles, ann.area_um2, snn.area_um2)
    return (*astuple(result.point), *figures)


def write_sweep(out: Path, results: Sequence[PointResult]) -> None:
    """Write ``sweep.json`` and ``sweep.csv``; the same results give the same bytes."""
    table = to_csv(COLUMNS, [row(result) for result in results])
    write_results(out, dict(zip(FILES, (to_json(to_plain(results)), table), strict=True)))
