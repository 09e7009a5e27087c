"""A technology of standard cells: prices of arithmetic, memories, registers, clock and leakage, each with its source.

Its tables in a file are those of `CellTechnology`::

    [add]        # integer addition: linear between the points, and through 0
    bits = [8, 16, 32]
    pj = [0.03, 0.05, 0.1]
    um2_per_bit = 2.4
    source = "..."
"""

import math
from dataclasses import dataclass, fields
from itertools import pairwise

from tospike.compare.energy.constant import Constant
from tospike.compare.energy.cost_model import Resources, Technology
from tospike.hw.params import require

FEW_WORDS = 16
"""Words of a memory, at most, that are flip-flops: as in gates, where the same number is an option of Yosys."""
_WORD_BITS = 64
_KIB_BITS = 8 * 1024
_UNITS = {
    "pj": "pJ",
    "um2": "um2",
    "um2_per_bit": "um2 per bit",
    "um2_per_bit2": "um2 per partial product",
    "pj_per_cycle": "pJ per cycle",
    "pj_per_bit": "pJ per bit",
    "nw": "nW",
    "nw_per_bit": "nW per bit",
    "nw_per_um2": "nW per um2",
    "mhz": "MHz",
    "floor_pj": "pJ per 64 bit",
    "write": "reads",
    "deselected": "reads",
}


@dataclass(frozen=True, kw_only=True)
class Adder:
    """Integer addition, also for threshold comparisons."""

    bits: tuple[float, ...]
    pj: tuple[float, ...]
    um2_per_bit: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Multiplier:
    """Integer multiplication of two operands of ``bits`` each."""

    bits: tuple[float, ...]
    pj: tuple[float, ...]
    um2_per_bit2: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Sram:
    """On-chip memory; ``pj`` is for a read of 64 bits at each capacity."""

    kib: tuple[float, ...]
    pj: tuple[float, ...]
    floor_pj: float
    """Lower bound of the price of a 64-bit access."""
    um2_per_bit: float
    nw_per_bit: float
    write: float = 1.0
    """Energy of a write over that of a read."""
    deselected: float = 0.0
    """Energy of a cycle in which the memory is clocked but not enabled, over that of a read."""
    source: str


@dataclass(frozen=True, kw_only=True)
class Register:
    """A flip-flop."""

    pj_per_bit: float
    """pJ of writing one bit, with average activity."""
    pj_per_cycle: float
    """pJ of its clock pin and its share of the clock net, in every cycle, whether or not the data change."""
    um2: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Logic:
    """Leakage of logic."""

    nw_per_um2: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The clock frequency for leakage energy; the same for every design."""

    mhz: float
    source: str


@dataclass(frozen=True, kw_only=True)
class CellTechnology(Technology):
    """Prices of standard cells."""

    add: Adder
    multiply: Multiplier
    sram: Sram
    register: Register
    logic: Logic
    clock: Clock

    def __post_init__(self) -> None:
        for table, points in (("add", self.add.bits), ("multiply", self.multiply.bits), ("sram", self.sram.kib)):
            prices = getattr(self, table).pj
            good = len(points) == len(prices) >= 1 and all(a < b for a, b in pairwise((0.0, *points)))
            require(good, f"[{table}] of {self.name} needs ascending points above 0, and a price for each")
            require(all(a <= b for a, b in pairwise((0.0, *prices))), f"[{table}] of {self.name}: prices must not fall")
        require(len(self.sram.kib) >= 2, f"[sram] of {self.name} needs two capacities or more")
        require(min(self.sram.pj) > 0 and min(self.multiply.pj) > 0, f"prices of {self.name} must be above 0")
        require(self.clock.mhz > 0, f"[clock] mhz of {self.name} must be above 0")

    def addition(self, bits: int) -> float:
        """Return the energy in pJ of an addition of ``bits``, linear through 0 and the points and extrapolated
        beyond."""
        return _between(((0.0, 0.0), *zip(self.add.bits, self.add.pj, strict=True)), bits)

    def multiplication(self, a_bits: int, b_bits: int) -> float:
        """Return the energy in pJ of a product of ``a_bits`` by ``b_bits``.

        It is a power function of the number of partial-product bits, ``a_bits * b_bits``, through the first and the
        last point; proportional to it if there is one point.
        """
        (small, low), (large, high) = ((table.bits[i] ** 2, table.pj[i]) for table in [self.multiply] for i in (0, -1))
        power = 1.0 if small == large else math.log(high / low) / math.log(large / small)
        return low * (a_bits * b_bits / small) ** power

    def is_macro(self, bits: int, capacity_bits: int) -> bool:
        """Return whether a memory has more words than are built from flip-flops."""
        return capacity_bits > FEW_WORDS * bits

    @property
    def deselected(self) -> float:
        """Energy of a memory in a cycle in which it is clocked but not enabled, as a fraction of a read's."""
        return self.sram.deselected

    def access(self, bits: int, capacity_bits: int, *, write: bool = False) -> float:
        """Return the energy in pJ of a read or a write of ``bits`` in a memory of ``capacity_bits``.

        It is proportional to the bits, as if 64-bit words were used in full. Between the given capacities, energy is a
        power of the capacity (straight lines in log-log), extrapolated on both sides, with a lower bound of
        ``floor_pj``.
        """
        points = tuple(
            (math.log(kib * _KIB_BITS), math.log(pj)) for kib, pj in zip(self.sram.kib, self.sram.pj, strict=True)
        )
        word = math.exp(_between(points, math.log(max(1, capacity_bits))))
        price = max(word, self.sram.floor_pj) * bits / _WORD_BITS
        return price * self.sram.write if write else price

    @property
    def clock_mhz(self) -> float:
        """The clock frequency for leakage energy."""
        return self.clock.mhz

    @property
    def clocked_bit(self) -> float:
        """pJ of a flip-flop's clock pin and its share of the clock net."""
        return self.register.pj_per_cycle

    def register_write(self, bits: int) -> float:
        """Return the energy in pJ of a write of ``bits`` flip-flops."""
        return bits * self.register.pj_per_bit

    def clock_network(self, resources: Resources) -> float:
        """Return 0: each flip-flop has its share of the clock net."""
        return 0.0

    def static_nw(self, resources: Resources) -> float:
        """Return the leakage in nW of arithmetic, flip-flops and memories."""
        return self._logic_um2(resources) * self.logic.nw_per_um2 + sum(resources.memory_bits) * self.sram.nw_per_bit

    def area_um2(self, resources: Resources) -> float:
        """Return the area of memories, flip-flops and arithmetic; no wires, no control logic."""
        return self._logic_um2(resources) + sum(resources.memory_bits) * self.sram.um2_per_bit

    def _logic_um2(self, resources: Resources) -> float:
        area = resources.registers * self.register.um2
        for unit in resources.units:
            partial_products = unit.multiply[0] * unit.multiply[1] if unit.multiply else 0
            area += unit.instances * (
                partial_products * self.multiply.um2_per_bit2 + unit.add_bits * self.add.um2_per_bit
            )
        return area

    def describe(self) -> dict[str, Constant]:
        """Return every number of the file, by table and key."""
        found: dict[str, Constant] = {}
        for table in ("add", "multiply", "sram", "register", "logic", "clock"):
            values = {f.name: getattr(getattr(self, table), f.name) for f in fields(getattr(self, table))}
            source = values.pop("source")
            points = values.pop("bits", None) or values.pop("kib", None) or ()
            for key, value in values.items():
                if key == "pj":
                    unit = "pJ per 64 bit" if table == "sram" else "pJ"
                    point = "KiB" if table == "sram" else "bit"
                    for at, price in zip(points, value, strict=True):
                        found[f"{table} {at:g} {point}"] = Constant(value=price, unit=unit, source=source)
                else:
                    found[f"{table} {key}"] = Constant(value=value, unit=_UNITS[key], source=source)
        return found


def _between(points: tuple[tuple[float, float], ...], x: float) -> float:
    """Interpolate linearly; extrapolate the nearest segment."""
    segments = list(pairwise(points))
    (x0, y0), (x1, y1) = next((pair for pair in segments if x <= pair[1][0]), segments[-1])
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
