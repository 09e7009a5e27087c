"""Multiply-accumulators: the arithmetic of a processing element, in each technology."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann import ecp5, ice40
from tospike.hw.ann.multiplier import Multiplier
from tospike.hw.ann.negate import Negator
from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, Technology

BITS_PER_FLAG = 16
"""Bits of a sum for each copy of a flag that acts on all of them: a wider net would be the slowest of the array."""


def flags(m: Module, params: ArrayParams, flag, cycles: int, *, name: str) -> Value:
    """``flag`` after ``cycles`` registers of its own.

    Many flags of an array are equal at all times. Synthesis would make one register of them, and its net would cross
    the array: on ECP5, where that decides the clock, they are kept apart.
    """
    if params.technology is not Technology.ECP5:
        return delayed(m, flag, cycles, name=name)
    for stage in range(cycles):
        q = Signal(name=f"{name}_{stage + 1}")
        m.submodules[f"{name}_{stage + 1}"] = ecp5.flip_flop(flag, q)
        flag = q
    return flag


def flag_for_bits(m: Module, params: ArrayParams, flag, cycles: int, *, name: str) -> Value:
    """:func:`flags` for each bit of an accumulator, whose last register is shared by ``BITS_PER_FLAG`` of them."""
    early = flags(m, params, flag, cycles - 1, name=name)
    width = params.acc_bits
    parts = range(0, width, BITS_PER_FLAG)
    return Cat(
        flags(m, params, early, 1, name=f"{name}_from_{low}").replicate(min(BITS_PER_FLAG, width - low))
        for low in parts
    )


class MultiplyAccumulate(wiring.Component):
    """``acc <- (first ? 0 : acc) + act * weight``, for each pair of operands 2 + ``product_registers`` cycles later.

    ``first`` comes one cycle after its operands. iCE40: the product of the cycle before it is lost, so it should be
    one of zero.
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
        params = self._params
        if params.technology is Technology.ICE40:
            total = Signal(signed(ice40.SUM_BITS))
            load = flags(m, params, self.first, params.product_registers - 1, name="first")  # a cycle early: see above
            m.submodules.dsp = ice40.multiply_add(self.act, self.weight, total, load=load)
            m.d.comb += self.acc.eq(total)
            return m
        product, carry = self._product(m)
        acc = Signal.like(self.acc, reset_less=True)
        if params.technology is Technology.ECP5:
            restart = flag_for_bits(m, params, self.first, params.product_registers, name="first")
            m.d.sync += acc.eq(ecp5.restartable_adder(m, restart, acc, product, carry=carry))
        else:
            restart = delayed(m, self.first, params.product_registers, name="first")
            m.d.sync += acc.eq(Mux(restart, 0, acc) + product + carry)
        m.d.comb += self.acc.eq(acc)
        return m

    def _product(self, m):
        """The product, and what is to be added to it."""
        params = self._params
        factor = _multiplier(params) if params.multipliers else Negator(params)
        m.submodules.multiplier = factor
        m.d.comb += [factor.a.eq(self.act), factor.b.eq(self.weight)]
        return factor.product, C(0, 1) if params.multipliers else factor.carry


class MultiplyAdd(wiring.Component):
    """``total`` is ``addend`` of a cycle ago plus ``act * weight`` of 2 + ``product_registers`` cycles ago."""

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
        if params.technology is Technology.ICE40:
            total = Signal(signed(ice40.SUM_BITS))
            m.submodules.dsp = ice40.multiply_add(self.act, self.weight, total, addend=self.addend)
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
        technology=params.technology,
        zero_gating=params.zero_gating,
    )
