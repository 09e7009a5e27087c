"""A sweep's results as files: ``sweep.json`` with everything, ``sweep.csv`` with a line per point."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tospike.compare.sweep.point import AXES
from tospike.gen.files import to_json, write_text
from tospike.hw.params import InputError

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


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table, whole or not at all."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def make_folder(out: Path) -> None:
    """Make the folder for the results.

    Raises
    ------
    InputError
        It cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; use another --out") from None


def write_sweep(out: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write ``sweep.json`` and ``sweep.csv``: the same results give the same bytes."""
    write_text(out / "sweep.json", to_json(list(results)))
    write_csv(out / "sweep.csv", COLUMNS, [row(result) for result in results])
