"""The Verilog of a design folder: a sub-folder for each technology, the cells' models apart, a header in each file."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from tospike.gen.emit.manifest import FORMAT
from tospike.gen.emit.primitives import cell_models
from tospike.gen.emit.verilog import CLOCK, RESET, Port, Verilog, amaranth_versions
from tospike.gen.emit.verilog_text import described
from tospike.hw.params import PRIMITIVES, PrimitiveSet

SIMULATION = "sim"
"""The folder of the models of vendors' cells."""
LICENCE = (
    "SPDX-License-Identifier: 0BSD",
    "Generated for you: use, change and pass it on without any condition, and without any warranty.",
    "The licence of tospike (Apache-2.0) is that of the generator and does not extend to what it makes.",
)


def verilog_path(top: str, primitives: PrimitiveSet) -> str:
    """Where the Verilog made of a technology's cells lies in the folder."""
    return f"{primitives.value}/{top}.v"


def verilog_files(
    top: str, verilog: Mapping[PrimitiveSet, Verilog], *, origin: str, meanings: Mapping[str, str]
) -> dict[str, str]:
    """Return the contents by path: for each technology the whole design, models of their cells, and what memories hold.

    Parameters
    ----------
    origin
        What the design was made from, a line of the header.
    meanings
        A comment for each port that has one.
    """
    files = {
        f"{SIMULATION}/{name}": described(text, top="", header=LICENCE, ports={})
        for name, text in cell_models(verilog).items()
    }
    for primitives, one in verilog.items():
        models = "" if not PRIMITIVES[primitives].is_vendors else f", with the models in {SIMULATION} for simulators"
        header = [f"{top}, {primitives.value} Verilog{models}.", origin, *LICENCE]
        files[verilog_path(top, primitives)] = described(one.text, top=top, header=header, ports=meanings)
        for path, content in one.memories.items():
            if files.setdefault(path, content) != content:
                raise ValueError(f"{path} holds something else in {primitives.value}'s cells")
    return files


def describe_verilog(kind: str, top: str, ports: list[Port], verilog: Mapping[PrimitiveSet, Verilog]) -> dict[str, Any]:
    """Return what the manifest says of any design. ``verilog`` maps technologies to files of which a tool takes one."""
    return {
        "tospike": metadata.version("tospike"),
        "format": FORMAT,
        "kind": kind,
        "top": top,
        "clock": CLOCK,
        "reset": RESET,
        "ports": [{"name": p.name, "width": p.width, "direction": p.direction} for p in ports],
        "tools": amaranth_versions(),
        "verilog": {primitives.value: verilog_path(top, primitives) for primitives in verilog},
        "simulation": sorted(f"{SIMULATION}/{name}" for name in cell_models(verilog)),
    }


def describe_origin(manifest: Mapping[str, Any], model: object) -> str:
    """Return one line on what a design was made from: ``model``, the name of a network's file, if it was one."""
    source = f" from {model}" if model else ""
    return (
        f"Hardware of kind {manifest['kind']}{source}, by tospike {manifest['tospike']}; "
        f"configuration {manifest['config_hash']}."
    )
