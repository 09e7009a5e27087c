"""What a design can be synthesised for: an FPGA, or a library of standard cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tospike.gen.devices import DEVICES
from tospike.hw.params import InputError, require

RESOURCES = ("lut4", "carry", "ff", "bram", "dsp", "lutram", "spram")
"""Names under which an FPGA's cells are counted.

``carry`` counts CCU2C on ECP5 (two bits, two LUTs each) and SB_CARRY on iCE40 (one bit, beside a LUT that is counted
as such). ``lutram`` counts TRELLIS_DPR16X4 (16 words of 4 bits in four LUTs, and two more that drive their write
port). A LUT5 or wider on ECP5 is counted as the LUT4s of which it is made.
"""


@dataclass(frozen=True, kw_only=True)
class FpgaTarget:
    """An FPGA in a package."""

    name: str
    technology: str
    """Whose cells it has."""
    synth: str
    """Yosys' command."""
    own_synth: str
    """The command for a design that is made of the device's own multipliers."""
    pnr: str
    """Name of the place and route tool."""
    device: tuple[str, ...]
    """Options that tell it the device."""
    speeds: tuple[int, ...]
    """Speed grades, empty if there is but one."""
    default_speed: int | None
    frequency: int
    """MHz that nextpnr is asked for. It only decides what the log calls a failure: 50, 200 and 400 gave the same
    placement and the same Fmax, met or not."""
    cells: Mapping[str, str]
    """Resource for each cell type, or for each beginning of one that ends with ``*``."""
    capacity: Mapping[str, int]
    """How many of each resource the device has."""

    def resource(self, cell: str) -> str | None:
        """The resource that a cell of type ``cell`` takes, if it is one that is counted."""
        for pattern, resource in self.cells.items():
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
            return self.default_speed
        require(bool(self.speeds), f"{self.name} has no speed grades: leave --speed away")
        grades = ", ".join(map(str, self.speeds))
        require(speed in self.speeds, f"{self.name} has speed grades {grades}, not {speed}")
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
    def technology(self) -> str:
        """Whose cells a design may instantiate: nobody's."""
        return "generic"


Target = FpgaTarget | CellTarget


class Router(StrEnum):
    """The routers of nextpnr."""

    ROUTER1 = "router1"
    """nextpnr's own default: for the same placement, 3 to 30 % more Fmax on our designs."""
    ROUTER2 = "router2"
    """Ends in bounded time on congested arrays too."""


FPGAS: dict[str, FpgaTarget] = {
    fpga.name: fpga
    for fpga in (
        FpgaTarget(
            name="ecp5-85k",
            technology="ecp5",
            # -nowidelut: the slice's wide multiplexers saved no LUT in an 8x8 array, which then routed 10 % faster
            synth="synth_ecp5 -abc9 -nowidelut",
            own_synth="synth_ecp5 -abc9 -nowidelut",
            pnr="nextpnr-ecp5",
            device=("--85k", "--package", "CABGA756"),
            speeds=(6, 7, 8),
            default_speed=6,
            frequency=200,
            cells={
                "LUT4": "lut4",
                "CCU2C": "carry",
                "TRELLIS_FF": "ff",
                "DP16KD": "bram",
                "PDPW16KD": "bram",
                "MULT18X18D": "dsp",
                "TRELLIS_DPR16X4": "lutram",
            },
            capacity=DEVICES["ecp5-85k"].capacity,
        ),
        FpgaTarget(
            name="ice40-up5k",
            technology="ice40",
            # ABC9 ends without a word on arrays, with the wheel of Yosys 0.66
            synth="synth_ice40 -device u -dsp -noabc9",
            # with -dsp Yosys takes an SB_MAC16 of the design for one of its own, and rewires it
            own_synth="synth_ice40 -device u -noabc9",
            pnr="nextpnr-ice40",
            device=("--up5k", "--package", "sg48"),
            speeds=(),
            default_speed=None,
            frequency=48,
            cells={
                "SB_LUT4": "lut4",
                "SB_CARRY": "carry",
                "SB_DFF*": "ff",
                "SB_RAM40_4K*": "bram",
                "SB_MAC16": "dsp",
                "SB_SPRAM256KA": "spram",
            },
            capacity=DEVICES["ice40-up5k"].capacity,
        ),
    )
}
"""The FPGAs, by name."""


def parse_target(text: str) -> Target:
    """The target that ``--target`` names: one of :data:`FPGAS`, or a file ``*.lib`` or ``*.lib.gz``.

    Raises
    ------
    InputError
        It is neither, or the file is missing.
    """
    if text in FPGAS:
        return FPGAS[text]
    if text.endswith((".lib", ".lib.gz")):
        require(Path(text).is_file(), f"the Liberty file {text} does not exist")
        return CellTarget(library=Path(text))
    names = ", ".join(FPGAS)
    raise InputError(f"unknown target {text!r}: choose {names}, or a Liberty file (*.lib, *.lib.gz)")
