"""The memory of auxiliary neuron states, which only updates access."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.memory import NO_COLLISIONS


class AuxState(wiring.Component):
    """A memory of words of lanes that each update reads and writes back. Read latency 2, one word per cycle.

    A word must not be read again before the cycle after its write.

    Members
    -------
    word : In
        Cycle 0.
    values : Out
        Cycle 2.
    store : In(valid, word, values)
        Write port.
    """

    def __init__(self, layout: data.StructLayout, *, lanes: int, words: int):
        self._words = words
        lanes_of_layout = data.ArrayLayout(layout, lanes)
        super().__init__(
            {
                "word": In(range(words)),
                "values": Out(lanes_of_layout),
                "store": In(data.StructLayout({"valid": 1, "word": range(words), "values": lanes_of_layout})),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = Shape.cast(self.values.shape())
        m.submodules.memory = memory = Memory(shape=shape, depth=self._words, init=[], attrs=NO_COLLISIONS)
        read, write = memory.read_port(), memory.write_port()
        raw = Signal(shape, reset_less=True)
        m.d.sync += raw.eq(read.data)
        m.d.comb += [
            read.addr.eq(self.word),
            read.en.eq(1),
            Value.cast(self.values).eq(raw),
            write.addr.eq(self.store.word),
            write.data.eq(self.store.values),
            write.en.eq(self.store.valid),
        ]
        return m
