"""What an engine did, in terms that can be priced: accesses to memories, uses of arithmetic units, cycles."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tospike.compare.energy.activity import Counts
from tospike.hw.params import LeakParams


class StatePlacement(StrEnum):
    """Where the membranes of event engines live."""

    BUILT = "built"
    """As the generator builds them: up to four words in a ring of registers, else in a memory."""
    MEMORY = "memory"
    """A memory: a word is read and written at every visit."""
    REGISTER = "register"
    """Registers, all of them clocked in every cycle: a word is written at every visit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """``count`` reads or writes of ``bits`` in a memory of ``capacity_bits``.

    ``capacity_bits`` 0: there is no memory, ``bits`` registers are written.
    """

    term: str
    count: Counts
    bits: int
    capacity_bits: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Arithmetic:
    """``count`` uses of ``instances`` equal units: a product of two widths, a leak, a sum."""

    term: str
    count: Counts
    instances: int
    multiply: tuple[int, int] | None = None
    add_bits: int = 0
    leak: LeakParams | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineWork:
    """What one engine has and did."""

    name: str
    memory_bits: int
    """Of memories; states in registers are among the flip-flops."""
    accesses: tuple[Access, ...]
    arithmetic: tuple[Arithmetic, ...]
    busy: Counts
    """Cycles in which its datapath takes an operand or updates a word; in all others it idles."""
    moved_registers: int = 0
    """Flip-flops beyond those that are built, where the states are priced as if they were elsewhere."""


def token_registers(counters: Mapping[str, Counts], bits: int) -> Access:
    """Charge two registers of the stream for each token, its kind included."""
    tokens = counters["values"] + counters["ticks"] + counters["samples"]
    return Access(term="token", count=2 * tokens, bits=bits + 2, capacity_bits=0)
