"""The membranes: a memory of words of lanes, and the pipeline that adds to one word per cycle."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.params import IntFormat

WRITE_LATENCY = 4
"""Cycles from the fetch of a word to the write of its sum, and so the longest distance that needs forwarding."""


class Accumulate(wiring.Component):
    """``state[word] = saturate(state[word] + addend)`` on all lanes, a word per cycle, without stalls.

    ::

        cycle   0          1          2               3                  4
              fetch -> memory out -> raw ---+---> state
                                            +---> operand + addend -> result, written
                                            |                           |
                         forwarding --------+<--------------------------+
                         injection ---------+

    A sum is written 4 cycles after its fetch, so the same word fetched up to 4 cycles later would read an old state:
    it takes the sum from the pipeline instead. Only the distances that can occur are built: none for a caller that
    returns to a word after 5 cycles or more, all 4 for arbitrary sequences.

    A word that is fetched without ``accumulate`` appears at ``state`` unchanged. What becomes of it the caller may
    inject later: an injected operand takes the place of a fetched one in cycle 2, and is added to and written likewise.

    Parameters
    ----------
    state : IntFormat
        Format of one lane.
    addend_bits : int
        Width of one lane's signed addend.
    lanes : int
        Lanes of a word.
    words : int
        Words of the memory.
    distance : int
        The caller promises not to fetch a word again within fewer cycles, accumulation and injection counted from the
        cycle 0 that belongs to their write.

    Members
    -------
    fetch : In(valid, accumulate, word)
        Cycle 0. ``valid`` without ``accumulate`` only reads.
    addend : In
        Cycle 2 of an accumulation or injection.
    inject : In(valid, word, operand)
        Cycle 2. Never together with the cycle 2 of an accumulation.
    state : Out
        Cycle 3: the word that was fetched.
    saturated : Out(lanes)
        Cycle 4: lanes whose sum did not fit.
    """

    def __init__(self, *, state: IntFormat, addend_bits: int, lanes: int, words: int, distance: int):
        self._format = state
        self._lanes = lanes
        self._words = words
        self._distance = distance
        lanes_of_state = data.ArrayLayout(shape_of(state), lanes)
        fetch = data.StructLayout({"valid": 1, "accumulate": 1, "word": range(words)})
        inject = data.StructLayout({"valid": 1, "word": range(words), "operand": lanes_of_state})
        super().__init__(
            {
                "fetch": In(fetch),
                "addend": In(data.ArrayLayout(signed(addend_bits), lanes)),
                "inject": In(inject),
                "state": Out(lanes_of_state),
                "saturated": Out(lanes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.state.shape()
        m.submodules.memory = memory = Memory(shape=Shape.cast(shape), depth=self._words, init=[])
        read = memory.read_port()
        write = memory.write_port()

        # cycles 0 to 2: fetch
        m.d.comb += [read.addr.eq(self.fetch.word), read.en.eq(self.fetch.valid)]
        fetched = Signal.like(self.fetch)
        ready = Signal.like(self.fetch)
        raw = Signal(shape, reset_less=True)
        m.d.sync += [fetched.eq(self.fetch), ready.eq(fetched), raw.eq(read.data)]

        # cycles 3, 4: add and write
        layout = data.StructLayout({"valid": 1, "word": range(self._words), "sums": shape})
        adding = Signal(data.StructLayout({"valid": 1, "word": range(self._words), "operand": shape}))
        addend = Signal(self.addend.shape(), reset_less=True)
        added = Signal(layout)
        overflow = Signal(self._lanes)
        m.d.comb += [added.valid.eq(adding.valid), added.word.eq(adding.word)]
        for lane in range(self._lanes):
            total = adding.operand[lane] + addend[lane]
            above = total[self._format.bits - 1 :]  # all equal to the sign if the sum fits
            m.d.comb += [
                added.sums[lane].eq(saturate(total, self._format)),
                overflow[lane].eq(above.any() & ~above.all()),
            ]
        result = Signal(layout)
        m.d.sync += [
            result.eq(added),
            self.saturated.eq(Mux(adding.valid, overflow, 0)),
            addend.eq(self.addend),
        ]
        m.d.comb += [
            write.addr.eq(result.word),
            write.data.eq(result.sums),
            write.en.eq(result.valid),
        ]

        # forwarding: the youngest sum of the same word, else what the memory had
        operand = Signal(shape)
        m.d.comb += operand.eq(raw)
        recent = [added, result]
        while len(recent) < WRITE_LATENCY:
            older = Signal(layout)
            m.d.sync += older.eq(recent[-1])
            recent.append(older)
        for sums in reversed(recent[self._distance - 1 :]):
            with m.If(sums.valid & (sums.word == ready.word)):
                m.d.comb += operand.eq(sums.sums)

        m.d.sync += self.state.eq(operand)
        with m.If(self.inject.valid):
            m.d.sync += [
                adding.valid.eq(1),
                adding.word.eq(self.inject.word),
                adding.operand.eq(self.inject.operand),
            ]
        with m.Else():
            m.d.sync += [
                adding.valid.eq(ready.valid & ready.accumulate),
                adding.word.eq(ready.word),
                adding.operand.eq(operand),
            ]
        return m
