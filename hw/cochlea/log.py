"""Base-2 logarithm of an unsigned integer."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import CochleaParams


class Log(wiring.Component):
    """``level`` is the logarithm of ``value`` above the floor, 3 cycles later. Throughput 1 while ``advance`` is high.

    ::

        value -> place of the leading one -> bits after it -> {octave, fraction} - floor, saturated -> level

    `tospike.sim.cochlea.golden.levels` is the golden model.
    """

    def __init__(self, params: CochleaParams):
        self._params = params
        super().__init__({"advance": In(1), "value": In(shape_of(params.sum)), "level": Out(shape_of(params.level))})

    def elaborate(self, platform):
        m = Module()
        params = self._params
        width, fraction_bits = params.sum.bits, params.fraction_bits
        # how far the leading one is from the last place: the last assignment, that of the highest one, holds
        gap, found = Signal(range(width)), Signal(range(width))
        for place in range(width):
            with m.If(self.value[place]):
                m.d.comb += found.eq(width - 1 - place)
        value = Signal.like(self.value)

        # the index follows the leading one, with zeros where the value ends
        index, octave, some = Signal(fraction_bits), Signal(range(width)), Signal()
        moved = Cat(C(0, fraction_bits), (value << gap)[: width - 1])

        fraction = Signal(fraction_bits)
        if fraction_bits:
            with m.Switch(index):
                for number, entry in enumerate(params.log_fractions):
                    with m.Case(number):
                        m.d.comb += fraction.eq(entry)
        above = Cat(fraction, octave) - params.floor
        with m.If(self.advance):
            m.d.sync += [
                *(gap.eq(found), value.eq(self.value)),
                *(index.eq(moved[len(moved) - fraction_bits :]), octave.eq(width - 1 - gap), some.eq(value.any())),
                self.level.eq(Mux(some & (above > 0), Mux(above > params.level.max, params.level.max, above), 0)),
            ]
        return m
