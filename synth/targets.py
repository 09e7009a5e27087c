"""Targets of synthesis: an FPGA, an FPGA family without place and route, or a library of standard cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tospike.gen.tools.fpga import FPGA_TOOLS, FpgaTools
from tospike.hw.params import InputError, require
from tospike.hw.params.devices import DEVICES, Device

RESOURCES = ("lut4", "carry", "ff", "bram", "dsp", "lutram", "spram")
"""Names of an FPGA's resources.

``carry`` counts CCU2C on ECP5 (two bits, two LUTs each) and SB_CARRY on iCE40 (one bit, next to a LUT that is counted
separately). ``lutram`` counts TRELLIS_DPR16X4 (16 words of 4 bits in four LUTs, and two more for their write port). A
LUT5 or wider on ECP5 counts as the LUT4s that it consists of.
"""


T = TypeVar("T")


def of_cell(table: Mapping[str, T], cell: str) -> T | None:
    """Return what a table says of a cell type, ``None`` if nothing; a key that ends with ``*`` is a prefix of types."""
    if cell in table:
        return table[cell]
    return next((table[key] for key in table if key.endswith("*") and cell.startswith(key[:-1])), None)


@dataclass(frozen=True, kw_only=True)
class FpgaTarget:
    """An FPGA in a package, with the tools for its family."""

    device: Device

    @property
    def tools(self) -> FpgaTools:
        """The tools of its family."""
        return FPGA_TOOLS[self.device.family.name]

    @property
    def name(self) -> str:
        """Name of the device."""
        return self.device.name

    @property
    def primitives(self) -> str:
        """Its vendor primitives."""
        return self.device.family.primitives.value

    def resource(self, cell: str) -> str | None:
        """Return the resource of a cell of type ``cell``, or ``None``."""
        return of_cell(self.tools.cells, cell)

    def check_speed(self, speed: int | None) -> int | None:
        """Return the speed grade to use; ``None`` selects the default.

        Raises
        ------
        InputError
            There is no such speed grade.
        """
        if speed is None:
            return self.device.default_speed
        require(bool(self.device.speeds), f"{self.name} has no speed grades: leave --speed out")
        grades = ", ".join(map(str, self.device.speeds))
        require(speed in self.device.speeds, f"{self.name} has speed grades {grades}, not {speed}")
        return speed


@dataclass(frozen=True, kw_only=True)
class CellTarget:
    """A library of standard cells in Liberty format, gzipped or not."""

    library: Path

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.library.name

    @property
    def primitives(self) -> str:
        """The primitives that a design may instantiate: no vendor's."""
        return "generic"


@dataclass(frozen=True, kw_only=True)
class AreaTarget:
    """An FPGA family for which Yosys counts cells, and nothing is placed."""

    name: str
    title: str
    command: str
    """Synthesis command of Yosys, without I/O cells: the design's ports are not a chip's."""
    cells: Mapping[str, tuple[str, int]]
    """Resource by cell type, and how many a cell takes; a key that ends with ``*`` is a prefix. Wide multiplexers,
    constants and buffers take none."""
    primitives: str = "generic"
    """The primitives that a design may instantiate: no vendor's."""

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of the resources, in the order of the cells."""
        return tuple(dict.fromkeys(name for name, _ in self.cells.values()))


AREA_TARGETS = {
    target.name: target
    for target in (
        AreaTarget(
            name="xc7",
            title="Xilinx 7 series",
            command="synth_xilinx -family xc7 -noiopad -noclkbuf",
            cells={
                **{f"LUT{inputs}": ("lut6", 1) for inputs in range(1, 7)},
                "INV": ("lut6", 1),
                "CARRY4": ("carry4", 1),
                **dict.fromkeys(("FDRE*", "FDSE*", "FDCE*", "FDPE*"), ("ff", 1)),
                "RAMB18E1": ("bram18", 1),
                "RAMB36E1": ("bram18", 2),
                "DSP48E1": ("dsp", 1),
                **{kind: ("lutram", luts) for kind, luts in (("RAM32X1S*", 1), ("RAM32X1D*", 2), ("RAM64X1S*", 1))},
                **{kind: ("lutram", luts) for kind, luts in (("RAM64X1D*", 2), ("RAM128X1S*", 2), ("RAM128X1D*", 4))},
                **{kind: ("lutram", luts) for kind, luts in (("RAM256X1S*", 4), ("RAM32M*", 4), ("RAM64M*", 4))},
                "SRL*": ("lutram", 1),
            },
        ),
        AreaTarget(
            name="gowin",
            title="Gowin GW2A",
            command="synth_gowin -family gw2a -noiopads",
            cells={
                **{f"LUT{inputs}": ("lut4", 1) for inputs in range(1, 5)},
                "INV": ("lut4", 1),
                "ALU": ("alu", 1),
                "DFF*": ("ff", 1),
                **dict.fromkeys(("SDP*", "DPB*", "DPX*", "SP", "SPX*", "pROM*"), ("bram18", 1)),
                **dict.fromkeys(("MULT*", "PADD*"), ("dsp", 1)),
                **dict.fromkeys(("RAM16SDP*", "RAM16SP*", "ROM16"), ("lutram", 1)),
            },
        ),
        AreaTarget(
            name="nexus",
            title="Lattice Nexus",
            command="synth_nexus -noiopad",
            cells={
                **{f"LUT{inputs}": ("lut4", 1) for inputs in range(1, 5)},
                "INV": ("lut4", 1),
                "WIDEFN9": ("lut4", 2),
                "CCU2": ("carry", 1),
                "FD1P3*": ("ff", 1),
                **dict.fromkeys(("PDP16K*", "PDPSC16K*", "DP16K*", "SP16K*"), ("bram18", 1)),
                **dict.fromkeys(("PDPSC512K*", "DPSC512K*", "SP512K*"), ("lram", 1)),
                "MULT*": ("dsp", 1),
                "DPR16X4*": ("lutram", 1),
            },
        ),
    )
}
"""By name."""


Target = FpgaTarget | AreaTarget | CellTarget


class Router(StrEnum):
    """The routers of nextpnr."""

    ROUTER1 = "router1"
    """nextpnr's default: 3 to 30 % more Fmax on our designs with the same placement."""
    ROUTER2 = "router2"
    """Finishes in bounded time on congested arrays, too."""


def parse_target(text: str) -> Target:
    """Return the target for ``--target``: a known device or family, or a file ``*.lib`` or ``*.lib.gz``.

    Raises
    ------
    InputError
        ``text`` is neither, or the file is missing.
    """
    if text in DEVICES:
        return FpgaTarget(device=DEVICES[text])
    if text in AREA_TARGETS:
        return AREA_TARGETS[text]
    if text.endswith((".lib", ".lib.gz")):
        require(Path(text).is_file(), f"the Liberty file {text} does not exist")
        return CellTarget(library=Path(text))
    names = ", ".join((*DEVICES, *AREA_TARGETS))
    raise InputError(f"unknown target {text!r}: choose {names}, or a Liberty file (*.lib, *.lib.gz)")
