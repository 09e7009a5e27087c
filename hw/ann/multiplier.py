"""The multiplier with its pipeline registers, of whatever the technology has to offer."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann import ecp5
from tospike.hw.delay import delayed
from tospike.hw.params import Technology


class Multiplier(wiring.Component):
    """``product`` is ``a * b`` of 1 + ``registers`` cycles ago. No data register has a reset.

    ::

        a, b -> register -> * -> registers -> product

    ECP5: the first two ranks are those of the DSP block, so ``registers`` is at least 1, and an operand has at most 18
    bits (17 if unsigned).

    With ``zero_gating``, an operand of 0 leaves the operand registers as they are, so that nothing moves between them
    and the end, where the product is masked.
    """

    def __init__(self, a, b, *, registers: int, technology: Technology, zero_gating: bool = False):
        self._registers = registers
        self._technology = technology
        self._zero_gating = zero_gating
        a, b = Shape.cast(a), Shape.cast(b)
        product = Shape(a.width + b.width, signed=a.signed or b.signed)
        super().__init__({"a": In(a), "b": In(b), "product": Out(product)})

    def elaborate(self, platform):
        m = Module()
        registers = self._registers
        if self._technology is Technology.ECP5:
            inside = Signal.like(self.product)
            m.submodules.dsp = ecp5.multiplier(self.a, self.b, inside)
            m.d.comb += self.product.eq(delayed(m, inside, registers - 1, name="product", reset_less=True))
            return m
        a = Signal.like(self.a, reset_less=True)
        b = Signal.like(self.b, reset_less=True)
        product = delayed(m, a * b, registers, name="product", reset_less=True)
        if self._zero_gating:
            nonzero = self.a.any() & self.b.any()
            with m.If(nonzero):
                m.d.sync += [a.eq(self.a), b.eq(self.b)]
            product = Mux(delayed(m, nonzero, 1 + registers, name="nonzero"), product, 0)
        else:
            m.d.sync += [a.eq(self.a), b.eq(self.b)]
        m.d.comb += self.product.eq(product)
        return m
