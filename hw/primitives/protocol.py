"""The interface of a device family's primitives."""

from typing import Protocol

from amaranth.hdl import *


class Primitives(Protocol):
    """The primitives of a device family, instantiated as submodules of ``m`` or inferred from logic.

    Memories are not among them: every family's block RAMs are inferred from `amaranth.lib.memory`.
    """

    def flip_flop(self, m: Module, d: Value, *, name: str) -> Value:
        """Return ``d`` a cycle later. Where a net across the array would limit the clock, the register is one that
        synthesis does not merge with equal ones."""

    def multiplier(self, m: Module, a: Value, b: Value, *, registers: int, zero_gating: bool) -> Value:
        """Return ``a * b``, 1 + ``registers`` cycles later. Data registers have no reset.

        With ``zero_gating``, the operand registers hold their values if an operand is 0, so that nothing toggles up to
        the output, where the product is masked.
        """

    def restartable_adder(
        self, m: Module, acc: Value, product: Value, *, carry: Value, first: Value, cycles: int, name: str
    ) -> Value:
        """Return ``(restart ? 0 : acc) + product + carry``, where ``restart`` is ``first`` delayed by ``cycles``."""


class MultiplyAdd(Protocol):
    """A cell that multiplies and adds, see ``PrimitiveFacts.multiplier_adds``."""

    def accumulate(self, m: Module, a: Value, b: Value, *, restart: Value) -> Value:
        """Return the accumulated sum of ``a * b``, with a latency of four cycles. ``restart`` clears it in the next
        cycle, so that one product is lost."""

    def add(self, m: Module, a: Value, b: Value, *, addend: Value) -> Value:
        """Return ``addend`` (latency 1) plus ``a * b`` (latency 4)."""
