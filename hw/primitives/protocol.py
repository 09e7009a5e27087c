"""What a family of cells offers to the hardware that is made of them."""

from typing import Protocol

from amaranth.hdl import *


class Primitives(Protocol):
    """The cells of a family, as submodules of ``m`` or as logic that synthesis makes of the like.

    Memories are not among them: every family's block RAMs are inferred from `amaranth.lib.memory`.
    """

    def flip_flop(self, m: Module, d: Value, *, name: str) -> Value:
        """``d`` of a cycle ago, in a register that synthesis keeps apart from equal ones where a net across an array
        would decide the clock."""

    def multiplier(self, m: Module, a: Value, b: Value, *, registers: int, zero_gating: bool) -> Value:
        """``a * b`` of 1 + ``registers`` cycles ago. No data register has a reset.

        With ``zero_gating``, an operand of 0 leaves the operand registers as they are, so that nothing moves between
        them and the end, where the product is masked.
        """

    def restartable_adder(
        self, m: Module, acc: Value, product: Value, *, carry: Value, first: Value, cycles: int, name: str
    ) -> Value:
        """``(restart ? 0 : acc) + product + carry``, where ``restart`` is ``first`` of ``cycles`` cycles ago."""


class MultiplyAdd(Protocol):
    """A family's cell that multiplies and adds, see ``PrimitiveFacts.multiplier_adds``."""

    def accumulate(self, m: Module, a: Value, b: Value, *, restart: Value) -> Value:
        """The sum of ``a * b`` of three cycles ago and before. It becomes 0 after a cycle with ``restart``, so the
        product of that cycle is lost."""

    def add(self, m: Module, a: Value, b: Value, *, addend: Value) -> Value:
        """``addend`` of a cycle ago plus ``a * b`` of four cycles ago."""
