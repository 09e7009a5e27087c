"""Pseudo-random numbers from a linear-feedback shift register."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params.engines.encoder import LFSR_BITS, LFSR_TAP, RANDOM_BITS


class RandomNumbers(wiring.Component):
    """`tospike.sim.encoders.random.random_numbers`: a number of `RANDOM_BITS` bits is always there.

    The shift register takes all bits of the next number at once: they hang on bits that are in it already, because
    `LFSR_TAP` is at least `RANDOM_BITS` - 1.

    Members
    -------
    number : Out(RANDOM_BITS)
        The register's lowest bits.
    advance : In(1)
        The next number from the next cycle on.
    restart : In(1)
        The first number from the next cycle on.
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
