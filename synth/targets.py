"""What a design can be synthesised for: an FPGA, or a library of standard cells."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tospike.gen.tools.fpga import FPGA_TOOLS, FpgaTools
from tospike.hw.params import InputError, require
from tospike.hw.params.devices import DEVICES, Device

RESOURCES = ("lut4", "carry", "ff", "bram", "dsp", "lutram", "spram")
"""Names under which an FPGA's cells are counted.

``carry`` counts CCU2C on ECP5 (two bits, two LUTs each) and SB_CARRY on iCE40 (one bit, beside a LUT that is counted
as such). ``lutram`` counts TRELLIS_DPR16X4 (16 words of 4 bits in four LUTs, and two more that drive their write
port). A LUT5 or wider on ECP5 is counted as the LUT4s of which it is made.
"""


@dataclass(frozen=True, kw_only=True)
class FpgaTarget:
    """An FPGA in a package, with the tools for its family."""

    device: Device

    @property
    def tools(self) -> FpgaTools:
        """How they are run for it."""
        return FPGA_TOOLS[self.device.family.name]

    @property
    def name(self) -> str:
        """The device's."""
        return self.device.name

    @property
    def primitives(self) -> str:
        """Whose cells it has."""
        return self.device.family.primitives.value

    def resource(self, cell: str) -> str | None:
        """The resource that a cell of type ``cell`` takes, if it is one that is counted."""
        for pattern, resource in self.tools.cells.items():
            if cell == pattern or (pattern.endswith("*") and cell.startswith(pattern[:-1])):
                return resource
        return None

    def check_speed(self, speed: int | None) -> int | None:
        """The speed grade to use; ``None`` asks for the default.

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
        """The file's name."""
        return self.library.name

    @property
    def primitives(self) -> str:
        """Whose cells a design may instantiate: nobody's."""
        return "generic"


Target = FpgaTarget | CellTarget


class Router(StrEnum):
    """The routers of nextpnr."""

    ROUTER1 = "router1"
    """nextpnr's own default: for the same placement, 3 to 30 % more Fmax on our designs."""
    ROUTER2 = "router2"
    """Ends in bounded time on congested arrays too."""


def parse_target(text: str) -> Target:
    """The target that ``--target`` names: a device that we know, or a file ``*.lib`` or ``*.lib.gz``.

    Raises
    ------
    InputError
        It is neither, or the file is missing.
    """
    if text in DEVICES:
        return FpgaTarget(device=DEVICES[text])
    if text.endswith((".lib", ".lib.gz")):
        require(Path(text).is_file(), f"the Liberty file {text} does not exist")
        return CellTarget(library=Path(text))
    names = ", ".join(DEVICES)
    raise InputError(f"unknown target {text!r}: choose {names}, or a Liberty file (*.lib, *.lib.gz)")
