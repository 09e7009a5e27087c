"""Pseudo-random numbers from a linear-feedback shift register."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params.engines.encoder import LFSR_BITS, LFSR_TAP, RANDOM_BITS


class RandomNumbers(wiring.Component):
    """An LFSR that provides a number of `RANDOM_BITS` bits in every cycle.

    It shifts in all bits of the next number at once. They depend only on bits that are already in it, because
    `LFSR_TAP` is at least `RANDOM_BITS` - 1. `tospike.sim.encoders.random.random_numbers` is the golden model.

    Members
    -------
    number : Out(RANDOM_BITS)
        The lowest bits of the LFSR.
    advance : In(1)
        The next cycle has the next number.
    restart : In(1)
        The next cycle has the first number.
    """

    def __init__(self, seed: int):
        self._seed = seed
        super().__init__({"number": Out(RANDOM_BITS), "advance": In(1), "restart": In(1)})

    def elaborate(self, platform):
        m = Module()
        state = Signal(LFSR_BITS, init=self._seed)
        entering = [state[LFSR_BITS - 1 - n] ^ state[LFSR_TAP - n] for n in range(RANDOM_BITS)]
        m.d.comb += self.number.eq(state[:RANDOM_BITS])
        with m.If(self.restart):
            m.d.sync += state.eq(self._seed)
        with m.Elif(self.advance):
            m.d.sync += state.eq(Cat(*reversed(entering), state[:-RANDOM_BITS]))
        return m
