"""What an array can be made of, and what each family of cells can do. The cells are in `tospike.hw.primitives`."""

from dataclasses import dataclass
from enum import StrEnum


class PrimitiveSet(StrEnum):
    """What the multiply-accumulators are made of. Results and cycles are the same but for what `PRIMITIVES` says."""

    GENERIC = "generic"
    """Whatever synthesis makes of ``*`` and ``+``: any target, and simulation without vendor models."""
    ECP5 = "ecp5"
    """Lattice ECP5: MULT18X18D with its registers, CCU2C."""
    ICE40 = "ice40"
    """Lattice iCE40 UltraPlus: SB_MAC16 with its registers and adder. It needs a cycle to clear a sum, so an
    output-stationary array is idle for one step between tiles."""


@dataclass(frozen=True, kw_only=True)
class PrimitiveFacts:
    """What cells can do, as far as the parameters of an array depend on it."""

    title: str
    """As their vendor writes it; empty where no vendor's cells are instantiated."""
    product_registers: tuple[int, int]
    """The fewest and the most registers between multiplier and adder."""
    shares_multipliers: bool = True
    """A multiplier is wide enough for two narrow products."""
    gates_zeros: bool = False
    """Operands can be held away from a multiplier."""
    multiplier_adds: bool = False
    """Multiplier and adder are one cell, which loses the product of the cycle in which a sum restarts."""

    @property
    def is_vendors(self) -> bool:
        """Whether cells of a vendor are instantiated, so that simulators need models of them."""
        return bool(self.title)


PRIMITIVES = {
    PrimitiveSet.GENERIC: PrimitiveFacts(title="", product_registers=(0, 3), gates_zeros=True),
    PrimitiveSet.ECP5: PrimitiveFacts(title="ECP5", product_registers=(1, 3)),
    PrimitiveSet.ICE40: PrimitiveFacts(
        title="iCE40", product_registers=(2, 2), shares_multipliers=False, multiplier_adds=True
    ),
}
"""By what an array is made of."""


def that(fact: str) -> str:
    """Return the names of those of which a fact is true, for messages."""
    return " or ".join(primitives.value for primitives, facts in PRIMITIVES.items() if getattr(facts, fact))
