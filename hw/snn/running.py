"""Running totals of what an engine does."""

from collections.abc import Mapping

from amaranth.hdl import *


def count_up(m: Module, counters, clear: Value, increments: Mapping[str, Value]) -> None:
    """Adds to the fields of ``counters`` in every cycle, a register before each adder."""
    for name, increment in increments.items():
        step = Signal(increment.shape(), name=f"{name}_step")
        count = counters[name]
        m.d.sync += [step.eq(increment), count.eq(count + step)]
        with m.If(clear):
            m.d.sync += count.eq(0)
