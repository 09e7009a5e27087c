"""A design folder for synthesis: the Verilog, the top module with its ports, and the engines."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tospike.gen.emit.manifest import read_manifest
from tospike.gen.files.reading import reading
from tospike.gen.files.written_folder import MANIFEST
from tospike.hw.params import require
from tospike.hw.params.limits import PORT_BITS

_SOURCE = re.compile(r".*\.s?v|mem/.*\.hex")
"""Verilog, and the files that it reads."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of the top module."""

    name: str
    width: int
    is_input: bool

    def __post_init__(self) -> None:
        good = isinstance(self.name, str) and re.fullmatch(r"[A-Za-z_]\w*", self.name, re.ASCII) is not None
        require(good, f"port name {self.name!r} is invalid in Verilog: generate the design again")


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design to synthesise.

    ``sources`` maps the name of each Verilog file (``.v``, ``.sv``) that the manifest lists, and of each file that it
    reads (``mem/*.hex``), to its content. ``ports`` leaves out ``clock`` and ``reset``.
    """

    top: str
    clock: str
    reset: str | None
    ports: tuple[Port, ...]
    engines: tuple[str, ...]
    sources: dict[str, bytes]
    primitives: str = "generic"
    """Vendor primitives that the Verilog instantiates; ``generic`` if none."""
    is_weight_stationary: bool = False
    """Whether it has a weight-stationary array."""
    is_conv: bool = False
    """Whether it has a conv engine."""

    def require_other_names(self, cells: Iterable[str], library: str) -> None:
        """Check that no cell of a library has the name of the top module: Yosys would confuse them."""
        require(self.top not in cells, f"{library} has a cell {self.top!r}, too: give the network's file another name")

    @property
    def input_bits(self) -> int:
        """Total width of the inputs, without clock and reset."""
        return sum(port.width for port in self.ports if port.is_input)

    @property
    def output_bits(self) -> int:
        """Total width of the outputs."""
        return sum(port.width for port in self.ports if not port.is_input)


def read_design(folder: Path, primitives: str = "generic") -> Design:
    """Read the manifest and the files that it names: the Verilog for ``primitives`` if there is one, else the generic.

    Raises
    ------
    InputError
        The folder has no manifest, the manifest is incomplete, a file is missing, or all Verilog is for other
        primitives.
    """
    path = folder / MANIFEST
    manifest = read_manifest(folder)
    with reading(path, "manifest of a design", "generate the design again"):
        design = _design(manifest, folder, primitives)
    require(len(design.sources) > 0, f"{path} lists no Verilog file: generate the design again")
    bits = design.input_bits + design.output_bits
    require(
        all(port.width >= 1 for port in design.ports) and bits <= PORT_BITS,
        f"the ports of {design.top!r} have {bits} bits, or one has none: up to {PORT_BITS} are supported",
    )
    require(design.output_bits > 0, f"the top module {design.top!r} has no outputs, so synthesis would remove it")
    return design


def _unused(manifest: dict[str, Any], folder: Path, primitives: str) -> set[str]:
    """Return the files for other primitives, and simulation models of cells, which Yosys does not need."""
    verilog = manifest.get("verilog", {})
    chosen = verilog.get(primitives, verilog.get("generic"))
    require(
        not verilog or chosen is not None,
        f"{folder} uses the primitives of {', '.join(verilog)}, which this target does not have: "
        f"generate it again with --primitives {primitives}",
    )
    return {*manifest.get("simulation", ()), *verilog.values()} - {chosen}


def _design(manifest: dict[str, Any], folder: Path, primitives: str) -> Design:
    sources: dict[str, bytes] = {}
    unused = _unused(manifest, folder, primitives)
    for name in manifest["files"]:
        if name in unused or not _SOURCE.fullmatch(name):
            continue
        require((folder / name).is_file(), f"{folder} lacks {name}, which its {MANIFEST} lists: generate it again")
        sources[name] = (folder / name).read_bytes()
    clock, reset = str(manifest["clock"]), manifest.get("reset")
    ports = []
    for port in manifest["ports"]:
        direction = port["direction"]
        require(
            direction in ("input", "output"),
            f"port {port['name']!r} is an {direction}: only inputs and outputs can be wrapped",
        )
        if port["name"] not in (clock, reset):
            ports.append(Port(name=port["name"], width=int(port["width"]), is_input=direction == "input"))
    return Design(
        top=str(manifest["top"]),
        clock=clock,
        reset=reset,
        ports=tuple(ports),
        engines=tuple(str(engine["module"]) for engine in manifest.get("engines", ())),
        sources=sources,
        primitives=primitives if primitives in manifest.get("verilog", {}) else "generic",
        is_weight_stationary='"dataflow": "ws"' in json.dumps(manifest.get("params")),
        is_conv=any(engine.get("kind") == "conv" for engine in manifest.get("engines", ())),
    )
