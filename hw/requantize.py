"""The requantiser: accumulators to activations by bias, multiplier, rounding shift and clamp."""

from itertools import product

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.delay import delayed
from tospike.hw.multiply import Multiplier
from tospike.hw.params import IntFormat, PrimitiveSet, RequantizeParams, Rounding, ceil_div

_PART = 16
"""Bits of the lower part of a sum: the parts are multiplied separately, so that each fits a DSP block."""
_FACTOR = 17
"""Bits of a multiplier that fits one; a wider one has a lower part, too."""
_FINE = 3
"""Low bits of the shift amount, applied by the second stage of the shifter."""


class Requantizer(wiring.Component):
    """``y = clamp(round((acc * 2**fraction_bits + bias) * multiplier / 2**shift))``. Latency ``LATENCY``, throughput 1.

    A multiplier of 1, a shift of 0 and the bounds of the accumulator make it the identity (plus bias). The
    biased sum must fit the accumulator's format: the planner refuses layers where it might not.

    ::

        1 bias | 2 operands, 3 products | 4 their sum | 5 coarse, 6 fine shift | 7 round | 8 compare, 9 clamp

    Members
    -------
    i : In(StructLayout)
        ``acc``, ``bias``, ``multiplier``.
    shift, low, high : In
        Constant while results are in the pipeline.
    o : Out(signed(acc_bits))
        The result.
    """

    LATENCY = 9

    def __init__(self, params: RequantizeParams, acc: IntFormat, *, primitives: PrimitiveSet = PrimitiveSet.GENERIC):
        self._params = params
        self._acc = shape_of(acc)
        self._primitives = primitives
        operands = {"acc": self._acc, "bias": self._acc, "multiplier": shape_of(params.multiplier)}
        super().__init__(
            {
                "i": In(data.StructLayout(operands)),
                "shift": In(range(params.max_shift + 1)),
                "low": In(self._acc),
                "high": In(self._acc),
                "o": Out(self._acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        biased = Signal(self._acc, reset_less=True)
        multiplier = Signal.like(self.i.multiplier, reset_less=True)
        m.d.sync += [
            biased.eq((self.i.acc << self._params.fraction_bits) + self.i.bias),
            multiplier.eq(self.i.multiplier),
        ]
        scaled = Signal(signed(self._acc.width + self._params.multiplier_bits + 1), reset_less=True)
        m.d.sync += scaled.eq(self._product(m, biased, multiplier))

        rounded = self._round_shift(m, scaled)
        below, above = self._less(m, rounded, self.low), self._less(m, self.high, rounded)
        clamped = Signal(self._acc, reset_less=True)
        m.d.sync += clamped.eq(Mux(below, self.low, Mux(above, self.high, delayed(m, rounded, 1, name="rounded"))))
        m.d.comb += self.o.eq(clamped)
        return m

    def _product(self, m, value, factor):
        """Return ``value * factor`` two cycles later, as the sum of a product per pair of their parts."""
        values = [value] if len(value) <= _PART else [value[:_PART], value[_PART:].as_signed()]
        factors = [factor] if len(factor) <= _FACTOR else [factor[:_PART], factor[_PART:]]
        total = 0
        for number, (high, low) in enumerate(product(range(len(factors)), range(len(values)))):
            a, b = values[low], factors[high]
            m.submodules[f"multiplier_{number}"] = part = Multiplier(
                a.shape(), b.shape(), registers=1, primitives=self._primitives
            )
            m.d.comb += [part.a.eq(a), part.b.eq(b)]
            total = total + (part.product << _PART * (low + high))
        return total

    def _less(self, m, a, b):
        """Return ``a < b`` a cycle later. The halves are compared in parallel, to halve the carry chain."""
        width = max(len(a), len(b))
        half = width // 2
        a, b = extended(a, width), extended(b, width)
        high, equal, low = Signal(), Signal(), Signal()
        m.d.sync += [
            high.eq(a[half:].as_signed() < b[half:].as_signed()),
            equal.eq(a[half:] == b[half:]),
            low.eq(a[:half] < b[:half]),
        ]
        return high | (equal & low)

    def _round_shift(self, m, scaled):
        """Return ``scaled / 2**shift``, rounded, three cycles later."""
        rounding = self._params.rounding
        # truncation is floor(x / 2**shift) for x >= 0, and 1 + floor((x - 1) / 2**shift) for x < 0
        negative = scaled[-1] if rounding is Rounding.TRUNCATE else C(0, 1)
        shape = signed(len(scaled) + 1)  # one more fraction bit, for rounding
        coarse = Signal(shape, reset_less=True)
        fine = Signal(shape, reset_less=True)
        rounded = Signal.like(scaled, reset_less=True)
        upwards = {
            Rounding.HALF_UP: fine[0],
            Rounding.HALF_EVEN: fine[0] & (fine[1] | self._dropped(m, scaled, coarse)),
            Rounding.FLOOR: C(0, 1),
            Rounding.TRUNCATE: delayed(m, negative, 2, name="negative"),
        }[rounding]
        m.d.sync += [
            coarse.eq(((scaled - negative) << 1) >> (self.shift[_FINE:] << _FINE)),
            fine.eq(coarse >> self.shift[:_FINE]),
            rounded.eq((fine >> 1) + upwards),
        ]
        return rounded

    def _dropped(self, m, scaled, coarse):
        """Return whether a 1 was shifted out below the bit that tells a half, two cycles later; 0 if none is asked."""
        if self._params.rounding is not Rounding.HALF_EVEN:
            return C(0, 1)
        group, bits = 1 << _FINE, Cat(C(0, 1), scaled)
        groups = range(ceil_div(self._params.max_shift, group))
        parts = (bits[number * group : (number + 1) * group].any() for number in groups)
        any_of = [part & (self.shift[_FINE:] > number) for number, part in enumerate(parts)]
        by_coarse, by_fine = Signal(), Signal()
        m.d.sync += [
            by_coarse.eq(Cat(any_of).any()),
            by_fine.eq(by_coarse | Cat(coarse[bit] & (self.shift[:_FINE] > bit) for bit in range(group - 1)).any()),
        ]
        return by_fine
