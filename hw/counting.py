"""Performance counters, sums for them, and numbers that run in circles."""

from collections.abc import Mapping, Sequence

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


def total(m: Module, numbers: Sequence[Value]) -> Value:
    """Return the sum of unsigned numbers, a cycle later: sums of four are registered, then added up."""
    groups = []
    for first in range(0, len(numbers), 4):
        part = list(numbers[first : first + 4])
        group = Signal(range(sum((1 << len(number)) - 1 for number in part) + 1), name=f"total_{first}", src_loc_at=1)
        m.d.sync += group.eq(_sum(part))
        groups.append(group)
    return _sum(groups)


def grouped_total(m: Module, groups: Sequence[Sequence[Value]]) -> Value:
    """Return the sum of all numbers: as `total` for a single group, else two cycles later still."""
    totals = [total(m, numbers) for numbers in groups]
    if len(totals) == 1:
        return totals[0]
    registered = []
    for number, value in enumerate(totals):
        register = Signal(value.shape(), name=f"total_of_{number}", src_loc_at=1)
        m.d.sync += register.eq(value)
        registered.append(register)
    return total(m, registered)


def _sum(values: Sequence[Value]) -> Value:
    """Return the sum, from a balanced adder tree."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return _sum(values[:middle]) + _sum(values[middle:])
