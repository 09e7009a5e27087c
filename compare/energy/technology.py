"""Technology files: prices of arithmetic, memories, registers, clock and leakage, each with its source.

A file is TOML with the tables of `Technology`; tospike includes three in the folder ``technologies``::

    [add]        # integer addition: linear between the points, and through 0
    bits = [8, 16, 32]
    pj = [0.03, 0.05, 0.1]
    um2_per_bit = 2.4
    source = "..."

Every table needs a ``source``.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

from tospike.compare.energy.constant import Constant
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import LeakKind, LeakParams, require
from tospike.hw.params.limits import TEXT_BYTES

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
}


class Platform(StrEnum):
    """What a technology prices."""

    ASIC = "asic"
    """Standard cells."""
    FPGA = "fpga"
    """Logic cells and blocks of an FPGA."""


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
    """On-chip memory; ``pj`` is for a read or a write of 64 bits at each capacity."""

    kib: tuple[float, ...]
    pj: tuple[float, ...]
    floor_pj: float
    """Lower bound of the price of a 64-bit access."""
    um2_per_bit: float
    nw_per_bit: float
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
class Technology:
    """Prices of one process. Energies in picojoules, areas in square micrometres, powers in nanowatts."""

    name: str
    description: str
    platform: Platform = Platform.ASIC
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

    def access(self, bits: int, capacity_bits: int) -> float:
        """Return the energy in pJ of a read or a write of ``bits`` in a memory of ``capacity_bits``.

        It is proportional to the bits, as if 64-bit words were used in full. Between the given capacities, energy is a
        power of the capacity (straight lines in log-log), extrapolated on both sides, with a lower bound of
        ``floor_pj``.
        """
        points = tuple(
            (math.log(kib * _KIB_BITS), math.log(pj)) for kib, pj in zip(self.sram.kib, self.sram.pj, strict=True)
        )
        word = math.exp(_between(points, math.log(max(1, capacity_bits))))
        return max(word, self.sram.floor_pj) * bits / _WORD_BITS

    def leak(self, state_bits: int, leak: LeakParams | None) -> float:
        """Return the energy in pJ of a membrane's leak: a subtraction of the shifted state, or a multiplication."""
        if leak is None:
            return 0.0
        if leak.kind is LeakKind.SHIFT:
            return self.addition(state_bits)
        return self.multiplication(state_bits, leak.decay_bits)

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


# ---------------------------------------------------------------------------------------------------- files

_FOLDER = resources.files("tospike.compare.energy").joinpath("technologies")


def shipped() -> tuple[str, ...]:
    """Return the names of the included technologies."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith("toml")))


def load_technology(name: str) -> Technology:
    """Read a technology: one of `shipped`, or the path of a file of the same format.

    Raises
    ------
    InputError
        There is no such technology, the file is not TOML, or a table or key is missing, unknown or invalid.
    """
    text, path = None, Path(name)
    if name in shipped():
        text = _FOLDER.joinpath(f"{name}.toml").read_text("utf-8")
    else:
        require(
            path.suffix == ".toml" and path.is_file(),
            f"no technology {name!r}: use one of {', '.join(shipped())}, or the path of a .toml file",
        )
    with reading(name, "technology in TOML", "correct it"):
        return _decode(Technology, tomllib.loads(read_text(path, TEXT_BYTES) if text is None else text), name)


def _decode(cls: type, data: Mapping[str, Any], where: str) -> Any:
    """Convert ``data`` to an instance of ``cls``, whose fields are tables, numbers, lists of numbers or strings."""
    hints = get_type_hints(cls)
    unknown = sorted(set(data) - set(hints))
    require(not unknown, f"{where} has unknown keys: {', '.join(unknown)}; allowed are {', '.join(hints)}")
    missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
    require(not missing, f"{where} lacks {', '.join(missing)}")
    return cls(**{name: _value(hints[name], value, f"{where}: {name}") for name, value in data.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    if hint is str:
        require(isinstance(value, str) and bool(value.strip()), f"{where} must be a string")
        return value
    if hint is float:
        return _number(value, where)
    if hint is Platform:
        require(value in list(Platform), f"{where} must be {' or '.join(Platform)}, not {value!r}")
        return Platform(value)
    if hint == tuple[float, ...]:
        require(isinstance(value, list) and bool(value), f"{where} must be a list of numbers")
        return tuple(_number(item, where) for item in value)
    require(isinstance(value, dict), f"{where} must be a table")
    return _decode(hint, value, where)


def _number(value: Any, where: str) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    require(good, f"{where} must be a number of 0 or more, not {value!r}")
    return float(value)
