"""FPGAs and their families: resources, and names for the tools."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.hw.params.engines.array import Dataflow
from tospike.hw.params.primitives import PRIMITIVES, PrimitiveSet


@dataclass(frozen=True, kw_only=True)
class Family:
    """FPGAs built from the same primitives.

    Further facts are registered under its name: the synthesis tools in `tospike.gen.tools.fpga`, the area of logic in
    `tospike.gen.area.costs`, the bitstream packer in `tospike.synth.board.packers`.
    """

    name: str
    primitives: PrimitiveSet
    """Its vendor primitives."""
    block_shapes: tuple[tuple[int, int], ...]
    """(word width, depth) configurations of a block RAM."""
    lane_bits: int = 1
    """Bits of a block RAM word per write enable."""
    dataflows: tuple[Dataflow, ...] = tuple(Dataflow)
    """The dataflows whose arrays of generic primitives the tools synthesise correctly."""

    @property
    def shares_multipliers(self) -> bool:
        """Whether its multipliers are wide enough for two narrow products, see `tospike.hw.params.packing_shift`."""
        return PRIMITIVES[self.primitives].shares_multipliers


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA in a package."""

    name: str
    title: str
    """Vendor's name."""
    family: Family
    capacity: Mapping[str, int]
    """Available ``lut4``, ``ff``, ``bram``, ``dsp`` and other resources."""
    size: str
    """nextpnr's name of the device."""
    package: str
    """nextpnr's name of the package that is assumed where no board determines it: the one with the most pins."""
    yosys: str = ""
    """Yosys options that select the device, where needed."""
    speeds: tuple[int, ...] = ()
    """Speed grades; empty if there is only one."""

    @property
    def default_speed(self) -> int | None:
        """The slowest speed grade."""
        return min(self.speeds, default=None)

    def nextpnr(self, package: str | None = None, speed: int | None = None) -> tuple[str, ...]:
        """Return the nextpnr options that select the device, its package and its speed grade."""
        grade = () if speed is None else ("--speed", str(speed))
        return (f"--{self.size}", "--package", package or self.package, *grade)
