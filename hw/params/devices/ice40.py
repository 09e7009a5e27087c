"""Lattice iCE40. To add a device, add an entry to `DEVICES`."""

from tospike.hw.params.devices.family import Device, Family
from tospike.hw.params.engines.array import Dataflow
from tospike.hw.params.primitives import PrimitiveSet

ICE40 = Family(
    name="ice40",
    primitives=PrimitiveSet.ICE40,
    block_shapes=((16, 256), (8, 512), (4, 1024), (2, 2048)),
    # Yosys 0.66 miscompiles weight-stationary arrays: `synth_ice40 -dsp` removed three multipliers of a 1 x 3 array and
    # the block RAMs that feed them
    dataflows=(Dataflow.OS,),
)

DEVICES = (
    Device(
        name="ice40-up5k",
        title="iCE40 UP5K",
        family=ICE40,
        capacity={"lut4": 5280, "ff": 5280, "bram": 30, "dsp": 8, "spram": 4},
        size="up5k",
        package="sg48",
        yosys="-device u",
    ),
)
