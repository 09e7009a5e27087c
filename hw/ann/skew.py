"""Delay lines at the edge of the array."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann.pe import delayed


class Skew(wiring.Component):
    """``o[lane]`` is ``i[lane]`` of ``lane`` cycles ago."""

    def __init__(self, shape, lanes: int):
        self._lanes = lanes
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(layout), "o": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        for lane in range(self._lanes):
            source = Value.cast(self.i[lane])
            m.d.comb += Value.cast(self.o[lane]).eq(delayed(m, source, lane, name=f"lane_{lane}"))
        return m
