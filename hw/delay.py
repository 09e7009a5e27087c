"""Delay lines, also those that skew the operands of a systolic array."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


def delayed(m: Module, value, cycles: int, *, name: str, **options):
    """Return ``value`` delayed by ``cycles`` registers; ``options`` are passed to each of them."""
    for stage in range(cycles):
        register = Signal.like(Value.cast(value), name=f"{name}_{stage + 1}", init=0, **options)
        m.d.sync += register.eq(value)
        value = register
    return value


class Skew(wiring.Component):
    """Delay lane n by n // ``group`` cycles: the skew with which operands enter a systolic array. Throughput 1."""

    def __init__(self, shape, lanes: int, *, group: int = 1):
        self._lanes = lanes
        self._group = group
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(layout), "o": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        for lane in range(self._lanes):
            source = Value.cast(self.i[lane])
            m.d.comb += Value.cast(self.o[lane]).eq(delayed(m, source, lane // self._group, name=f"lane_{lane}"))
        return m
