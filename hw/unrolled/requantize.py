"""Requantisation by constants: multiplier, rounding shift and clamp of a result."""

from amaranth.hdl import *

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.delay import delayed
from tospike.hw.multiply import Multiplier
from tospike.hw.params import IntFormat, PrimitiveSet, Rounding
from tospike.hw.unrolled.digits import signed_digits
from tospike.hw.unrolled.layout import SCALE_LATENCY


def scaled(m: Module, value: Value, factor: int, *, dsp: bool, primitives: PrimitiveSet, name: str) -> Value:
    """Return ``value * factor``, `SCALE_LATENCY` cycles later.

    Without a DSP block, it is a tree of adders: up to 9 signed digits of 16 bits, so two adders are between two
    registers in the first stage, and one in the others.
    """
    digits = signed_digits(factor)
    if len(digits) <= 1:
        return delayed(m, value * factor, SCALE_LATENCY, name=name, reset_less=True)
    if dsp:
        m.submodules[name] = unit = Multiplier(
            value.shape(), unsigned(factor.bit_length()), registers=SCALE_LATENCY - 1, primitives=primitives
        )
        m.d.comb += [unit.a.eq(value), unit.b.eq(factor)]
        return unit.product
    terms = [(-value if negative else value) << exponent for exponent, negative in digits]
    for stage, count in enumerate((4, 2, 2)):
        sums = [sum(terms[first : first + count]) for first in range(0, len(terms), count)]
        terms = [
            Signal(Value.cast(total).shape(), name=f"{name}_{stage}_{n}", reset_less=True)
            for n, total in enumerate(sums)
        ]
        m.d.sync += [term.eq(total) for term, total in zip(terms, sums, strict=True)]
    (product,) = terms
    return product


def clamped(
    m: Module, value: Value, *, shift: int, rounding: Rounding, clamp: tuple[int, int], fmt: IntFormat, name: str
) -> Value:
    """Return ``value / 2**shift``, rounded to nearest and clamped, a cycle later; ``shift`` may be negative.

    Where the floor is in range, so is what is rounded up, or it is clamped to the same bound: the comparisons need not
    wait for the rounding.
    """
    low, high = clamp
    value = value << -shift if shift < 0 else value
    shift = max(shift, 0)
    bits = extended(value, max(len(value), shift + 1))
    floor = bits[shift:].as_signed() if value.shape().signed else bits[shift:]
    half = bits[shift - 1] if shift else C(0, 1)
    if rounding is Rounding.HALF_EVEN and shift:
        half &= floor[0] | bits[: shift - 1].any()
    rounded = (floor + half)[: fmt.bits]
    result = Signal(shape_of(fmt), name=name, reset_less=True)
    m.d.sync += result.eq(Mux(floor < low, low, Mux(floor >= high, high, rounded)))
    return result
