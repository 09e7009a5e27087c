"""Lattice ECP5. To add a device, add an entry to `DEVICES`."""

from tospike.hw.params.devices.family import Device, Family
from tospike.hw.params.primitives import PrimitiveSet

ECP5 = Family(
    name="ecp5",
    primitives=PrimitiveSet.ECP5,
    block_shapes=((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    lane_bits=9,
)

DEVICES = (
    Device(
        name="ecp5-85k",
        title="ECP5-85F",
        family=ECP5,
        capacity={"lut4": 83640, "ff": 83640, "bram": 208, "dsp": 156},
        size="85k",
        package="CABGA756",
        speeds=(6, 7, 8),
    ),
)
