"""The list of state words that must be updated even without an event."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.memory import NO_COLLISIONS


class ActiveList(wiring.Component):
    """A list of word numbers, in ascending order, that one update writes and the next one reads. One entry per cycle.

    An update rewrites the list in place: it writes an entry some cycles after it has read that entry or a later one.

    Members
    -------
    index : In
        Cycle 0: the entry to read.
    word : Out
        Cycle 1: that entry.
    update : In(valid, first, append, word)
        An updated word; ``first`` empties the list beforehand, ``append`` appends the word.
    count : Out
        Length of the list, valid from the cycle after the update's last word.
    """

    def __init__(self, *, words: int):
        self._words = words
        super().__init__(
            {
                "index": In(range(words)),
                "word": Out(range(words)),
                "update": In(data.StructLayout({"valid": 1, "first": 1, "append": 1, "word": range(words)})),
                "count": Out(range(words + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        end = Signal.like(self.count)  # index at which this word is appended
        m.d.comb += end.eq(Mux(self.update.first, 0, self.count))
        with m.If(self.update.valid):
            m.d.sync += self.count.eq(end + self.update.append)
        if self._words > 1:
            shape = self.word.shape()
            m.submodules.memory = memory = Memory(shape=shape, depth=self._words, init=[], attrs=NO_COLLISIONS)
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(self.index),
                read.en.eq(1),
                self.word.eq(read.data),
                write.addr.eq(end),
                write.data.eq(self.update.word),
                write.en.eq(self.update.valid & self.update.append),
            ]
        return m
