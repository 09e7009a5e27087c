"""Saturation, rounding and exact products of integer arrays; `hw.arithmetic` is the circuit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import InputError, IntFormat, LeakKind, LeakParams, Rounding

Ints = NDArray[np.int64]

LARGEST_EXACT = 1 << 53
"""A float64 represents every integer up to this one."""


def to_int64(values: ArrayLike, what: str) -> Ints:
    """Round real numbers to the nearest integers, ties to even.

    Raises
    ------
    InputError
        A number is NaN, infinite, or too large to be exact in float64 (an integer: in int64); ``what`` names the
        numbers.
    """
    if (integers := np.asarray(values)).dtype.kind in "iub":
        largest = integers.max(initial=0)
        if largest > np.iinfo(np.int64).max:  # of uint64
            raise InputError(f"{what}: {largest} cannot be an integer of 64 signed bits")
        return integers.astype(np.int64, copy=False)
    rounded = np.rint(values)
    for end in (rounded.min(initial=0), rounded.max(initial=0)):
        if not abs(end) <= LARGEST_EXACT:  # also true of NaN
            raise InputError(f"{what}: {end:g} cannot be an integer of {LARGEST_EXACT.bit_length() - 1} bits")
    return rounded.astype(np.int64, casting="unsafe")


def saturate(value: Ints, fmt: IntFormat) -> Ints:
    """Return ``value`` clamped to [fmt.min, fmt.max]."""
    return np.clip(value, fmt.min, fmt.max)


def round_shift(value: Ints, shift: int, rounding: Rounding) -> Ints:
    """Return ``value / 2**shift`` rounded to an integer."""
    if shift == 0:
        return value
    if rounding is Rounding.HALF_UP:
        value = value + (1 << (shift - 1))
    elif rounding is Rounding.HALF_EVEN:  # half less the last bit, where the integer below is even
        value = value + (1 << (shift - 1)) - 1 + ((value >> shift) & 1)
    elif rounding is Rounding.TRUNCATE:
        value = value + np.where(value < 0, (1 << shift) - 1, 0)
    return value >> shift


def leak(value: Ints, params: LeakParams, decays: Ints | None = None) -> Ints:
    """Return the decayed state; see :class:`tospike.hw.params.LeakKind`. ``decays`` replaces the common decay if each
    neuron has its own."""
    if params.kind is LeakKind.SHIFT:
        return value - round_shift(value, params.shift, params.rounding)
    product = value * (params.decay if decays is None else decays)
    return round_shift(product, params.decay_bits, params.rounding)


def magnitude(values: NDArray[np.integer]) -> int:
    """Return the largest absolute value, 0 for an empty array."""
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))


def exact_type(largest: int) -> type[np.number]:
    """Return the fastest type in which sums up to ``largest`` are exact: float32 or float64 (BLAS), else int64."""
    if largest >= 1 << 53:
        return np.int64
    return np.float32 if largest < 1 << 24 else np.float64


def exact_matmul(a: Ints, b: Ints) -> Ints:
    """Return ``a @ b``, exactly."""
    return exact_product(b, magnitude(a))(a)


def exact_product(b: Ints, largest: int) -> Callable[[NDArray[np.integer]], Ints]:
    """Return the function that multiplies integers of magnitudes up to ``largest`` by ``b`` from the right, exactly."""
    most, terms = magnitude(b), b.shape[0]
    bound = largest * most * terms
    if bound >= 1 << 24 and most * terms < 1 << 53:
        # no partial sum is beyond the largest value times all magnitudes of a column
        bound = largest * int(np.abs(b.astype(np.int64)).sum(axis=0).max(initial=0))
    exact = exact_type(bound)
    right = b.astype(exact)
    return lambda a: (a.astype(exact) @ right).astype(np.int64)


def partial_sum_range(start: Ints, current: Ints | np.int64, magnitude: Ints | np.int64) -> tuple[Ints, Ints]:
    """Return what no partial sum of ``start`` and some terms falls below or exceeds, whatever their order.

    ``current`` is the sum of the terms, ``magnitude`` that of their magnitudes: half of what these add up to are the
    positive terms, half of the difference the negative ones.
    """
    return start + (current - magnitude) // 2, start + (magnitude + current) // 2
