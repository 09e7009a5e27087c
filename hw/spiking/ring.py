"""Membrane accumulation for few words: a circulating shift register with an adder at its head."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring

from tospike.hw.arithmetic import saturate
from tospike.hw.params import IntFormat
from tospike.hw.spiking.accumulate import accumulate_members


class AccumulateRing(wiring.Component):
    """An alternative to `Accumulate` for a caller that accesses all words cyclically, from word 0 on.

    ::

        +--> word 0 <- word 1 <- ... <- word W-1 <--+
        |                                           |
        +--> state                                  |
        +--> + addend -> saturate -> | store -------+

    Latency and throughput are those of `Accumulate`. A sum is stored in the cycle of its addition, so there is nothing
    to forward, however few words there are, and no address. Each fetch and each store rotates the ring by one word. A
    fetch without ``accumulate`` leaves a word of zeros, with which the stored word is ORed: such a fetch of all words
    must be followed by a store of all words.

    Parameters
    ----------
    state, addend_bits, lanes, words
        As for `Accumulate`; at most `RING_WORDS` words.

    Members
    -------
    fetch, addend, store, state, saturated
        As for `Accumulate`. Word numbers are ignored.
    """

    def __init__(self, *, state: IntFormat, addend_bits: int, lanes: int, words: int):
        self._format = state
        self._lanes = lanes
        self._words = words
        super().__init__(accumulate_members(state=state, addend_bits=addend_bits, lanes=lanes, words=words))

    def elaborate(self, platform):
        m = Module()
        access = data.StructLayout({"valid": 1, "accumulate": 1})
        fetched, ready, adding = (Signal(access, name=f"fetch_{cycle}") for cycle in (1, 2, 3))
        addend = Signal(self.addend.shape())
        m.d.sync += [
            fetched.valid.eq(self.fetch.valid),
            fetched.accumulate.eq(self.fetch.accumulate),
            ready.eq(fetched),
            adding.eq(ready),
            addend.eq(self.addend),
        ]
        with m.If(~(ready.valid & ready.accumulate)):
            m.d.sync += addend.eq(0)

        ring = [Signal(self.state.shape(), name=f"word_{number}") for number in range(self._words)]
        m.d.comb += self.state.eq(ring[0])
        overflow = Signal(self._lanes)
        m.d.sync += self.saturated.eq(overflow)
        for lane in range(self._lanes):
            total = ring[0][lane] + addend[lane]
            above = total[self._format.bits - 1 :]  # all equal to the sign if the sum fits
            m.d.comb += overflow[lane].eq(above.any() & ~above.all())
            with m.If(adding.valid | self.store.valid):
                m.d.sync += ring[-1][lane].eq(saturate(total, self._format) | self.store.values[lane])
        with m.If(adding.valid | self.store.valid):
            m.d.sync += [word.eq(after) for word, after in pairwise(ring)]
        with m.If(adding.valid & ~adding.accumulate):
            m.d.sync += ring[-1].eq(0)
        return m
