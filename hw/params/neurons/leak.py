"""How a state decays."""

from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import Rounding


class LeakKind(StrEnum):
    """How leak(v) is computed."""

    SHIFT = "shift"
    """v - round(v / 2**shift)."""
    MULTIPLY = "multiply"
    """round(v * decay / 2**fraction_bits)."""


@dataclass(frozen=True, kw_only=True)
class LeakParams:
    """leak(v). For ``SHIFT`` only ``shift`` counts, for ``MULTIPLY`` only ``decay`` and ``decay_bits``.

    If it ``varies``, ``MULTIPLY`` takes each neuron's decay from a memory, and ``decay`` does not count.
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
            "a leak that varies between neurons is by multiplier: give leak multiply",
        )
        require_range("leak-shift", self.shift, 1, 15)
        require_range("decay-bits", self.decay_bits, 1, 16)
        require_range("decay", self.decay, 0, 1 << self.decay_bits)
