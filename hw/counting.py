"""Performance counters."""

from collections.abc import Mapping

from amaranth.hdl import *


def count_up(m: Module, counters, clear: Value, increments: Mapping[str, Value]) -> dict[str, Signal]:
    """Add ``increments`` to the fields of ``counters`` in every cycle, and return the increments still in the pipeline.

    Each adder has an input register, because the carry chain of a counter is a long path by itself.
    """
    steps = {}
    for name, increment in increments.items():
        steps[name] = step = Signal(increment.shape(), name=f"{name}_step")
        count = counters[name]
        m.d.sync += [step.eq(increment), count.eq(count + step)]
        with m.If(clear):
            m.d.sync += count.eq(0)
    return steps
