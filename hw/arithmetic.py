"""Combinational saturation, rounding and leak; `sim.arithmetic` is the golden model.

Amaranth widens the result of every operation so that it cannot overflow. Each function here is exact, and the caller
places the pipeline registers.
"""

from amaranth.hdl import *

from tospike.hw.params import IntFormat, LeakKind, LeakParams, Rounding


def shape_of(fmt: IntFormat) -> Shape:
    """Return the Amaranth shape of an integer format."""
    return signed(fmt.bits) if fmt.signed else unsigned(fmt.bits)


def extended(value, width: int) -> Value:
    """Return ``value`` sign- or zero-extended to ``width`` bits."""
    value = Value.cast(value)
    sign = value[-1] if value.shape().signed else C(0, 1)
    return Cat(value, sign.replicate(width - len(value)))


def saturate(value, fmt: IntFormat) -> Value:
    """Return ``value`` clamped to [fmt.min, fmt.max], in the shape of ``fmt``."""
    value = Value.cast(value)
    if value.shape().signed:
        value = Cat(value, value[-1].replicate(max(1, fmt.bits + 2 - len(value))))
    else:
        value = Cat(value, C(0, max(1, fmt.bits + 2 - len(value))))
    negative = value[-1]
    above = value[fmt.bits - 1 if fmt.signed else fmt.bits : -1]  # all equal to the sign if the value fits
    underflow = negative & ~above.all() if fmt.signed else negative
    overflow = ~negative & above.any()
    clamped = Mux(underflow, C(fmt.min, shape_of(fmt)), Mux(overflow, C(fmt.max, shape_of(fmt)), value))
    return clamped[: fmt.bits].as_signed() if fmt.signed else clamped[: fmt.bits]


def round_shift(value, shift: int, rounding: Rounding) -> Value:
    """Return ``value / 2**shift`` rounded to an integer."""
    value = Value.cast(value)
    if shift == 0:
        return value
    if rounding is Rounding.HALF_UP:
        return (value + (1 << (shift - 1))) >> shift
    if rounding is Rounding.HALF_EVEN:
        return (value + ((1 << (shift - 1)) - 1) + (value >> shift)[0]) >> shift
    if rounding is Rounding.TRUNCATE and value.shape().signed:
        return (value + Mux(value[-1], (1 << shift) - 1, 0)) >> shift
    return value >> shift


def leak(value, params: LeakParams) -> Value:
    """Return the decayed state, see :class:`tospike.hw.params.LeakKind`. Its magnitude never grows."""
    if params.kind is LeakKind.SHIFT:
        return value - round_shift(value, params.shift, params.rounding)
    return round_shift(value * params.decay, params.decay_bits, params.rounding)
