"""The bridges between values and spikes: they collect a frame, then send it."""

from amaranth.hdl import *
from amaranth.lib.memory import Memory

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.bridge.layout import counter_names
from tospike.hw.counting import count_up
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import Contents, TokenKind
from tospike.hw.params.engines.bridge import BridgeParams


class Bridge(Engine[BridgeParams]):
    """A memory with a word per address: the VALUE that arrived, or the sum of all VALUEs.

    ::

        i -> token -> (word +) payload -> word {address}        scan of all words -> token -> o
             t        t + 1                                     t + 1                t + 2

    Throughput: a VALUE per cycle, then a word per cycle. An END begins a scan of the memory, whose first token is
    offered 2 cycles later; no token is taken during the scan. The scan clears the sums, as does a silent one after
    reset. Addresses ascend strictly within a time step, so a sum is written before it is read again.

    For graded spikes, words of 0 are skipped, a TICK follows each of the ``steps`` scans, and an END the last. For
    counts, all words are sent, then an END.

    `tospike.sim.bridge` has the golden models.
    """

    def __init__(self, params: BridgeParams):
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        sums, whole = params.takes is Contents.TRAIN, params.sends is Contents.FRAME
        shape = shape_of(params.stored)
        m.submodules.words = words = Memory(shape=shape, depth=params.inputs, init=[], attrs=NO_COLLISIONS)
        read, write = words.read_port(), words.write_port()

        # the token taken in the previous cycle
        arrived = Signal(self.i.payload.shape())
        has_arrived = Signal()
        holding = Signal()  # part of a sample is inside
        # the word being read, or the token after the last word
        scanning = Signal(init=sums)
        quiet = Signal(init=sums)  # the scan after reset
        place = Signal(self.o.payload.shape())
        step = Signal(range(params.steps))
        # the word that was read in the previous cycle
        leaving = Signal(self.o.payload.shape())
        leaves = Signal()

        is_value = leaving.kind == TokenKind.VALUE
        advance = ~self.o.valid | self.o.ready
        m.d.comb += [
            self.i.ready.eq(~scanning),
            self.o.payload.kind.eq(leaving.kind),
            self.o.payload.address.eq(leaving.address),
            self.o.payload.payload.eq(Mux(is_value, read.data, 0)),
            self.o.valid.eq(leaves & (~is_value | whole | (read.data != 0))),
            self.busy.eq(holding | scanning | leaves),
        ]
        taken = self.i.valid & self.i.ready
        m.d.sync += [arrived.eq(self.i.payload), has_arrived.eq(taken & (self.i.payload.kind == TokenKind.VALUE))]
        with m.If(leaves & advance & (leaving.kind == TokenKind.END)):
            m.d.sync += holding.eq(0)
        with m.If(taken):
            m.d.sync += holding.eq(1)
            with m.If(self.i.payload.kind == TokenKind.END):
                m.d.sync += scanning.eq(1)

        # store a payload, or clear the scanned word
        value = arrived.payload if not sums else saturate(read.data + arrived.payload, params.stored)
        clears = scanning & (place.kind == TokenKind.VALUE) if sums else C(0)
        m.d.comb += [
            read.en.eq(Mux(scanning, advance, 1)),
            read.addr.eq(Mux(scanning, place.address, self.i.payload.address)),
            write.en.eq(has_arrived | (leaves & is_value & advance & sums) | (clears & quiet)),
            write.addr.eq(Mux(has_arrived, arrived.address, Mux(quiet, place.address, leaving.address))),
            write.data.eq(Mux(has_arrived, value, 0)),
        ]

        with m.If(advance):
            m.d.sync += [leaves.eq(scanning & ~quiet), leaving.eq(place)]
        with m.If(scanning & advance):
            self._next(m, place, step, scanning, quiet, ticks=not whole)
        kind = self.i.payload.kind
        events = {
            "values": taken & (kind == TokenKind.VALUE),
            "samples": taken & (kind == TokenKind.END),
            "scanned": scanning & advance & ~quiet & (place.kind == TokenKind.VALUE),
            "sent": self.o.valid & self.o.ready & is_value,
        }
        if params.is_counted:
            count_up(m, self.counters, self.clear, events)
        return m

    def _next(self, m, place, step, scanning, quiet, *, ticks):
        """Advance ``place`` to the next word, after the last one to the TICK or END, then to the end of the scan."""
        is_last = step == self._params.steps - 1
        with m.If(place.kind == TokenKind.VALUE):
            with m.If(place.address == self._params.inputs - 1):
                m.d.sync += [place.address.eq(0), place.kind.eq(TokenKind.TICK if ticks else TokenKind.END)]
                with m.If(quiet):
                    m.d.sync += [place.kind.eq(TokenKind.VALUE), quiet.eq(0), scanning.eq(0)]
            with m.Else():
                m.d.sync += place.address.eq(place.address + 1)
        with m.Elif(place.kind == TokenKind.TICK):
            m.d.sync += [
                step.eq(Mux(is_last, 0, step + 1)),
                place.kind.eq(Mux(is_last, TokenKind.END, TokenKind.VALUE)),
            ]
        with m.Else():
            m.d.sync += [place.kind.eq(TokenKind.VALUE), scanning.eq(0)]
