"""Weights from the host: beats to words, and a queue of them."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann.layout import weight_memory
from tospike.hw.params import WORD_BITS, SystolicParams
from tospike.hw.streams import Queue


class WeightQueue(wiring.Component):
    """Takes the place of the weight memory: words leave in the order in which they came.

    ::

        i -> the first beats of a word -> Queue -> word

    A beat per cycle comes in, as long as there is room. A word may leave two cycles after its last beat came, and its
    place is free in the cycle after it left.

    Members
    -------
    i : In(stream.Signature(32))
        Beats of the host: ``params.beats_per_word`` for a word, the lowest bits first.
    there : Out(1)
        A word may be taken.
    take : In(1)
        ``word`` is the next one, from the next cycle on.
    """

    def __init__(self, params: SystolicParams):
        self._params = params
        self._width = weight_memory(params).width
        super().__init__(
            {
                "i": In(stream.Signature(WORD_BITS)),
                "there": Out(1),
                "take": In(1),
                "word": Out(self._width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        beats = self._params.beats_per_word
        m.submodules.queue = queue = Queue(unsigned(self._width), depth=self._params.weight_queue)
        number = Signal(range(beats))
        lower = Signal(WORD_BITS * (beats - 1), reset_less=True)
        is_last = Signal()
        m.d.comb += [
            is_last.eq(number == beats - 1),
            queue.i.payload.eq(Cat(lower, self.i.payload)),
            queue.i.valid.eq(self.i.valid & is_last),
            self.i.ready.eq(~is_last | queue.i.ready),
            self.there.eq(queue.o.valid),
            queue.o.ready.eq(self.take),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += number.eq(Mux(is_last, 0, number + 1))
            with m.If(~is_last):
                m.d.sync += lower.word_select(number, WORD_BITS).eq(self.i.payload)
        with m.If(self.take):
            m.d.sync += self.word.eq(queue.o.payload)
        return m
