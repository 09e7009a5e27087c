"""Flags that act on many bits: a register of their own for each few of them."""

from amaranth.hdl import *

from tospike.hw.primitives.protocol import Primitives

BITS_PER_FLAG = 16
"""Bits of a sum for each copy of a flag that acts on all of them: a wider net would be the slowest of the array."""


def flags(m: Module, primitives: Primitives, flag: Value, cycles: int, *, name: str) -> Value:
    """``flag`` after ``cycles`` registers of its own.

    Many flags of an array are equal at all times. Synthesis would make one register of them, and its net would cross
    the array: where that decides the clock, the family's flip-flops are kept apart.
    """
    for stage in range(cycles):
        flag = primitives.flip_flop(m, flag, name=f"{name}_{stage + 1}")
    return flag


def flag_for_bits(m: Module, primitives: Primitives, flag: Value, cycles: int, *, width: int, name: str) -> Value:
    """:func:`flags` for each of ``width`` bits, whose last register is shared by ``BITS_PER_FLAG`` of them."""
    early = flags(m, primitives, flag, cycles - 1, name=name)
    parts = range(0, width, BITS_PER_FLAG)
    return Cat(
        flags(m, primitives, early, 1, name=f"{name}_from_{low}").replicate(min(BITS_PER_FLAG, width - low))
        for low in parts
    )
