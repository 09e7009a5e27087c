"""Targets of synthesis: an FPGA, or a library of standard cells."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tospike.gen.tools.fpga import FPGA_TOOLS, FpgaTools
from tospike.hw.params import InputError, require
from tospike.hw.params.devices import DEVICES, Device

RESOURCES = ("lut4", "carry", "ff", "bram", "dsp", "lutram", "spram")
"""Names of an FPGA's resources.

``carry`` counts CCU2C on ECP5 (two bits, two LUTs each) and SB_CARRY on iCE40 (one bit, next to a LUT that is counted
separately). ``lutram`` counts TRELLIS_DPR16X4 (16 words of 4 bits in four LUTs, and two more for their write port). A
LUT5 or wider on ECP5 counts as the LUT4s that it consists of.
"""


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
        for pattern, resource in self.tools.cells.items():
            if cell == pattern or (pattern.endswith("*") and cell.startswith(pattern[:-1])):
                return resource
        return None

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


Target = FpgaTarget | CellTarget


class Router(StrEnum):
    """The routers of nextpnr."""

    ROUTER1 = "router1"
    """nextpnr's default: 3 to 30 % more Fmax on our designs with the same placement."""
    ROUTER2 = "router2"
    """Finishes in bounded time on congested arrays, too."""


def parse_target(text: str) -> Target:
    """Return the target for ``--target``: a known device, or a file ``*.lib`` or ``*.lib.gz``.

    Raises
    ------
    InputError
        ``text`` is neither, or the file is missing.
    """
    if text in DEVICES:
        return FpgaTarget(device=DEVICES[text])
    if text.endswith((".lib", ".lib.gz")):
        require(Path(text).is_file(), f"the Liberty file {text} does not exist")
        return CellTarget(library=Path(text))
    names = ", ".join(DEVICES)
    raise InputError(f"unknown target {text!r}: choose {names}, or a Liberty file (*.lib, *.lib.gz)")
