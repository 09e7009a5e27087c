"""The membranes of few words: a ring of registers, and the adder at its end."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring

from tospike.hw.arithmetic import saturate
from tospike.hw.params import EventParams, IntFormat
from tospike.hw.spiking.accumulate import accumulate_members

MAX_WORDS = 4
"""A word that is fetched comes back to be stored 4 cycles later; by then the ring must have turned."""


def states_in_ring(params: EventParams) -> bool:
    """Return whether an engine has so few words, which it goes through in turn: a ring can not skip words."""
    return params.words <= (1 if params.lists_words else MAX_WORDS) and params.window is None


class AccumulateRing(wiring.Component):
    """What `Accumulate` does, for a caller that goes through all words in turn, again and again, from word 0.

    ::

        +--> word 0 <- word 1 <- ... <- word W-1 <--+
        |                                           |
        +--> state                                  |
        +--> + addend -> saturate -> | store -------+

    A sum is stored in the cycle of its addition, so there is nothing to forward, however few words there are, and
    nothing to address. Each fetch and each store turns the ring by one word. A fetch without ``accumulate`` leaves a
    word of zeros, with which the stored word is ored: after such a fetch of all words, all of them are stored.

    Parameters
    ----------
    state, addend_bits, lanes, words
        As those of `Accumulate`; at most `MAX_WORDS` words.

    Members
    -------
    fetch, addend, store, state, saturated
        As those of `Accumulate`. The word numbers are not looked at.
    """

    def __init__(self, *, state: IntFormat, addend_bits: int, lanes: int, words: int):
        self._format = state
        self._lanes = lanes
        self._words = words
        super().__init__(accumulate_members(state=state, addend_bits=addend_bits, lanes=lanes, words=words))

    def elaborate(self, platform):
        m = Module()
        turning = data.StructLayout({"valid": 1, "accumulate": 1})
        fetched, ready, adding = (Signal(turning, name=f"fetch_{cycle}") for cycle in (1, 2, 3))
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
