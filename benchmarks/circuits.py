"""Area and clock of circuits: ``tospike generate``, then ``tospike synth`` with each seed.

A result holds the SHA-256 of the Verilog and of the memory contents it was measured with. Where today's differ, it is
stale.
"""

import hashlib
import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.command import tospike, tospike_json
from benchmarks.markdown import table

SEEDS = (1, 2, 3)
"""Of the placer; the median counts."""
AREA = {"lut4": "LUT4", "carry": "CCU2C", "ff": "FF", "bram": "block RAMs", "dsp": "DSP"}

Row = dict[str, Any]


def cells(settings: Mapping[str, Any]) -> dict[str, Row]:
    """Command and target of each circuit, by its name in the table."""
    return {row["name"]: {"target": "ecp5-85k", **row} for row in settings["rows"]}


def fresh(cell: Row, row: Row, data: Path | None) -> bool:
    """Whether `row` was measured with today's Verilog."""
    with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
        return _generate(cell, Path(folder) / "design", data).items() <= row.items()


def measure(cell: Row, data: Path | None) -> Row:
    """The circuit, its clocks by seed, its area."""
    with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
        design = Path(folder) / "design"
        circuit = _generate(cell, design, data)
        runs = [tospike_json(f"synth {design} --target {cell['target']} --seed {seed}") for seed in SEEDS]
    first = runs[0]
    return {
        **circuit,
        "fmax_mhz": {str(run["seed"]): run["fmax_mhz"] for run in runs},
        **{name: first[name] for name in AREA},
        "critical_path": first["critical_path"],
        "tools": first["tools"],
        "options": first["options"],
    }


def _generate(cell: Row, design: Path, data: Path | None) -> Row:
    """Write the design; what tells its circuit from others."""
    return {**generate(cell["generate"], design, data), "target": cell["target"]}


def generate(command: str, design: Path, data: Path | None) -> Row:
    """Write the design of ``tospike generate COMMAND``; what tells its Verilog from others."""
    tospike(f"generate {command}", "--out", str(design), data=data)
    manifest = json.loads((design / "manifest.json").read_text())
    return {
        "generate": command,
        "verilog_sha256": _verilog_digest(manifest),
        "params": {name: value for name, value in manifest["params"].items() if not isinstance(value, dict | list)},
    }


def _verilog_digest(manifest: Mapping[str, Any]) -> str:
    """Over all that a synthesis of this design reads."""
    folders = {Path(path).parts[0] for path in manifest["verilog"].values()} | {"mem"}
    read = {name: digest for name, digest in manifest["files"].items() if Path(name).parts[0] in folders}
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()


def median(row: Row) -> float:
    """Of the clocks over the seeds, MHz."""
    return statistics.median(row["fmax_mhz"].values())


def render(settings: Mapping[str, Any], rows: Mapping[str, Row]) -> str:
    """Clock by seed, area, and the command."""
    shown = {name: rows[name] for name in cells(settings)}
    used = [name for name in AREA if any(row[name] for row in shown.values())]
    lines = []
    for name, row in shown.items():
        clocks = ", ".join(f"{clock:.0f}" for clock in row["fmax_mhz"].values())
        area = [f"{row[cell]:,}" for cell in used]
        lines.append([name, f"**{median(row):.0f}**", clocks, *area, f"`{row['generate']}`"])
    head = [settings["head"], "MHz, median", "seeds 1, 2, 3", *(AREA[cell] for cell in used), "`tospike generate`"]
    targets = dict.fromkeys(row["target"] for row in shown.values())
    commands = ", ".join(f"`tospike synth DIR --target {target} --seed S`" for target in targets)
    return f"{table(head, lines)}\nBy {commands}; area at seed 1.\n"
