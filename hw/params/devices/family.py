"""FPGAs and their families: what they have."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.hw.params.engines.array import Dataflow
from tospike.hw.params.primitives import PRIMITIVES, PrimitiveSet


@dataclass(frozen=True, kw_only=True)
class Family:
    """FPGAs made of the same cells. Keyed by its name, `tospike.gen.tools.fpga` says which tools synthesise for it,
    `tospike.gen.area.costs` what logic costs in its cells, `tospike.synth.board.boards` how a bitstream is packed."""

    name: str
    primitives: PrimitiveSet
    """Its own cells."""
    block_shapes: tuple[tuple[int, int], ...]
    """(bits of a word, words) that a block RAM can be."""
    lane_bits: int = 1
    """Bits of a block RAM that have a write enable together."""
    dataflows: tuple[Dataflow, ...] = tuple(Dataflow)
    """With which arrays of generic cells can be synthesised for it."""

    @property
    def shares_multipliers(self) -> bool:
        """Whether its multipliers are wide enough for two narrow products, see `tospike.hw.params.packing_shift`."""
        return PRIMITIVES[self.primitives].shares_multipliers


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA in a package."""

    name: str
    title: str
    """As its vendor writes it."""
    family: Family
    capacity: Mapping[str, int]
    """How many it has of ``lut4``, ``ff``, ``bram``, ``dsp``, and of what else it has."""
    size: str
    """What nextpnr calls it."""
    package: str
    """What nextpnr calls its package: the one with the most pins, where no board says which."""
    yosys: str = ""
    """Options that tell Yosys the device, where that matters."""
    speeds: tuple[int, ...] = ()
    """Speed grades, empty if there is but one."""

    @property
    def default_speed(self) -> int | None:
        """The slowest."""
        return min(self.speeds, default=None)

    def nextpnr(self, package: str | None = None, speed: int | None = None) -> tuple[str, ...]:
        """nextpnr's options for it, in a package of a board if need be."""
        grade = () if speed is None else ("--speed", str(speed))
        return (f"--{self.size}", "--package", package or self.package, *grade)
