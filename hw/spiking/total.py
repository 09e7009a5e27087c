"""A registered adder tree over lanes."""

from collections.abc import Sequence

from amaranth.hdl import *


def total(m: Module, numbers: Sequence[Value]) -> Value:
    """Return the sum of unsigned numbers, a cycle later: sums of four are registered, then added up."""
    groups = []
    for first in range(0, len(numbers), 4):
        part = list(numbers[first : first + 4])
        group = Signal(range(sum((1 << len(number)) - 1 for number in part) + 1), name=f"total_{first}", src_loc_at=1)
        m.d.sync += group.eq(_sum(part))
        groups.append(group)
    return _sum(groups)


def _sum(values: Sequence[Value]) -> Value:
    """Return the sum, from a balanced adder tree."""
    if len(values) == 1:
        return values[0]
    middle = len(values) // 2
    return _sum(values[:middle]) + _sum(values[middle:])
