"""Options of the open-source synthesis tools by FPGA family, for `synth` and for the scripts of design folders."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.hw.params.devices import ECP5, ICE40, Device


@dataclass(frozen=True, kw_only=True)
class FpgaTools:
    """Yosys and nextpnr for a family."""

    command: str
    """Synthesis command of Yosys."""
    options: str
    """Its options, except those of the device."""
    infer: str = ""
    """The option to infer DSP blocks from multipliers, if that is not the default; omitted for a design that
    instantiates the family's DSP blocks, because Yosys would rewire them."""
    nextpnr: str
    """Name of the place-and-route tool."""
    frequency: int
    """Target frequency of nextpnr in MHz. It only decides what the log calls a failure: 50, 200 and 400 gave the same
    placement and the same Fmax, met or not."""
    cells: Mapping[str, str]
    """Resource by cell type; a key that ends with ``*`` is a prefix of cell types."""

    def synthesis(self, device: Device, *, own_cells: bool) -> str:
        """Return the Yosys command for a device; ``own_cells``: the design instantiates its family's cells."""
        infer = "" if own_cells or not device.capacity["dsp"] else self.infer
        return " ".join(filter(None, (self.command, device.yosys, infer, self.options)))


FPGA_TOOLS = {
    ECP5.name: FpgaTools(
        command="synth_ecp5",
        # -nowidelut: the slice's wide multiplexers saved no LUT in an 8x8 array, which was 10 % faster without them
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
        # with the wheel of Yosys 0.66, ABC9 exits without a message on arrays
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
"""The tools by name of the family."""
