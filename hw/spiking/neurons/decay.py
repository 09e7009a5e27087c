"""Leak of a state, followed by an addition."""

from collections.abc import Callable

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import leak, round_shift, saturate, shape_of
from tospike.hw.params import IntFormat, LeakKind, LeakParams


class Decay(wiring.Component):
    """``decayed = saturate(leak(value) + addend)``: the product in one cycle, rounding and sum in the next.

    Latency 2, throughput 1.

    Parameters
    ----------
    rule : LeakParams, function or None
        The leak, as parameters or as a combinational function of the value; ``None`` for no leak.
    fmt : IntFormat
        Format of the state.
    addend_bits : int
        Width of the signed addend; 0 for no addend, so that nothing can saturate.
    initial : int
        Replaces ``value`` at ``begin``.
    pipelined : bool
        If not, everything is combinational, in cycle 0.

    Members
    -------
    value : In
        Cycle 0.
    clear : In(1)
        Cycle 0: replaces ``value`` by 0, unless ``begin``.
    begin : In(1)
        Cycle 0: replaces ``value`` by ``initial``; only if that is not 0.
    decay : In(decay_bits + 1)
        Cycle 0; only for a leak that varies.
    addend : In(signed(addend_bits))
        Cycle 1; only if there is one.
    decayed : Out
        Cycle 2.
    overflow : Out(1)
        Cycle 2: the sum saturated.
    """

    def __init__(
        self,
        rule: LeakParams | Callable[[Value], Value] | None,
        fmt: IntFormat,
        *,
        addend_bits: int = 0,
        initial: int = 0,
        pipelined: bool = True,
    ):
        self._rule = rule
        self._format = fmt
        self._addend_bits = addend_bits
        self._initial = initial
        self._pipelined = pipelined
        members = {"value": In(shape_of(fmt)), "clear": In(1), "decayed": Out(shape_of(fmt)), "overflow": Out(1)}
        if addend_bits:
            members["addend"] = In(signed(addend_bits))
        if initial:
            members["begin"] = In(1)
        if isinstance(rule, LeakParams) and rule.varies:
            members["decay"] = In(rule.decay_bits + 1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        later = m.d.sync if self._pipelined else m.d.comb
        value, clear = self.value, self.clear
        if self._initial:
            value, clear = Mux(self.begin, C(self._initial, value.shape()), value), clear & ~self.begin
        # a product is rounded in the next cycle, a leak by shift in this one
        rule = self._rule
        if isinstance(rule, LeakParams) and rule.kind is LeakKind.MULTIPLY:
            product = value * (self.decay if rule.varies else rule.decay)
            held = Signal(product.shape())
            rounded = round_shift(held, rule.decay_bits, rule.rounding)
        else:
            product = value
            if rule is not None:
                product = leak(value, rule) if isinstance(rule, LeakParams) else rule(value)
            rounded = held = Signal(value.shape())
        later += held.eq(product)
        with m.If(clear):
            later += held.eq(0)
        decayed = rounded
        if self._addend_bits:
            total = rounded + self.addend
            decayed = saturate(total, self._format)
            later += self.overflow.eq(decayed != total)
        later += self.decayed.eq(decayed)
        return m
