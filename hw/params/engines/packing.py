"""Two products in one multiplier: which widths allow it, and how."""

from tospike.hw.params.numbers import IntFormat

MULTIPLIER_BITS = 18
"""Bits of a signed operand of the multiplier."""


def packing_shift(act: IntFormat, weight: IntFormat) -> int | None:
    """Return the bits by which the second of two weights is shifted in their common operand, ``None`` if they are too
    wide.

    ``act * (high * 2**k + low)`` is ``act * high * 2**k + act * low``: with k the bits of a product, the lower k bits
    are ``act * low``, and what is above them is ``act * high``, less 1 where ``act * low`` is negative. The operand
    takes k + 1 bits and those of a weight, since a negative ``low`` borrows from ``high``.

    Where that is one bit too much and ``act`` is signed, k may be one less. Of all products only that of the two least
    values is then too large, 2**(k - 1), and looks like -2**(k - 1), which no product is.
    """
    product = act.bits + weight.bits
    for shift in (product, product - act.signed):
        if weight.bits + shift + 1 <= MULTIPLIER_BITS:
            return shift
    return None
