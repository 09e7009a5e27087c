"""Comparisons of signed values with constants."""

from amaranth.hdl import *


def above(value: Value, limit: int) -> Value:
    """Return ``value > limit``, for a limit that is not negative."""
    return ~value[-1] & _magnitude_above(value[:-1], limit)


def below(value: Value, limit: int) -> Value:
    """Return ``value < limit``, for a limit that is not positive."""
    return above(~value, ~limit) if limit else value[-1]


def _magnitude_above(value: Value, limit: int) -> Value:
    """Return ``value > limit``, both unsigned, as a tree over groups of 4 bits: a third of the LUTs of a carry
    chain."""
    width = len(value)
    if limit >> width:
        return C(0, 1)
    if width <= 4:
        return value > limit
    low = 4
    while low * 4 < width:
        low *= 4
    high_limit = limit >> low
    high, rest = value[low:], value[:low]
    return _magnitude_above(high, high_limit) | (
        (high == high_limit) & _magnitude_above(rest, limit & ((1 << low) - 1))
    )
