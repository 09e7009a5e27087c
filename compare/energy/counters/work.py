"""Work of an engine: memory accesses, uses of arithmetic units, cycles."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tospike.compare.energy.activity import Counts
from tospike.hw.params import LeakParams


class StatePlacement(StrEnum):
    """Placement of the membranes of event engines."""

    BUILT = "built"
    """As built: up to four words in a ring of registers, more in a memory."""
    MEMORY = "memory"
    """In a memory: each access reads and writes a word."""
    REGISTER = "register"
    """In registers, all of them clocked in every cycle: each access writes a word."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """``count`` reads or writes of ``bits`` in a memory of ``capacity_bits``.

    ``capacity_bits`` 0: no memory; ``bits`` registers are written.
    """

    term: str
    count: Counts
    bits: int
    capacity_bits: int
    ports: int = 1
    """Equal memories, each with a port, among which ``count`` divides."""
    is_gated: bool = False
    """Whether the port is enabled for accesses only."""

    @property
    def is_write(self) -> bool:
        """Whether it writes."""
        return self.term.endswith("_write")

    @property
    def reads_always(self) -> bool:
        """Whether the port is enabled in every cycle: memories are read with or without a use, queues are not."""
        return not self.is_write and self.term != "queue_read" and not self.is_gated

    def idle(self, cycles: Counts) -> Counts:
        """Return the numbers of cycles, over all ports, without an access, of those in which the clock runs."""
        return np.maximum(self.ports * cycles - self.count, 0.0)


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
    """Memories and work of an engine."""

    name: str
    memory_bits: int
    """Size of the memories; states in registers are flip-flops instead."""
    accesses: tuple[Access, ...]
    arithmetic: tuple[Arithmetic, ...]
    busy: Counts
    """Cycles in which the datapath takes an operand or updates a word; it is idle in all others."""
    awake: Counts | None = None
    """Cycles in which the clock of its sleeping parts runs; ``None``: it always runs."""
    has_array: bool = False
    """Whether what sleeps is its array alone, and not its memories."""
    moved_registers: int = 0
    """Additional flip-flops if states are charged as if placed elsewhere."""


def token_registers(counters: Mapping[str, Counts], bits: int) -> Access:
    """Charge two stream registers per token, including its kind."""
    tokens = counters["values"] + counters["ticks"] + counters["samples"]
    return Access(term="token", count=2 * tokens, bits=bits + 2, capacity_bits=0)
