"""Write and read the folder of a generated design: Verilog, memory contents, stand-alone files and the manifest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from tospike.gen.driver.files import WEIGHTS_HEADER
from tospike.gen.driver.interface import Interface, interface_of
from tospike.gen.driver.soc import soc_files
from tospike.gen.driver.weights import weights_header
from tospike.gen.emit.foreign_verilog import require_plain
from tospike.gen.emit.manifest import FORMAT, read_manifest
from tospike.gen.emit.memory_files import MEMORIES
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.primitives import cell_models, technology_of, variants
from tospike.gen.emit.random_design import blank_design
from tospike.gen.emit.serialize import TAGS, decode, encode
from tospike.gen.emit.stand_alone import Host, stand_alone_files
from tospike.gen.emit.vectors import make_vectors
from tospike.gen.emit.verilog import Port, Verilog, convert
from tospike.gen.emit.verilog_files import (
    LICENCE,
    SIMULATION,
    describe_origin,
    describe_verilog,
    verilog_files,
    verilog_path,
)
from tospike.gen.files.reading import reading
from tospike.gen.files.written_folder import MANIFEST, digest, old_folder, write_folder
from tospike.gen.place.placer import MemoryInit
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import Register, counter_names, regions
from tospike.hw.host.ports import port_meanings
from tospike.hw.params import AcceleratorParams, InputError, require
from tospike.sim.design import Design
from tospike.sim.network import Array

NETWORK = "network.json"


@dataclass(frozen=True, kw_only=True)
class DesignFolder:
    """A generated design, read back and checked. ``design`` is ``None`` if it was generated without a network."""

    path: Path
    manifest: dict[str, Any]
    params: AcceleratorParams
    design: Design | None

    @property
    def verilog(self) -> Path:
        """The Verilog file for the design's own primitives."""
        return self.path / verilog_path(self.params.name, technology_of(self.params))

    @property
    def memories(self) -> list[str]:
        """The memory files that the Verilog reads, by path in the folder, relative to a tool's working directory."""
        return [name for name in self.manifest["files"] if name.startswith(f"{MEMORIES}/")]

    @property
    def interface(self) -> Interface:
        """The design as software sees it."""
        network = self.design.network if self.design else None
        number = int(self.manifest["config_hash"], 16)
        return interface_of(self.params, network, version=self.manifest["tospike"], config_hash=number)

    def load(self) -> Verilog:
        """Return the Verilog and the memory files that it reads."""
        memories = {path: (self.path / path).read_text() for path in self.memories}
        return Verilog(text=self.verilog.read_text(), memories=memories)

    @property
    def models(self) -> list[Path]:
        """Models of its vendor cells, for simulators; synthesis tools have their own."""
        return [self.path / SIMULATION / name for name in cell_models([technology_of(self.params)])]


def config_hash(params: AcceleratorParams, contents: list[MemoryInit]) -> int:
    """Return 64 bits that identify a configuration: from the SHA-256 of the parameters and the memory contents.

    Contents that the host may write identify nothing: all networks that such a design can hold have the same number.
    """
    fixed = [
        {} if engine.is_writable else of_engine for engine, of_engine in zip(params.engines, contents, strict=True)
    ]
    text = json.dumps([encode(params), fixed], sort_keys=True)
    return int(digest(text.encode())[:16], 16)


def design_hash(design: Design) -> int:
    """Return the configuration hash of a design, over everything that the host cannot write."""
    return config_hash(design.params, pack(design))


def build(
    params: AcceleratorParams, contents: list[MemoryInit], *, number: int | None = None
) -> tuple[Verilog, list[Port], int]:
    """Return Verilog, ports and configuration hash of an accelerator; a variant has the hash ``number`` of its
    original."""
    number = config_hash(params, contents) if number is None else number
    component = Accelerator(params, contents, version=metadata.version("tospike"), config_hash=number)
    verilog, ports = convert(component, params.name)
    return verilog, ports, number


def generate(
    out: Path,
    *,
    kind: str,
    params: AcceleratorParams,
    design: Design | None,
    choices: Mapping[str, Any],
    samples: Array | None = None,
) -> DesignFolder:
    """Write a design folder, whole or not at all; see `write_folder`.

    Parameters
    ----------
    out
        The folder. An earlier design there is replaced; anything else is left alone.
    kind
        ``systolic``, ``spiking`` or ``network``.
    params
        The accelerator.
    design
        The network on the accelerator; without one, the memories are blank and writable.
    choices
        The options as given or by default, recorded in the manifest.
    samples
        (N, ...) integers for the folder's own test bench, the first few of ``choices["data"]``; without them, it has
        random samples.

    Raises
    ------
    InputError
        ``out`` is in use for something else, or cannot be written.
    """
    contents = pack(design or blank_design(params))
    main, ports, number = build(params, contents)
    verilog = {technology_of(params): main}
    for primitives, variant in variants(params).items():
        verilog[primitives], _, _ = build(variant, contents, number=number)
    network = design.network if design else None
    interface = interface_of(params, network, version=metadata.version("tospike"), config_hash=number)
    vectors = make_vectors(params, design, samples, f"the first test samples of {choices.get('data', 'the data')}")
    manifest = {
        **describe_verilog(kind, params.name, ports, verilog),
        "config_hash": f"{number:016x}",
        "engines": [
            {"module": f"{params.name}.engine_{index}", "kind": TAGS[type(engine)]}
            for index, engine in enumerate(params.engines)
        ],
        "registers": {register.name.lower(): register.value for register in Register},
        "register_map": [register.to_json() for register in interface.registers],
        "counters": list(counter_names(params)),
        "config_regions": [
            {"region": r.number, "engine": r.engine, "memory": r.shape.name, "width": r.shape.width}
            for r in regions(params)
        ],
        "test": vectors.summary(),
        "params": encode(params),
        "output_image": params.output_image,
        "stage_counts": list(design.stage_counts) if design else None,
        "choices": dict(choices),
    }
    meanings = port_meanings(params)
    origin = describe_origin(manifest, choices.get("model"))
    files = verilog_files(params.name, verilog, origin=origin, meanings=meanings)
    if design:
        files[NETWORK] = json.dumps(encode(design.network), separators=(",", ":")) + "\n"
    if design and interface.regions:
        name = design.network.name
        lines = [f"Weights of {name}.", origin, *LICENCE]
        files[WEIGHTS_HEADER] = weights_header(interface, contents, name=name, origin=lines)
    sources = [verilog_path(params.name, technology_of(params))]
    memories = [path for path in files if path.startswith(f"{MEMORIES}/")]
    files |= soc_files(interface, ports, sources=sources, memories=memories, origin=origin, licence=LICENCE)
    host = Host(interface=interface, vectors=vectors)
    files |= stand_alone_files(manifest, files=files, origin=origin, meanings=meanings, host=host)
    write_folder(out, files, manifest)
    return read(out)


def read(path: Path) -> DesignFolder:
    """Read a design folder and check its files against the manifest.

    Raises
    ------
    InputError
        It is not a design folder, or a file is missing or has changed.
    """
    with reading(path, "generated design", "generate it again"):
        return _read(path)


def _read(path: Path) -> DesignFolder:
    if old := old_folder(path):
        raise InputError(f"{path} is missing, but a killed run left the earlier design as {old}: rename that")
    manifest = read_manifest(path)
    require(
        manifest.get("format") == FORMAT,
        f"{path} was written by a version of tospike with another format: generate it again",
    )
    require(manifest.get("kind") != "array", f"{path} is a bare array, which has no host port: leave --array-only out")
    engine_params, stage_counts = manifest["params"], manifest["stage_counts"]
    for name, expected in manifest["files"].items():
        file = path / name
        require(file.is_file(), f"{file} is missing: generate the design again")
        require(
            digest(file.read_bytes()) == expected,
            f"{file} has changed since it was generated (its SHA-256 differs): generate the design again",
        )
    params = decode(engine_params)
    require(
        isinstance(params, AcceleratorParams),
        f"{path} holds a {manifest.get('kind')} without a host port, which only `tospike synth` takes: "
        "generate it without --core-only or --array-only",
    )
    found = DesignFolder(path=path, manifest=manifest, params=params, design=None)
    for file in (found.verilog, *found.models):
        name = file.relative_to(path).as_posix()
        require(name in manifest["files"], f"{path / MANIFEST} does not list {name}: generate the design again")
        require_plain(file)
    design = None
    if stage_counts is not None:
        network = decode(json.loads((path / NETWORK).read_text()))
        design = Design(params=params, network=network, stage_counts=tuple(stage_counts))
    return replace(found, design=design)
