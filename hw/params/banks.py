"""Banks of deep memories: what their pipeline costs in cycles."""

from tospike.hw.params.numbers import ceil_div

BANK_WORDS = 2048
"""Words of a bank: the depth of an ECP5 block RAM of 9 bits, so that no multiplexer follows the block RAM."""
FAN_IN = 4
"""Inputs of a multiplexer between two pipeline registers: with its select lines, the inputs of a LUT6."""


def bank_depths(depth: int) -> list[int]:
    """Return the words of each bank of a memory: a power of two, for otherwise synthesis splits a bank, and puts a
    multiplexer between block RAM and register.

    What would be two banks is one: block RAMs of half the width hold it, as many of them, without a multiplexer.
    """
    if depth <= 2 * BANK_WORDS:
        return [1 << (depth - 1).bit_length()]
    return [min(BANK_WORDS, 1 << (depth - start - 1).bit_length()) for start in range(0, depth, BANK_WORDS)]


def bank_cycles(depth: int) -> int:
    """Return the cycles that selecting a bank adds to a read: log4 of the banks, rounded up."""
    cycles, banks = 0, len(bank_depths(depth))
    while banks > 1:
        cycles, banks = cycles + 1, ceil_div(banks, FAN_IN)
    return cycles
