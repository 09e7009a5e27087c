"""A sweep's results as files: ``sweep.json`` with everything, ``sweep.csv`` with a line per point."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tospike.compare.sweep.point import AXES
from tospike.gen.files import to_json
from tospike.gen.results_folder import write_results

FILES = ("sweep.json", "sweep.csv")
COLUMNS = (*AXES, "n", "ann_pj", "snn_pj", "ratio", "ann_cycles", "snn_cycles", "ann_um2", "snn_um2")


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """One point and its figures, flat."""
    ann, snn = result["ann"], result["snn"]
    return {
        **result["point"],
        "n": result["n"],
        "ann_pj": ann["pj"],
        "snn_pj": snn["pj"],
        "ratio": snn["pj"] / ann["pj"],
        "ann_cycles": ann["cycles"],
        "snn_cycles": snn["cycles"],
        "ann_um2": ann["area_um2"],
        "snn_um2": snn["area_um2"],
    }


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A table as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_sweep(out: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write ``sweep.json`` and ``sweep.csv``: the same results give the same bytes."""
    table = to_csv(COLUMNS, [row(result) for result in results])
    write_results(out, dict(zip(FILES, (to_json(list(results)), table), strict=True)))
