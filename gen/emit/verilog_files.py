"""Lay out the Verilog of a design folder: one folder per set of primitives, cell models apart, a header per file."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from tospike.gen.emit.manifest import FORMAT
from tospike.gen.emit.primitives import cell_models
from tospike.gen.emit.verilog import CLOCK, RESET, Port, Verilog, amaranth_versions
from tospike.gen.emit.verilog_text import described
from tospike.hw.params import PRIMITIVES, PrimitiveSet

SIMULATION = "sim"
"""The folder for the models of vendor cells."""
LICENCE = (
    "SPDX-License-Identifier: 0BSD",
    "Generated for you: use, change and pass it on without any condition, and without any warranty.",
    "The licence of tospike (Apache-2.0) is that of the generator and does not extend to what it makes.",
)


def verilog_path(top: str, primitives: PrimitiveSet) -> str:
    """Return the path of the Verilog for a set of primitives in the folder."""
    return f"{primitives.value}/{top}.v"


def verilog_files(
    top: str, verilog: Mapping[PrimitiveSet, Verilog], *, origin: str, meanings: Mapping[str, str]
) -> dict[str, str]:
    """Return the contents by path: the whole design per set of primitives, models of their cells, memory contents.

    Parameters
    ----------
    origin
        What the design was generated from, a line of the header.
    meanings
        Comments on ports, by name.
    """
    files = {
        f"{SIMULATION}/{name}": described(text, top="", header=LICENCE, ports={})
        for name, text in cell_models(verilog).items()
    }
    for primitives, variant in verilog.items():
        models = "" if not PRIMITIVES[primitives].is_vendors else f", with the models in {SIMULATION} for simulators"
        header = [f"{top}, {primitives.value} Verilog{models}.", origin, *LICENCE]
        files[verilog_path(top, primitives)] = described(variant.text, top=top, header=header, ports=meanings)
        for path, content in variant.memories.items():
            if files.setdefault(path, content) != content:
                raise ValueError(f"{path} has other contents with {primitives.value} primitives")
    return files


def describe_verilog(kind: str, top: str, ports: list[Port], verilog: Mapping[PrimitiveSet, Verilog]) -> dict[str, Any]:
    """Return the manifest entries that every design has. ``verilog`` has a variant per set of primitives."""
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
    """Return one line on what a design was generated from; ``model`` is the name of the network's file, if any."""
    source = f" from {model}" if model else ""
    return (
        f"Hardware of kind {manifest['kind']}{source}, by tospike {manifest['tospike']}; "
        f"configuration {manifest['config_hash']}."
    )
