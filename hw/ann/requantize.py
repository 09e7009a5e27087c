"""From accumulators to activations: bias, multiplier, rounding shift, clamp."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import IntFormat, RequantizeParams, Rounding


class Requantizer(wiring.Component):
    """``y = clamp(round((acc + bias) * multiplier / 2**shift))``, one result per cycle, ``LATENCY`` cycles later.

    A multiplier of 1, a shift of 0 and the bounds of the accumulator make it the identity (plus bias). The
    sum must fit the accumulator's format: the planner refuses layers where it might not.

    Members
    -------
    enable : In(1)
        The pipeline moves.
    i : In(StructLayout)
        ``acc``, ``bias``, ``multiplier``.
    shift, low, high : In
        Constant while results are inside.
    o : Out(signed(acc_bits))
        The result.
    """

    LATENCY = 4

    def __init__(self, params: RequantizeParams, acc: IntFormat):
        self._params = params
        self._acc = shape_of(acc)
        operands = {"acc": self._acc, "bias": self._acc, "multiplier": shape_of(params.multiplier)}
        super().__init__(
            {
                "enable": In(1),
                "i": In(data.StructLayout(operands)),
                "shift": In(range(params.max_shift + 1)),
                "low": In(self._acc),
                "high": In(self._acc),
                "o": Out(self._acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rounding = self._params.rounding
        biased = Signal(self._acc)
        multiplier = Signal.like(self.i.multiplier)
        scaled = Signal(signed(self._acc.width + self._params.multiplier_bits + 1))
        shifted = Signal(signed(len(scaled) + 1))  # one fraction bit is left
        upwards = Signal()
        rounded = Signal.like(scaled)
        result = Signal(self._acc)

        # towards zero is towards minus infinity for x >= 0, and 1 + floor((x - 1) / 2**shift) for x < 0
        negative = scaled[-1] if rounding is Rounding.TRUNCATE else C(0, 1)
        m.d.comb += rounded.eq(
            (shifted >> 1) + {Rounding.HALF_UP: shifted[0], Rounding.FLOOR: 0, Rounding.TRUNCATE: upwards}[rounding]
        )
        with m.If(self.enable):
            m.d.sync += [
                biased.eq(self.i.acc + self.i.bias),
                multiplier.eq(self.i.multiplier),
                scaled.eq(biased * multiplier),
                shifted.eq(((scaled - negative) << 1) >> self.shift),
                upwards.eq(negative),
                result.eq(Mux(rounded < self.low, self.low, Mux(rounded > self.high, self.high, rounded))),
            ]
        m.d.comb += self.o.eq(result)
        return m
