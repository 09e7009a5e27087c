"""Performance counters, and numbers that run in circles."""

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


def cycle_through(m: Module, count: int, advance: Value, *, name: str) -> tuple[Signal, Value]:
    """Return a number that runs from 0 to ``count - 1`` and again from 0, and whether it is the last one.

    That is known from a register, because handshakes depend on it.
    """
    number = Signal(range(count), name=name)
    if count == 1:
        return number, C(1, 1)
    is_last = Signal(name=f"{name}_is_last")
    with m.If(advance):
        m.d.sync += [number.eq(Mux(is_last, 0, number + 1)), is_last.eq(number == count - 2)]
    return number, is_last
