"""What a technology is: prices of arithmetic, memories, registers and clock, with static power, whatever it prices."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from tospike.compare.energy.constant import Constant
from tospike.hw.params import LeakKind, LeakParams


class Platform(StrEnum):
    """What a technology prices."""

    ASIC = "asic"
    """Standard cells."""
    FPGA = "fpga"
    """Logic cells and blocks of an FPGA."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """``instances`` equal arithmetic units: a product of two widths, and a sum."""

    instances: int
    multiply: tuple[int, int] | None = None
    add_bits: int = 0


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a design consists of."""

    registers: int
    """Flip-flops."""
    memory_bits: tuple[int, ...]
    """Of each engine."""
    units: tuple[Unit, ...]


@dataclass(frozen=True, kw_only=True)
class Technology(ABC):
    """Prices of one process or FPGA family. Energies in picojoules, areas in square micrometres, powers in
    nanowatts."""

    name: str
    description: str
    platform: Platform = Platform.ASIC

    @property
    def stops_clocks(self) -> bool:
        """Whether ``clock_gating`` saves the clock of what sleeps: an FPGA's enables leave its clock nets running."""
        return self.platform is Platform.ASIC

    @property
    @abstractmethod
    def clock_mhz(self) -> float:
        """The clock frequency for static energy; the same for every design."""

    @property
    @abstractmethod
    def clocked_bit(self) -> float:
        """pJ of a flip-flop's clock in a cycle, whether or not its data change."""

    @abstractmethod
    def addition(self, bits: int) -> float:
        """Return the energy in pJ of an addition of ``bits``."""

    @abstractmethod
    def multiplication(self, a_bits: int, b_bits: int) -> float:
        """Return the energy in pJ of a product of ``a_bits`` by ``b_bits``."""

    @abstractmethod
    def is_macro(self, bits: int, capacity_bits: int) -> bool:
        """Return whether a memory with words of ``bits`` is a macro or block, which works in every cycle, and not
        storage with a multiplexer, which rests with its address."""

    @property
    @abstractmethod
    def deselected(self) -> float:
        """Energy of a memory in a cycle in which it is clocked but not enabled, as a fraction of a read's."""

    @abstractmethod
    def access(self, bits: int, capacity_bits: int, *, write: bool = False) -> float:
        """Return the energy in pJ of a read or a ``write`` of ``bits`` in a memory of ``capacity_bits``."""

    @abstractmethod
    def register_write(self, bits: int) -> float:
        """Return the energy in pJ of a write of ``bits`` flip-flops, with average activity."""

    @abstractmethod
    def clock_network(self, resources: Resources) -> float:
        """Return the pJ per cycle of the clock's distribution that no flip-flop is charged for."""

    @abstractmethod
    def static_nw(self, resources: Resources) -> float:
        """Return the static power in nW."""

    @abstractmethod
    def area_um2(self, resources: Resources) -> float:
        """Return the area in square micrometres of memories, flip-flops and arithmetic; 0 on an FPGA."""

    @abstractmethod
    def describe(self) -> dict[str, Constant]:
        """Return every number of the file, by table and key."""

    def corners(self) -> tuple["Technology", ...]:
        """Return this technology with each uncertain price at an end of its range, in every combination.

        None if its prices have no ranges. The ratio of two designs is extreme in one of the corners.
        """
        return ()

    def leak(self, state_bits: int, leak: LeakParams | None) -> float:
        """Return the energy in pJ of a membrane's leak: a subtraction of the shifted state, or a multiplication."""
        if leak is None:
            return 0.0
        if leak.kind is LeakKind.SHIFT:
            return self.addition(state_bits)
        return self.multiplication(state_bits, leak.decay_bits)
