"""A technology of an FPGA family: prices of its logic cells, multipliers, block RAMs and clock, and static power.

Nothing here is calibrated on a board of ours: each table states a source, and a ``factor`` of uncertainty, by which a
price may be too high or too low; `tospike.compare.energy.calibration` replaces the factors by what was measured. The
tables in a file are those of `FpgaTechnology`.
"""

from dataclasses import dataclass, fields, replace
from itertools import pairwise, product
from typing import TypeVar

from tospike.compare.energy.constant import Constant
from tospike.compare.energy.cost_model import Resources, Technology, Unit
from tospike.hw.params import ceil_div, require


@dataclass(frozen=True, kw_only=True)
class LogicCells:
    """LUTs with their carry chains, and wires between them."""

    pj_per_bit: float
    """pJ of a bit of a sum."""
    luts_per_register: float
    """LUTs of a design without its arithmetic, per flip-flop: only to choose a device."""
    factor: float
    source: str


@dataclass(frozen=True, kw_only=True)
class DspBlocks:
    """Multipliers."""

    bits: float
    """Widest operand of a block."""
    pj: float
    """pJ of a product in a block, of any widths."""
    table_bits: float
    """Products whose operands have this many bits together, or fewer, are LUTs."""
    lut_pj_per_bit2: float
    """pJ of a bit of partial product in LUTs."""
    factor: float
    source: str


@dataclass(frozen=True, kw_only=True)
class BlockRams:
    """Block RAMs, and memories of LUTs."""

    bits: float
    """Bits of a block."""
    width: float
    """Widest word of a block."""
    pj: float
    """pJ of a block in a cycle in which it is read or written."""
    lut_bits: float
    """Largest memory that is LUTs or flip-flops; 0: there are none."""
    lut_pj_per_bit: float
    factor: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Registers:
    """Flip-flops."""

    pj_per_bit: float
    """pJ of writing one bit, with average activity and the wire behind it."""
    pj_per_cycle: float
    """pJ of its clock in every cycle."""
    factor: float
    source: str


Prices = TypeVar("Prices", LogicCells, DspBlocks, BlockRams, Registers)


@dataclass(frozen=True, kw_only=True)
class FpgaClock:
    """The clock frequency for static energy; the same for every design."""

    mhz: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Devices:
    """The devices of the family, the smallest first: a number for each."""

    device: tuple[str, ...]
    lut4: tuple[float, ...]
    bram: tuple[float, ...]
    dsp: tuple[float, ...]
    static_mw: tuple[float, ...]
    """Static power of core and auxiliary supply, configured."""
    clock_pj: tuple[float, ...]
    """pJ per cycle of the clock network, whatever it drives."""
    static_factor: float
    clock_factor: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a design goes: a number of devices of one kind, one unless it fits none."""

    index: int
    count: int


@dataclass(frozen=True, kw_only=True)
class FpgaTechnology(Technology):
    """Prices of an FPGA family."""

    lut: LogicCells
    dsp: DspBlocks
    ram: BlockRams
    register: Registers
    clock: FpgaClock
    devices: Devices

    def __post_init__(self) -> None:
        devices = self.devices
        columns = (devices.lut4, devices.bram, devices.dsp, devices.static_mw, devices.clock_pj)
        require(
            all(len(column) == len(devices.device) for column in columns),
            f"[devices] of {self.name} needs every number for each device",
        )
        # the bounds of a search count on the smallest device being the one of least power
        require(
            all(a <= b for column in columns for a, b in pairwise((0.0, *column))) and devices.lut4[0] > 0,
            f"[devices] of {self.name} must begin with the smallest, and every column must ascend",
        )
        blocks = (self.ram.bits, self.ram.width, self.dsp.bits)
        require(min(blocks) >= 1, f"sizes of blocks of {self.name} must be 1 or more")
        require(self.clock.mhz > 0, f"[clock] mhz of {self.name} must be above 0")
        require(min(self._factors) >= 1, f"a factor of uncertainty of {self.name} must be 1 or more")

    @property
    def clock_mhz(self) -> float:
        """The clock frequency for static energy."""
        return self.clock.mhz

    @property
    def clocked_bit(self) -> float:
        """pJ of a flip-flop's clock pin."""
        return self.register.pj_per_cycle

    def addition(self, bits: int) -> float:
        """Return the energy in pJ of an addition of ``bits``: a LUT with carry each."""
        return bits * self.lut.pj_per_bit

    def multiplication(self, a_bits: int, b_bits: int) -> float:
        """Return the energy in pJ of a product of ``a_bits`` by ``b_bits``: in DSP blocks, or in LUTs if it is
        narrow."""
        if a_bits + b_bits <= self.dsp.table_bits:
            return a_bits * b_bits * self.dsp.lut_pj_per_bit2
        return self._dsp_blocks(a_bits, b_bits) * self.dsp.pj

    def is_macro(self, bits: int, capacity_bits: int) -> bool:
        """Return whether a memory takes block RAMs, and not LUTs."""
        return capacity_bits > self.ram.lut_bits

    @property
    def deselected(self) -> float:
        """Return 0: a block that is not enabled has no clock."""
        return 0.0

    def access(self, bits: int, capacity_bits: int, *, write: bool = False) -> float:
        """Return the energy in pJ of a read or a write of ``bits`` in a memory of ``capacity_bits``.

        All blocks of a memory work in each access: those that make the word wider, and those that make it deeper,
        since the address enables none of them alone.
        """
        if not self.is_macro(bits, capacity_bits):
            return bits * self.ram.lut_pj_per_bit
        return max(-(-bits // self.ram.width), -(-capacity_bits // self.ram.bits)) * self.ram.pj

    def register_write(self, bits: int) -> float:
        """Return the energy in pJ of a write of ``bits`` flip-flops."""
        return bits * self.register.pj_per_bit

    def clock_network(self, resources: Resources) -> float:
        """Return the pJ per cycle of the clock network of the devices."""
        place = self.place(resources)
        return place.count * self.devices.clock_pj[place.index]

    def static_nw(self, resources: Resources) -> float:
        """Return the static power in nW of the smallest device that the design fits."""
        place = self.place(resources)
        return place.count * self.devices.static_mw[place.index] * 1e6

    def area_um2(self, resources: Resources) -> float:
        """Return 0: a design has no area of its own on an FPGA."""
        return 0.0

    def corners(self) -> tuple[Technology, ...]:
        """Return this technology with each group of prices divided or multiplied by its factor, all combinations."""
        found: list[Technology] = []
        for signs in product((-1, 1), repeat=6):
            lut, dsp, ram, register, static, clock = (
                factor**sign for factor, sign in zip(self._factors, signs, strict=True)
            )
            found.append(
                replace(
                    self,
                    lut=_times(self.lut, lut, "pj_per_bit"),
                    dsp=_times(self.dsp, dsp, "pj", "lut_pj_per_bit2"),
                    ram=_times(self.ram, ram, "pj", "lut_pj_per_bit"),
                    register=_times(self.register, register, "pj_per_bit", "pj_per_cycle"),
                    devices=_scaled_devices(self.devices, static, clock),
                )
            )
        return tuple(found)

    @property
    def _factors(self) -> tuple[float, ...]:
        tables = (self.lut, self.dsp, self.ram, self.register)
        return (*(table.factor for table in tables), self.devices.static_factor, self.devices.clock_factor)

    def place(self, resources: Resources) -> Place:
        """Return the smallest device that a design fits; several of the largest if it fits none.

        Products beyond the device's DSP blocks take LUTs. LUTs and blocks are estimates: see `LogicCells`.
        """
        devices = self.devices
        brams = sum(-(-bits // self.ram.bits) for bits in resources.memory_bits if bits > self.ram.lut_bits)
        for index, (lut4, bram, dsp) in enumerate(zip(devices.lut4, devices.bram, devices.dsp, strict=True)):
            if self._luts(resources, dsp) <= lut4 and brams <= bram:
                return Place(index=index, count=1)
        largest = len(devices.device) - 1
        filled = (self._luts(resources, devices.dsp[-1]) / devices.lut4[-1], brams / max(1.0, devices.bram[-1]))
        return Place(index=largest, count=int(-(-max(filled) // 1)))

    def _luts(self, resources: Resources, dsp: float) -> float:
        """Return the LUTs of a design on a device with ``dsp`` DSP blocks."""
        luts = resources.registers * self.lut.luts_per_register
        for unit in sorted(resources.units, key=_partial_products, reverse=True):  # the widest products go to blocks
            luts += unit.instances * unit.add_bits
            if unit.multiply is None:
                continue
            blocks = self._dsp_blocks(*unit.multiply)
            in_blocks = min(float(unit.instances), dsp // blocks) if sum(unit.multiply) > self.dsp.table_bits else 0.0
            dsp -= in_blocks * blocks
            luts += (unit.instances - in_blocks) * _partial_products(unit)
        return luts

    def _dsp_blocks(self, a_bits: int, b_bits: int) -> int:
        return ceil_div(a_bits, int(self.dsp.bits)) * ceil_div(b_bits, int(self.dsp.bits))

    def describe(self) -> dict[str, Constant]:
        """Return every number of the file, by table and key."""
        found: dict[str, Constant] = {}
        for table in ("lut", "dsp", "ram", "register", "clock", "devices"):
            values = {f.name: getattr(getattr(self, table), f.name) for f in fields(getattr(self, table))}
            source = values.pop("source")
            names = values.pop("device", ())
            for key, value in values.items():
                several = zip(names, value, strict=True) if isinstance(value, tuple) else [("", value)]
                for name, number in several:
                    label = f"{table} {name} {key}" if name else f"{table} {key}"
                    found[label] = Constant(value=number, unit=_UNITS[key], source=source)
        return found


def scaled(technology: FpgaTechnology, *, dynamic: float, static: float, clock: float) -> FpgaTechnology:
    """Return a technology with the prices of work, static power and the clock multiplied, each by one number."""
    return replace(
        technology,
        lut=_times(technology.lut, dynamic, "pj_per_bit"),
        dsp=_times(technology.dsp, dynamic, "pj", "lut_pj_per_bit2"),
        ram=_times(technology.ram, dynamic, "pj", "lut_pj_per_bit"),
        register=_times(_times(technology.register, dynamic, "pj_per_bit"), clock, "pj_per_cycle"),
        devices=_scaled_devices(technology.devices, static, clock),
    )


def _scaled_devices(devices: Devices, static: float, clock: float) -> Devices:
    return replace(
        devices,
        static_mw=tuple(static * value for value in devices.static_mw),
        clock_pj=tuple(clock * value for value in devices.clock_pj),
    )


def _times(table: Prices, factor: float, *prices: str) -> Prices:
    """Return a table with some of its prices multiplied."""
    return replace(table, **{name: factor * getattr(table, name) for name in prices})


def _partial_products(unit: Unit) -> int:
    return unit.multiply[0] * unit.multiply[1] if unit.multiply else 0


_UNITS = {
    "pj": "pJ",
    "pj_per_bit": "pJ per bit",
    "pj_per_cycle": "pJ per cycle",
    "lut_pj_per_bit": "pJ per bit",
    "lut_pj_per_bit2": "pJ per partial product",
    "luts_per_register": "LUTs",
    "bits": "bits",
    "width": "bits",
    "table_bits": "bits",
    "lut_bits": "bits",
    "factor": "times",
    "static_factor": "times",
    "clock_factor": "times",
    "mhz": "MHz",
    "lut4": "LUT4",
    "bram": "block RAMs",
    "dsp": "DSP blocks",
    "static_mw": "mW",
    "clock_pj": "pJ per cycle",
}
