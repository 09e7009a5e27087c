"""Primitive sets that an array can be built from, and their capabilities. The cells are in `tospike.hw.primitives`."""

from dataclasses import dataclass
from enum import StrEnum


class PrimitiveSet(StrEnum):
    """Cells that implement the multiply-accumulators. Results are the same; cycles differ only as `PRIMITIVES`
    tells."""

    GENERIC = "generic"
    """Behavioural ``*`` and ``+``: any target, and simulation without vendor models."""
    ECP5 = "ecp5"
    """Lattice ECP5: MULT18X18D with its internal registers, CCU2C carry chains."""
    ICE40 = "ice40"
    """Lattice iCE40 UltraPlus: SB_MAC16 with its internal registers and adder. Clearing the accumulator takes a cycle,
    so an output-stationary array idles for one step between tiles."""


@dataclass(frozen=True, kw_only=True)
class PrimitiveFacts:
    """Capabilities of a primitive set that the parameters of an array depend on."""

    title: str
    """Vendor's name of the family; empty if no vendor cells are instantiated."""
    product_registers: tuple[int, int]
    """Fewest and most pipeline registers between multiplier and adder."""
    shares_multipliers: bool = True
    """A multiplier is wide enough for two narrow products."""
    gates_zeros: bool = False
    """The operands of a multiplier can be isolated."""
    multiplier_adds: bool = False
    """Multiplier and adder are one cell, which loses the product of the cycle in which an accumulation restarts."""

    @property
    def is_vendors(self) -> bool:
        """Whether vendor cells are instantiated, so that simulators need models of them."""
        return bool(self.title)


PRIMITIVES = {
    PrimitiveSet.GENERIC: PrimitiveFacts(title="", product_registers=(0, 3), gates_zeros=True),
    PrimitiveSet.ECP5: PrimitiveFacts(title="ECP5", product_registers=(1, 3)),
    PrimitiveSet.ICE40: PrimitiveFacts(
        title="iCE40", product_registers=(2, 2), shares_multipliers=False, multiplier_adds=True
    ),
}
"""The capabilities of each primitive set."""


def sets_with(fact: str) -> str:
    """Return the names of the primitive sets that have a capability, for messages."""
    return " or ".join(primitives.value for primitives, facts in PRIMITIVES.items() if getattr(facts, fact))
