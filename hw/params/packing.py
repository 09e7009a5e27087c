"""Operand packing: two products from one multiplier."""

from tospike.hw.params.numbers import IntFormat

MULTIPLIER_BITS = 18
"""Bits of a signed operand of the multiplier."""


def packing_shift(act: IntFormat, weight: IntFormat) -> int | None:
    """Return the shift of the second of two weights packed into one operand; ``None`` if they do not fit.

    ``act * (high * 2**k + low)`` is ``act * high * 2**k + act * low``. With k the width of a product, the lower k bits
    are ``act * low`` and the bits above are ``act * high``, less 1 if ``act * low`` is negative. The packed operand is
    k + 1 bits wider than a weight, because a negative ``low`` borrows from ``high``.

    If that is one bit too wide and ``act`` is signed, k can be one less: the only product that then overflows is that
    of the two most negative values, 2**(k - 1), which reads as -2**(k - 1), a value that no product has.
    """
    product = act.bits + weight.bits
    for shift in (product, product - act.signed):
        if weight.bits + shift + 1 <= MULTIPLIER_BITS:
            return shift
    return None
