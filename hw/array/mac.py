"""Multiply-accumulators: the datapath of a processing element."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.negate import Negator
from tospike.hw.multiply import Multiplier
from tospike.hw.params import ArrayParams
from tospike.hw.primitives import CELLS, MULTIPLY_ADD
from tospike.hw.primitives.flags import flags


class MultiplyAccumulate(wiring.Component):
    """``acc <- (first ? 0 : acc) + act * weight``. Latency 2 + ``product_registers``, throughput 1.

    ``first`` comes one cycle after its operands. If multiplier and adder are one cell, the product of the cycle before
    is lost, so it should be zero.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        super().__init__(
            {
                "act": In(shape_of(params.act)),
                "weight": In(shape_of(params.weight)),
                "first": In(1),
                "acc": Out(shape_of(params.acc)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, registers = self._params, self._params.product_registers
        cells = CELLS[params.primitives]
        if params.primitives in MULTIPLY_ADD:
            restart = flags(m, cells, self.first, registers - 1, name="first")  # a cycle early, see above
            total = MULTIPLY_ADD[params.primitives].accumulate(m, self.act, self.weight, restart=restart)
            m.d.comb += self.acc.eq(total)
            return m
        product, carry = self._product(m)
        acc = Signal.like(self.acc, reset_less=True)
        total = cells.restartable_adder(m, acc, product, carry=carry, first=self.first, cycles=registers, name="first")
        m.d.sync += acc.eq(total)
        m.d.comb += self.acc.eq(acc)
        return m

    def _product(self, m):
        """Return the product, and the carry to add to it."""
        params = self._params
        factor = _multiplier(params) if params.multipliers else Negator(params)
        m.submodules.multiplier = factor
        m.d.comb += [factor.a.eq(self.act), factor.b.eq(self.weight)]
        return factor.product, C(0, 1) if params.multipliers else factor.carry


class MultiplyAdd(wiring.Component):
    """``total`` is ``addend`` plus ``act * weight``. Latency 1 from ``addend``, 2 + ``product_registers`` from the
    operands, throughput 1."""

    def __init__(self, params: ArrayParams):
        self._params = params
        acc = shape_of(params.acc)
        super().__init__(
            {
                "act": In(shape_of(params.act)),
                "weight": In(shape_of(params.weight)),
                "addend": In(acc),
                "total": Out(acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        if params.primitives in MULTIPLY_ADD:
            total = MULTIPLY_ADD[params.primitives].add(m, self.act, self.weight, addend=self.addend)
            m.d.comb += self.total.eq(total)
            return m
        m.submodules.multiplier = multiplier = _multiplier(params)
        m.d.comb += [multiplier.a.eq(self.act), multiplier.b.eq(self.weight)]
        total = Signal.like(self.total, reset_less=True)
        m.d.sync += total.eq(self.addend + multiplier.product)
        m.d.comb += self.total.eq(total)
        return m


def _multiplier(params: ArrayParams) -> Multiplier:
    return Multiplier(
        shape_of(params.act),
        shape_of(params.weight),
        registers=params.product_registers,
        primitives=params.primitives,
        zero_gating=params.zero_gating,
    )
