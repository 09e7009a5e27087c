"""Membrane accumulation: the state memory with its read-modify-write pipeline and forwarding."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import IntFormat

WRITE_LATENCY = 4
"""Cycles from the fetch of a word to the write of its sum, and so the largest distance that needs forwarding."""

BLOCK_BITS = 4096
"""From this size on, the states go to block RAM: distributed RAM of an ECP5 costs 6 LUTs per 64 bits."""


def accumulate_members(*, state: IntFormat, addend_bits: int, lanes: int, words: int) -> dict:
    """Return the members of a component that adds to words of states, see `Accumulate`."""
    lanes_of_state = data.ArrayLayout(shape_of(state), lanes)
    return {
        "fetch": In(data.StructLayout({"valid": 1, "accumulate": 1, "word": range(words)})),
        "addend": In(data.ArrayLayout(signed(addend_bits), lanes)),
        "store": In(data.StructLayout({"valid": 1, "word": range(words), "values": lanes_of_state})),
        "state": Out(lanes_of_state),
        "saturated": Out(lanes),
    }


class Accumulate(wiring.Component):
    """``state[word] = saturate(state[word] + addend)`` on all lanes. Latency 4, one word per cycle, no stalls.

    ::

        cycle   0          1          2               3                  4
              fetch -> memory out -> raw ---+---> state
                                            +---> operand + addend -> result, written
                                            |                     |     |
                         forwarding --------+<--------------------+-----+
                                                       store -----+

    A sum is written 4 cycles after its fetch, so the same word fetched up to 4 cycles later would read a stale state:
    it is forwarded from the pipeline instead. Only the distances that can occur are built: none for a caller that
    returns to a word after 5 cycles or more, all 4 for arbitrary sequences.

    A word fetched without ``accumulate`` appears at ``state`` unchanged, and the caller may store its new value later.
    In that cycle nothing is accumulated, so the stored value is ORed with a sum of zeros, which fits the LUTs of the
    saturation.

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
        Smallest distance in cycles between two fetches of a word. A store counts as fetched in the cycle 0 that would
        lead to its write.

    Members
    -------
    fetch : In(valid, accumulate, word)
        Cycle 0. ``valid`` without ``accumulate`` only reads.
    addend : In
        Cycle 2 of an accumulation.
    store : In(valid, word, values)
        Cycle 3, never in the cycle 3 of an accumulation. ``values`` must be zero while not ``valid``.
    state : Out
        Cycle 3: the fetched word.
    saturated : Out(lanes)
        Cycle 4: lanes whose sum saturated.
    """

    def __init__(self, *, state: IntFormat, addend_bits: int, lanes: int, words: int, distance: int):
        self._format = state
        self._lanes = lanes
        self._words = words
        self._distance = distance
        super().__init__(accumulate_members(state=state, addend_bits=addend_bits, lanes=lanes, words=words))

    def elaborate(self, platform):
        m = Module()
        shape = self.state.shape()
        attributes = {"ram_style": "block"} if Shape.cast(shape).width * self._words >= BLOCK_BITS else {}
        m.submodules.memory = memory = Memory(
            shape=Shape.cast(shape), depth=self._words, init=[], attrs=NO_COLLISIONS | attributes
        )
        read = memory.read_port()
        write = memory.write_port()

        # cycles 0 to 2: fetch. The memory reads in every cycle, so that `raw` can be the output register of a block
        # RAM.
        m.d.comb += [read.addr.eq(self.fetch.word), read.en.eq(1)]
        fetched = Signal.like(self.fetch)
        ready = Signal.like(self.fetch)
        raw = Signal(shape, reset_less=True)
        m.d.sync += [fetched.eq(self.fetch), ready.eq(fetched), raw.eq(read.data)]

        # cycles 3, 4: add and write
        adding = Signal(data.StructLayout({"valid": 1, "word": range(self._words)}))
        operand = Signal(shape)
        augend = Signal(shape)
        addend = Signal(self.addend.shape())
        idle = Signal()  # no accumulation in cycle 2
        m.d.comb += idle.eq(~(ready.valid & ready.accumulate))
        m.d.sync += [
            self.state.eq(operand),
            adding.valid.eq(~idle),
            adding.word.eq(ready.word),
            augend.eq(operand),
            addend.eq(self.addend),
        ]
        with m.If(idle):
            m.d.sync += [augend.eq(0), addend.eq(0)]

        layout = data.StructLayout({"valid": 1, "word": range(self._words), "sums": shape})
        added = Signal(layout)
        overflow = Signal(self._lanes)
        m.d.comb += [
            added.valid.eq(adding.valid | self.store.valid),
            added.word.eq(Mux(self.store.valid, self.store.word, adding.word)),
        ]
        for lane in range(self._lanes):
            total = augend[lane] + addend[lane]
            above = total[self._format.bits - 1 :]  # all equal to the sign if the sum fits
            m.d.comb += [
                added.sums[lane].eq(saturate(total, self._format) | self.store.values[lane]),
                overflow[lane].eq(above.any() & ~above.all()),
            ]
        result = Signal(layout)
        m.d.sync += [result.eq(added), self.saturated.eq(overflow)]
        m.d.comb += [
            write.addr.eq(result.word),
            write.data.eq(result.sums),
            write.en.eq(result.valid),
        ]

        # forwarding: the youngest sum of the same word, or else the word read from memory
        m.d.comb += operand.eq(raw)
        recent = [added, result]
        while len(recent) < WRITE_LATENCY:
            older = Signal(layout)
            m.d.sync += older.eq(recent[-1])
            recent.append(older)
        for sums in reversed(recent[self._distance - 1 :]):
            with m.If(sums.valid & (sums.word == ready.word)):
                m.d.comb += operand.eq(sums.sums)
        return m
