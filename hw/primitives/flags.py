"""Control flags with high fan-out, replicated per group of bits."""

from amaranth.hdl import *

from tospike.hw.primitives.protocol import Primitives

BITS_PER_FLAG = 16
"""Bits driven by one copy of a flag: a net of higher fan-out would be the slowest of the array."""


def flags(m: Module, primitives: Primitives, flag: Value, cycles: int, *, name: str) -> Value:
    """Return ``flag`` delayed by ``cycles`` registers that are not merged with others.

    Many flags of an array are equal at all times. Synthesis would merge their registers into one whose net spans the
    array. Where that net would limit the clock, the family's primitives prevent the merge.
    """
    for stage in range(cycles):
        flag = primitives.flip_flop(m, flag, name=f"{name}_{stage + 1}")
    return flag


def flag_for_bits(m: Module, primitives: Primitives, flag: Value, cycles: int, *, width: int, name: str) -> Value:
    """Return :func:`flags` for each of ``width`` bits; groups of ``BITS_PER_FLAG`` share the last register."""
    early = flags(m, primitives, flag, cycles - 1, name=name)
    parts = range(0, width, BITS_PER_FLAG)
    return Cat(
        flags(m, primitives, early, 1, name=f"{name}_from_{low}").replicate(min(BITS_PER_FLAG, width - low))
        for low in parts
    )
