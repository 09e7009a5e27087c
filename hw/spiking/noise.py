"""Pseudo-random numbers for the lanes of a word, from a linear-feedback shift register."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import NOISE_LAGS, NoiseParams


class Noise(wiring.Component):
    """An LFSR that advances by the bits of a whole word per cycle.

    ::

        oldest bit ... 127 bits ... newest bit | bits of lane 0 | bits of lane 1 | ...

    Each new bit is the exclusive or of those 127 and 64 before it.

    Members
    -------
    advance : In(1)
        ``values`` are used: the next cycle has new ones.
    restart : In(1)
        The next cycle has the first values of the sequence.
    values : Out
        A signed number per lane.
    """

    def __init__(self, params: NoiseParams, *, lanes: int):
        self._params = params
        self._lanes = lanes
        super().__init__(
            {
                "advance": In(1),
                "restart": In(1),
                "values": Out(data.ArrayLayout(shape_of(params.value), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        length, tap = NOISE_LAGS
        history = Signal(length, init=self._params.initial)
        sequence = [history[n] for n in range(length)]
        for number in range(len(self.values.as_value())):
            bit = Signal(name=f"bit_{number}")
            m.d.comb += bit.eq(sequence[-length] ^ sequence[-tap])
            sequence.append(bit)
        m.d.comb += self.values.as_value().eq(Cat(sequence[length:]))
        with m.If(self.restart):
            m.d.sync += history.eq(self._params.initial)
        with m.Elif(self.advance):
            m.d.sync += history.eq(Cat(sequence[-length:]))
        return m
