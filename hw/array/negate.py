"""Products with +1 and -1, by conditional negation instead of a multiplier."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams


class Negator(wiring.Component):
    """``product + carry`` is ``a * b`` for ``b`` = +1 or -1. Latency 1 + ``params.product_registers``, throughput 1.

    -a is ~a + 1: a row of XOR gates, and a 1 at the carry input of the adder that follows.

    Members
    -------
    a : In(shape_of(params.act))
    b : In(shape_of(params.weight))
    product : Out(signed(act bits + 1))
    carry : Out(1)
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        super().__init__(
            {
                "a": In(shape_of(params.act)),
                "b": In(shape_of(params.weight)),
                "product": Out(signed(params.act.bits + 1)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        registers = self._params.product_registers
        a = Signal.like(self.a, reset_less=True)
        minus = Signal(reset_less=True)
        m.d.sync += [a.eq(self.a), minus.eq(self.b[-1])]
        flipped = extended(a, len(self.product)) ^ minus.replicate(len(self.product))
        m.d.comb += [
            self.product.eq(delayed(m, flipped, registers, name="product", reset_less=True)),
            self.carry.eq(delayed(m, minus, registers, name="carry", reset_less=True)),
        ]
        return m
