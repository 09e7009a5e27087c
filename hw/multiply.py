"""A pipelined multiplier, built from the primitives of the device."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import PrimitiveSet
from tospike.hw.primitives import CELLS


class Multiplier(wiring.Component):
    """``product`` is ``a * b``, 1 + ``registers`` cycles later, one per cycle. Data registers have no reset.

    ::

        a, b -> register -> * -> registers -> product

    See `tospike.hw.primitives.protocol.Primitives.multiplier`.
    """

    def __init__(self, a, b, *, registers: int, primitives: PrimitiveSet, zero_gating: bool = False):
        self._registers = registers
        self._primitives = primitives
        self._zero_gating = zero_gating
        a, b = Shape.cast(a), Shape.cast(b)
        product = Shape(a.width + b.width, signed=a.signed or b.signed)
        super().__init__({"a": In(a), "b": In(b), "product": Out(product)})

    def elaborate(self, platform):
        m = Module()
        cells = CELLS[self._primitives]
        product = cells.multiplier(m, self.a, self.b, registers=self._registers, zero_gating=self._zero_gating)
        m.d.comb += self.product.eq(product)
        return m
