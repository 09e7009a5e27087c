"""Running totals of what an engine does."""

from collections.abc import Mapping

from amaranth.hdl import *


def count_up(m: Module, counters, clear: Value, increments: Mapping[str, Value]) -> dict[str, Signal]:
    """Add to the fields of ``counters`` in every cycle, and return what is on its way to them: there is a register
    before each adder, for a counter is long enough to be a path of its own."""
    steps = {}
    for name, increment in increments.items():
        steps[name] = step = Signal(increment.shape(), name=f"{name}_step")
        count = counters[name]
        m.d.sync += [step.eq(increment), count.eq(count + step)]
        with m.If(clear):
            m.d.sync += count.eq(0)
    return steps
