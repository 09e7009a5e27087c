"""The FIFO of streamed weights, with a width converter from beats to words."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.array.weights import weight_beat
from tospike.hw.params import WeightFormat
from tospike.hw.streams import Queue


class WeightQueue(wiring.Component):
    """A FIFO of weight words in place of the weight memory.

    ::

        i -> width converter -> Queue -> word

    It takes a beat per cycle until it is full. A word is available two cycles after its last beat, and its entry is
    free a cycle after it is taken.

    A frame with too few weights repeats the last one; excess weights are dropped when the next frame starts. Either
    way, the next frame is computed correctly.

    Members
    -------
    i : In(stream.Signature(weight_beat(fmt)))
        Beats from the host: ``fmt.beats_per_word`` per word, the lowest bits first.
    start : In(1)
        A frame starts: it takes words from the next cycle on.
    valid : Out(1)
        A word is available.
    take : In(1)
        Take it: from the next cycle on it is in ``word``.
    error : Out(1)
        The frame has too few weights, or the previous one had too many.
    """

    def __init__(self, fmt: WeightFormat, *, depth: int):
        self._format = fmt
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(weight_beat(fmt))),
                "start": In(1),
                "valid": Out(1),
                "take": In(1),
                "word": Out(fmt.word_bits),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = data.StructLayout({"weights": self._format.word_bits, "last": 1})
        m.submodules.queue = queue = Queue(shape, depth=self._depth)
        self._collect(m, queue.i)

        begin = Signal()  # no word of this frame has been taken
        ended = Signal(init=1)  # the previous word was a frame's last
        dropping, lacking = Signal(), Signal()
        m.d.comb += [
            dropping.eq(begin & ~ended),
            lacking.eq(~begin & ended),
            self.valid.eq(~dropping & (queue.o.valid | lacking)),
            queue.o.ready.eq(dropping | (self.take & ~lacking)),
            self.error.eq((dropping & queue.o.valid) | (self.take & lacking)),
        ]
        with m.If(self.take):
            m.d.sync += begin.eq(0)
        with m.If(self.start):
            m.d.sync += begin.eq(1)
        with m.If(queue.o.valid & queue.o.ready):
            m.d.sync += [self.word.eq(queue.o.payload.weights), ended.eq(queue.o.payload.last)]
        return m

    def _collect(self, m, words):
        """Collect beats into words."""
        beats, bits = self._format.beats_per_word, self._format.beat_bits
        number = Signal(range(beats))
        lower = Signal(bits * (beats - 1), reset_less=True)
        complete = Signal()
        m.d.comb += [
            complete.eq((number == beats - 1) | self.i.payload.last),
            words.payload.weights.eq(Cat(lower, self.i.payload.word)),
            words.payload.last.eq(self.i.payload.last),
            words.valid.eq(self.i.valid & complete),
            self.i.ready.eq(~complete | words.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += number.eq(Mux(complete, 0, number + 1))
            with m.If(~complete):
                m.d.sync += lower.word_select(number, bits).eq(self.i.payload.word)
