"""A design folder whose top is one component itself, its streams as ports: for synthesis on its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from tospike.gen.emit.bare_ports import array_meanings, engine_meanings
from tospike.gen.emit.primitives import variants
from tospike.gen.emit.serialize import encode
from tospike.gen.emit.stand_alone import stand_alone_files
from tospike.gen.emit.verilog import Port, Verilog, convert
from tospike.gen.emit.verilog_files import describe_origin, describe_verilog, verilog_files
from tospike.gen.files.written_folder import digest, write_folder
from tospike.hw.array.array import SystolicArray
from tospike.hw.params import ArrayParams, EngineParams, PrimitiveSet

ARRAY = "array"
"""Kind, and name of the module, of a bare array."""


def generate_array(out: Path, *, params: ArrayParams) -> Path:
    """Write the bare array, in all technologies that it can be made of; there is no host port by which to run it.

    Raises
    ------
    InputError
        ``out`` is in use for something else, or cannot be written.
    """
    own, ports = convert(SystolicArray(params), ARRAY)
    verilog = {params.primitives: own}
    for primitives, variant in variants(params).items():
        verilog[primitives], _ = convert(SystolicArray(variant), ARRAY)
    _write(
        out,
        kind=ARRAY,
        name=ARRAY,
        verilog=verilog,
        ports=ports,
        params=params,
        meanings=array_meanings(params),
        choices={},
    )
    return out


def generate_component(
    out: Path,
    *,
    kind: str,
    component: wiring.Component,
    name: str,
    params: EngineParams,
    choices: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the folder, whole or not at all; return its manifest.

    `tospike synth` takes such a folder. `tospike verify` refuses it: there is no host port to drive.

    Parameters
    ----------
    out
        The folder. An earlier design there is replaced; anything else is left alone.
    kind
        ``spiking-core`` or the like.
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
    own = {PrimitiveSet.GENERIC: verilog}
    meanings = engine_meanings(params)
    return _write(
        out, kind=kind, name=name, verilog=own, ports=ports, params=params, meanings=meanings, choices=choices
    )


def _write(
    out: Path,
    *,
    kind: str,
    name: str,
    verilog: Mapping[PrimitiveSet, Verilog],
    ports: list[Port],
    params: ArrayParams | EngineParams,
    meanings: Mapping[str, str],
    choices: Mapping[str, Any],
) -> dict[str, Any]:
    described = encode(params)
    manifest = {
        **describe_verilog(kind, name, ports, verilog),
        "config_hash": digest(json.dumps(described, sort_keys=True).encode())[:16],
        "engines": [],
        "params": described,
        "stage_counts": None,
        "choices": dict(choices),
    }
    origin = describe_origin(manifest, None)
    files = verilog_files(name, verilog, origin=origin, meanings=meanings)
    files |= stand_alone_files(manifest, files=files, origin=origin, meanings=meanings)
    return write_folder(out, files, manifest)
