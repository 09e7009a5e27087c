"""Delay lines: values that come some cycles later."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


def delayed(m: Module, value, cycles: int, *, name: str, **options):
    """``value`` after ``cycles`` registers; ``options`` go to each register."""
    for stage in range(cycles):
        register = Signal.like(Value.cast(value), name=f"{name}_{stage + 1}", init=0, **options)
        m.d.sync += register.eq(value)
        value = register
    return value


class Skew(wiring.Component):
    """``o[lane]`` is ``i[lane]`` of ``lane // together`` cycles ago: how operands enter a systolic array."""

    def __init__(self, shape, lanes: int, *, together: int = 1):
        self._lanes = lanes
        self._together = together
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(layout), "o": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        for lane in range(self._lanes):
            source = Value.cast(self.i[lane])
            m.d.comb += Value.cast(self.o[lane]).eq(delayed(m, source, lane // self._together, name=f"lane_{lane}"))
        return m
