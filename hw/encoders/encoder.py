"""The encoder: a frame of values becomes a spike train."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import connect, flipped

from tospike.hw.encoders.codes import CODERS, Coder
from tospike.hw.encoders.layout import counter_names
from tospike.hw.encoders.scan import Scan
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import EncoderParams, TokenKind
from tospike.hw.streams import Buffer


class Encoder(Engine[EncoderParams]):
    """Buffer the non-zero values of a frame, and send ``steps`` time steps and an END.

    ::

        i: VALUE(1, 5) VALUE(4, 200) END                                                    (8 bits, 4 steps)
        DIRECT  o: VALUE(1, 5) VALUE(4, 200) TICK   VALUE(1, 5) VALUE(4, 200) TICK   ...   END
        ONCE    o: VALUE(1, 5) VALUE(4, 200) TICK                             TICK   ...   END
        RATE    o:                           TICK               VALUE(4, 1)   TICK   ...   END
        TTFS    o:             VALUE(4, 1)   TICK                             TICK   ...   END
        PHASE   o:             VALUE(4, 128) TICK               VALUE(4, 64)  TICK   ...   END

    The first time step is sent while the frame arrives, and the END of the frame becomes the first TICK. The other
    steps are scans of the buffer, one entry per cycle, sent or not. An entry consists of an address, what the code
    stores of the value, and the code's state, if it has one, which each scan updates. The code determines when an entry
    is sent, and with which payload: `tospike.hw.encoders.codes`. A code that keeps nothing leaves the buffer empty.

    ::

        cycle 0     1         2                          3
        position -> buffer -> entry -> code, decision -> o
                                         |
                                         +-> next state -> written

    Latency 2 from an incoming token (first time step), 3 from the read of an entry; throughput one entry per cycle.

    `tospike.sim.encoders.codes` has the golden models.
    """

    def __init__(self, params: EncoderParams):
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        coder = CODERS[params.encoding](params)
        entry = data.StructLayout(
            {"address": self.i.payload.address.shape(), "stored": params.stored_bits, "state": params.state_bits}
        )
        m.submodules.buffer = buffer = Memory(
            shape=Shape.cast(entry), depth=max(1, params.buffer_entries), init=[], attrs=NO_COLLISIONS
        )
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        frame = arrived.o
        scan = Scan(params, coder, entry=entry, token=self.o.payload.shape())
        sends = scan.connect(m, buffer.read_port())

        self._send(m, frame, coder.at_once(frame.payload.payload), scan, sends)
        ends = scan.visits & (scan.fetched.kind == TokenKind.END)
        with m.If(ends):
            m.d.sync += [scan.recording.eq(1), scan.count.eq(0)]
        taken = frame.valid & frame.ready & (frame.payload.kind != TokenKind.END)
        self._write(m, frame.payload, taken, coder, scan)
        coder.elaborate(m, visits=taken | (scan.visits & scan.is_value), ends=ends)
        if self._params.is_counted:
            self._count(m)
        m.d.comb += self.busy.eq(~scan.recording | scan.held | self.o.valid | scan.count.any() | frame.valid)
        return m

    def _send(self, m: Module, frame, first: tuple[Value, Value], scan: Scan, sends: Value) -> None:
        """Send the first time step while the frame arrives, then what a scan finds.

        ``first`` are whether an incoming value is sent, and its payload.
        """
        is_end = frame.payload.kind == TokenKind.END
        first_spikes, first_payload = first
        advance = ~self.o.valid | self.o.ready
        m.d.comb += frame.ready.eq(scan.recording & ~scan.held & advance)
        with m.If(advance):
            m.d.sync += self.o.valid.eq(0)
        with m.If(frame.valid & frame.ready):
            m.d.sync += [
                self.o.payload.kind.eq(Mux(is_end, TokenKind.TICK, TokenKind.VALUE)),
                self.o.payload.address.eq(frame.payload.address),
                self.o.payload.payload.eq(Mux(is_end, 0, first_payload)),
                self.o.valid.eq(is_end | first_spikes),
                scan.count.eq(scan.count + (~is_end if self._params.encoding.code.keeps else 0)),
            ]
            with m.If(is_end):
                m.d.sync += scan.begin()
        with m.Elif(advance & (scan.held | sends)):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.eq(Mux(scan.held, scan.held_token, scan.token)),
                scan.held.eq(0),
            ]
        with m.Elif(sends):
            m.d.sync += scan.held.eq(1)

    def _write(self, m: Module, value, taken: Value, coder: Coder, scan: Scan) -> None:
        """Write the buffer while the frame arrives and, if the code has a state, after each visit of a scan."""
        if not self._params.encoding.code.keeps:
            return
        write = m.submodules.buffer.write_port()
        record = Signal(scan.found.shape())
        m.d.comb += [record.address.eq(value.address), record.stored.eq(coder.stored(value.payload))]
        m.d.sync += [write.data.eq(record), write.addr.eq(scan.count), write.en.eq(taken)]
        if self._params.state_bits:
            m.d.comb += record.state.eq(coder.first_state(value.payload))
            with m.If(scan.fetched.valid):
                m.d.comb += [record.eq(scan.found), record.state.eq(coder.next_state(scan.found))]
                m.d.sync += [write.addr.eq(scan.fetched.position), write.en.eq(scan.visits & scan.is_value)]

    def _count(self, m: Module) -> None:
        """Drive the counters, a cycle late."""
        departs = self.o.valid & self.o.ready
        for kind, name in zip(TokenKind, counter_names(self._params), strict=True):
            counted = Signal(name=f"{name}_step")
            m.d.sync += counted.eq(departs & (self.o.payload.kind == kind))
            m.d.sync += self.counters[name].eq(self.counters[name] + counted)
        with m.If(self.clear):
            m.d.sync += self.counters.eq(0)
