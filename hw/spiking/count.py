"""Spike counters, one per neuron, in a memory that every update reads and writes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import IntFormat


class SpikeCounts(wiring.Component):
    """``count[word] = saturate(count[word] + spikes)``, or 0 with ``clear``. Latency 4, throughput one word per cycle.

    Counts are written 4 cycles after their fetch, without forwarding: a word may be fetched again after 5 cycles.

    Members
    -------
    fetch : In(valid, clear, word)
        Cycle 0.
    spikes : In
        Cycle 2.
    counts : Out
        Cycle 2: the counts before this word's spikes.
    """

    def __init__(self, fmt: IntFormat, *, spike_bits: int, lanes: int, words: int):
        self._format = fmt
        self._lanes = lanes
        self._words = words
        super().__init__(
            {
                "fetch": In(data.StructLayout({"valid": 1, "clear": 1, "word": range(words)})),
                "spikes": In(data.ArrayLayout(unsigned(spike_bits), lanes)),
                "counts": Out(data.ArrayLayout(shape_of(fmt), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.counts.shape()
        m.submodules.memory = memory = Memory(shape=Shape.cast(shape), depth=self._words, init=[], attrs=NO_COLLISIONS)
        read = memory.read_port()
        write = memory.write_port()
        m.d.comb += [read.addr.eq(self.fetch.word), read.en.eq(1)]

        fetched, counted, adding, writing = (Signal.like(self.fetch, name=f"stage_{n}") for n in range(1, 5))
        before = Signal(shape, reset_less=True)
        spikes = Signal(self.spikes.shape())
        m.d.sync += [
            fetched.eq(self.fetch),
            counted.eq(fetched),
            adding.eq(counted),
            writing.eq(adding),
            self.counts.eq(read.data),
            before.eq(self.counts),
            spikes.eq(self.spikes),
        ]
        sums = Signal(shape)
        for lane in range(self._lanes):
            m.d.sync += sums[lane].eq(saturate(before[lane] + spikes[lane], self._format))
        with m.If(adding.clear):
            m.d.sync += sums.eq(0)
        m.d.comb += [write.addr.eq(writing.word), write.data.eq(sums), write.en.eq(writing.valid)]
        return m
