"""The open tools that synthesise for a family of FPGAs. `synth` runs them; a design folder has a script for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.hw.params.devices import ECP5, ICE40, Device


@dataclass(frozen=True, kw_only=True)
class FpgaTools:
    """Yosys and nextpnr as a family wants them."""

    command: str
    """Yosys' command."""
    options: str
    """Its options, the device's own left out."""
    infer: str = ""
    """The option that makes DSP blocks of multipliers, where that is not the default; left out for a design made of the
    family's own cells, which Yosys would take for its own, and rewire."""
    nextpnr: str
    """Name of the place and route tool."""
    frequency: int
    """MHz that nextpnr is asked for. It only decides what the log calls a failure: 50, 200 and 400 gave the same
    placement and the same Fmax, met or not."""
    cells: Mapping[str, str]
    """Resource for each cell type, or for each beginning of one that ends with ``*``."""

    def synthesis(self, device: Device, *, own_cells: bool) -> str:
        """Yosys' command for a device, and whether the design is made of its family's own cells."""
        return " ".join(filter(None, (self.command, device.yosys, "" if own_cells else self.infer, self.options)))


FPGA_TOOLS = {
    ECP5.name: FpgaTools(
        command="synth_ecp5",
        # -nowidelut: the slice's wide multiplexers saved no LUT in an 8x8 array, which then routed 10 % faster
        options="-abc9 -nowidelut",
        nextpnr="nextpnr-ecp5",
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
    ),
    ICE40.name: FpgaTools(
        command="synth_ice40",
        # ABC9 ends without a word on arrays, with the wheel of Yosys 0.66
        options="-noabc9",
        infer="-dsp",
        nextpnr="nextpnr-ice40",
        frequency=48,
        cells={
            "SB_LUT4": "lut4",
            "SB_CARRY": "carry",
            "SB_DFF*": "ff",
            "SB_RAM40_4K*": "bram",
            "SB_MAC16": "dsp",
            "SB_SPRAM256KA": "spram",
        },
    ),
}
"""By name of the family."""
