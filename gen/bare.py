"""A design folder whose top is one component itself, its streams as ports: for synthesis on its own."""

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from tospike.gen.serialize import encode
from tospike.gen.verilog import CLOCK, RESET, amaranth_versions, convert
from tospike.gen.written_folder import digest, write_folder
from tospike.hw.params import ArrayParams, EngineParams


def generate_component(
    out: Path,
    *,
    kind: str,
    component: wiring.Component,
    name: str,
    params: ArrayParams | EngineParams,
    choices: Mapping[str, Any],
) -> dict[str, Any]:
    """Writes the folder, whole or not at all; returns its manifest.

    `tospike synth` takes such a folder. `tospike verify` refuses it: there is no host port to drive.

    Parameters
    ----------
    out
        The folder. An earlier design there is replaced; anything else is left alone.
    kind
        ``systolic-array`` or ``spiking-core``.
    component
        What becomes the top module.
    name
        The top module's name.
    params
        What ``component`` was made from.
    choices
        What the user or a default chose on the way here, echoed in the manifest.

    Raises
    ------
    InputError
        ``out`` is in use for something else, or cannot be written.
    """
    verilog, ports = convert(component, name)
    files = {f"{name}.v": verilog.text, **verilog.memories}
    described = encode(params)
    manifest = {
        "tospike": metadata.version("tospike"),
        "kind": kind,
        "top": name,
        "clock": CLOCK,
        "reset": RESET,
        "config_hash": digest(json.dumps(described, sort_keys=True).encode())[:16],
        "ports": [{"name": p.name, "width": p.width, "direction": p.direction} for p in ports],
        "engines": [],
        "params": described,
        "stage_counts": None,
        "choices": dict(choices),
        "tools": amaranth_versions(),
    }
    return write_folder(out, files, manifest)
