"""Leak: the decay of a state per time step."""

from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import Rounding

MAX_SHIFT = 15
"""Largest shift of a leak."""
MAX_DECAY_BITS = 16
"""Largest number of fraction bits of a decay."""


class LeakKind(StrEnum):
    """How leak(v) is computed."""

    SHIFT = "shift"
    """v - round(v / 2**shift)."""
    MULTIPLY = "multiply"
    """round(v * decay / 2**decay_bits)."""


@dataclass(frozen=True, kw_only=True)
class LeakParams:
    """leak(v). ``SHIFT`` uses only ``shift``, ``MULTIPLY`` only ``decay`` and ``decay_bits``.

    If it ``varies``, ``MULTIPLY`` reads each neuron's decay from a memory, and ``decay`` is unused.
    """

    kind: LeakKind = LeakKind.SHIFT
    shift: int = 4
    decay: int = 3840
    decay_bits: int = 12
    rounding: Rounding = Rounding.FLOOR
    varies: bool = False

    def __post_init__(self) -> None:
        require(
            not self.varies or self.kind is LeakKind.MULTIPLY,
            "a decay per neuron needs a multiplier: give leak multiply",
        )
        require_range("leak-shift", self.shift, 1, MAX_SHIFT)
        require_range("decay-bits", self.decay_bits, 1, MAX_DECAY_BITS)
        require_range("decay", self.decay, 0, 1 << self.decay_bits)
