"""Write a design folder with a single component as its top module and streams as its ports, for synthesis alone."""

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
"""Kind of the design, and name of the module, of a bare array."""


def generate_array(out: Path, *, params: ArrayParams) -> Path:
    """Write the bare array, for every set of primitives that can implement it; it has no host port.

    Raises
    ------
    InputError
        ``out`` is in use for something else, or cannot be written.
    """
    main, ports = convert(SystolicArray(params), ARRAY)
    verilog = {params.primitives: main}
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
        The kind of design, such as ``spiking-core``.
    component
        The top module.
    name
        The top module's name.
    params
        The parameters of ``component``.
    choices
        The options as given or by default, recorded in the manifest.

    Raises
    ------
    InputError
        ``out`` is in use for something else, or cannot be written.
    """
    verilog, ports = convert(component, name)
    return _write(
        out,
        kind=kind,
        name=name,
        verilog={PrimitiveSet.GENERIC: verilog},
        ports=ports,
        params=params,
        meanings=engine_meanings(params),
        choices=choices,
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
