"""Designs on boards: ``tospike generate``, then ``tospike build``, which searches for the clock.

A result holds the SHA-256 of all that its synthesis reads: the design's Verilog and memory contents, and the Verilog
between the design and the pins at the oscillator's clock. Where today's differ, it is stale.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.circuits import generate
from benchmarks.command import tospike_json
from benchmarks.markdown import table
from tospike.synth.board.board_file import find_board
from tospike.synth.board.clock import clocks_from
from tospike.synth.board.shell import board_shell
from tospike.synth.design import read_design

SEEDS = 1
"""Of the placer, at each clock that the search tries: `tospike build` tries four."""
AREA = {"lut4": "LUT4", "carry": "carry", "ff": "FF", "bram": "block RAMs", "dsp": "DSP"}

Row = dict[str, Any]


def cells(settings: Mapping[str, Any]) -> dict[str, Row]:
    """Board and command of each design, by its name in the table."""
    return {f"{row['board']}: {row['name']}": dict(row) for row in settings["rows"]}


def fresh(cell: Row, row: Row, data: Path | None) -> bool:
    """Whether `row` was measured with today's Verilog, between the pins, too."""
    with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
        return _prepare(cell, Path(folder) / "design", data).items() <= row.items()


def measure(cell: Row, data: Path | None) -> Row:
    """The circuit, and the manifest of its build."""
    with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
        design, out = Path(folder) / "design", Path(folder) / "out.bit"
        circuit = _prepare(cell, design, data)
        command = f"build {design} --board {cell['board']} --seeds {SEEDS} --jobs 1 --out {out}"
        return {**circuit, "build": tospike_json(command), "bitstream_bytes": out.stat().st_size}


def _prepare(cell: Row, design: Path, data: Path | None) -> Row:
    """Write the design; what tells its circuit, serial port included, from others."""
    circuit = generate(cell["generate"], design, data)
    board = find_board(cell["board"])
    (own,) = clocks_from(board.part.family, board.clock_mhz, None)
    read = read_design(design, board.target.primitives)
    shell = board_shell(read, own, divisor=own.divisor(1_000_000), pins=board.pins())
    return {**circuit, "board": cell["board"], "shell_sha256": hashlib.sha256(shell.encode()).hexdigest()}


def render(settings: Mapping[str, Any], rows: Mapping[str, Row]) -> str:
    """Clock and what it has to spare, area, inferences per second, and the command."""
    shown = {name: (cell, rows[name]) for name, cell in cells(settings).items() if name in rows}
    used = [name for name in AREA if any(row["build"][name] for _, row in shown.values())]
    lines = []
    for cell, row in shown.values():
        built = row["build"]
        lines.append(
            [
                f"`{cell['board']}`",
                cell["name"],
                f"**{built['clock_mhz']:.1f}**",
                f"{built['fmax_mhz']:.1f}, {built['slack_ns']:.2f}, {built['seed']}",
                *(f"{built[name]:,}" for name in used),
                f"{built['cycles_per_inference']:,.0f}",
                f"{built['inferences_per_second']:,.0f}",
                f"`{cell['generate']}`",
            ]
        )
    head = ["board", "network", "clock, MHz", "after routing, MHz; slack, ns; seed", *(AREA[name] for name in used)]
    head += ["cycles per inference", "inferences per second", "`tospike generate`"]
    margin = next((row["build"]["margin_percent"] for _, row in shown.values()), 0)
    return (
        f"{table(head, lines)}\nBy `tospike build DIR --board BOARD --seeds {SEEDS}`: the highest clock of the PLL "
        f"that closes with {margin:g} % to spare. Area with the serial port; inferences in the FPGA, one after "
        "another, the mean of the design folder's test samples.\n"
    )
