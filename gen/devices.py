"""The FPGAs that we know: what they have."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.hw.params import Dataflow, InputError, Technology


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA."""

    name: str
    technology: Technology
    """Whose cells it has."""
    capacity: Mapping[str, int]
    """How many it has of ``lut4``, ``ff``, ``bram``, ``dsp``, and of what else it has."""

    @property
    def dataflows(self) -> tuple[Dataflow, ...]:
        """With which arrays can be synthesised for it: Yosys 0.66 gets weight-stationary ones wrong on iCE40, where
        `synth_ice40 -dsp` lost three multipliers of a 1 x 3 array and the block RAMs in front of them."""
        return (Dataflow.OS,) if self.technology is Technology.ICE40 else tuple(Dataflow)

    @property
    def shares_multipliers(self) -> bool:
        """Whether its multipliers are wide enough for two narrow products, see `tospike.hw.params.packing_shift`."""
        return self.technology is Technology.ECP5


DEVICES = {
    device.name: device
    for device in (
        Device(
            name="ecp5-85k",
            technology=Technology.ECP5,
            capacity={"lut4": 83640, "ff": 83640, "bram": 208, "dsp": 156},
        ),
        Device(
            name="ice40-up5k",
            technology=Technology.ICE40,
            capacity={"lut4": 5280, "ff": 5280, "bram": 30, "dsp": 8, "spram": 4},
        ),
    )
}
"""The FPGAs, by name."""


def find_device(name: str) -> Device:
    """The FPGA of this name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device {name!r}: choose {' or '.join(DEVICES)}")
    return DEVICES[name]
