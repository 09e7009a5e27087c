"""The bridges between values and spikes: they collect a frame, then send it."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import Memory

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.bridge.layout import counter_names
from tospike.hw.bridge.scan import Scan
from tospike.hw.counting import count_up
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import Contents, SpikeCode, TokenKind
from tospike.hw.params.engines.bridge import BridgeParams


class Bridge(Engine[BridgeParams]):
    """A memory with a word per address: the VALUE that arrived, or the sum of all VALUEs.

    ::

        i -> token -> (word +) payload -> word {address}        scan of all words -> token -> o
             t        t + 1                                     t + 1                t + 2

    Throughput: a VALUE per cycle, then a word per cycle. An END begins ``scans`` scans of the memory, whose first token
    is offered 2 cycles later; no token is taken during the scans. If VALUEs are added up, or zeros do not arrive, the
    last scan clears the words, as does a silent one after reset. Addresses ascend strictly within a time step, so a sum
    is written before it is read again.

    For spikes, a TICK follows each scan, further TICKs the last one, and an END all of them; for a frame, an END
    follows the scan. The code says which words are sent, and with which payload; an even code writes the phase of each
    word back.

    `tospike.sim.bridge` has the golden models.
    """

    def __init__(self, params: BridgeParams):
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        clears, has_phase = params.clears, params.code is SpikeCode.EVEN
        word = data.StructLayout({"value": shape_of(params.stored), "phase": params.stored.bits * has_phase})
        m.submodules.words = words = Memory(shape=Shape.cast(word), depth=params.inputs, init=[], attrs=NO_COLLISIONS)
        read, write = words.read_port(), words.write_port()
        m.submodules.scan = scan = Scan(params)

        # the token taken in the previous cycle
        arrived = Signal(self.i.payload.shape())
        has_arrived = Signal()
        holding = Signal()  # part of a sample is inside
        # the word that was read in the previous cycle, or the token after the last word
        leaving = Signal.like(scan.place)
        leaves = Signal()
        found = data.View(word, read.data)

        is_value = leaving.kind == TokenKind.VALUE
        advance = ~self.o.valid | self.o.ready
        sends, payload, phase = self._coded(found, leaving.step)
        m.d.comb += [
            self.i.ready.eq(~scan.active),
            scan.advance.eq(advance),
            self.o.payload.kind.eq(leaving.kind),
            self.o.payload.address.eq(leaving.address),
            self.o.payload.payload.eq(Mux(is_value, payload, 0)),
            self.o.valid.eq(leaves & (~is_value | sends)),
            self.busy.eq(holding | scan.active | leaves),
        ]
        taken = self.i.valid & self.i.ready
        m.d.sync += [arrived.eq(self.i.payload), has_arrived.eq(taken & (self.i.payload.kind == TokenKind.VALUE))]
        m.d.comb += scan.begin.eq(taken & (self.i.payload.kind == TokenKind.END))
        with m.If(leaves & advance & (leaving.kind == TokenKind.END)):
            m.d.sync += holding.eq(0)
        with m.If(taken):
            m.d.sync += holding.eq(1)
        with m.If(advance):
            m.d.sync += [leaves.eq(scan.active & ~scan.quiet), leaving.eq(scan.place)]

        # store a payload; or what a scan leaves of the word: nothing, or the phase of an even code
        value = self._saturated(found.value + arrived.payload if params.adds else arrived.payload)
        scanned = leaves & is_value & advance & (leaving.is_last | has_phase) if params.written_back else C(0)
        silent = scan.active & scan.quiet if clears else C(0)
        kept = Mux(leaving.is_last & clears, 0, Cat(found.value, phase))
        m.d.comb += [
            read.en.eq(Mux(scan.active, advance, 1)),
            read.addr.eq(Mux(scan.active, scan.place.word, self.i.payload.address)),
            write.en.eq(has_arrived | scanned | silent),
            write.addr.eq(Mux(has_arrived, arrived.address, Mux(scan.quiet, scan.place.word, leaving.word))),
            write.data.eq(Mux(has_arrived, value[: params.stored.bits], Mux(scan.quiet, 0, kept))),
        ]
        kind = self.i.payload.kind
        events = {
            "values": taken & (kind == TokenKind.VALUE),
            "samples": taken & (kind == TokenKind.END),
            "scanned": scan.active & advance & ~scan.quiet & (scan.place.kind == TokenKind.VALUE),
            "sent": self.o.valid & self.o.ready & is_value,
        }
        if params.is_counted:
            count_up(m, self.counters, self.clear, events)
        return m

    def _saturated(self, value: Value) -> Value:
        """Return the value as it is stored."""
        levels, stored = self._params.levels, saturate(value, self._params.stored)
        return stored if levels in (None, self._params.stored.max) else Mux(stored > levels, levels, stored)

    def _coded(self, word, step: Value) -> tuple[Value, Value, Value]:
        """Return whether a word is sent in a step, its payload, and its phase in the next step."""
        params = self._params
        if params.code is SpikeCode.PACKED:
            return word.value > step, C(1, 1), C(0, 0)
        if params.code is SpikeCode.EVEN:
            phase = word.phase + word.value
            wraps = phase >= params.levels
            return wraps, C(1, 1), Mux(wraps, phase - params.levels, phase)[: params.stored.bits]
        return (C(1, 1) if params.sends is Contents.FRAME else word.value != 0), word.value, C(0, 0)
