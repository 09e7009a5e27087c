"""The encoder: a frame of values becomes a spike train."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import connect, flipped

from tospike.hw.encoders.codes import CODERS
from tospike.hw.encoders.layout import counter_names
from tospike.hw.engine import Engine
from tospike.hw.params import EncoderParams, TokenKind
from tospike.hw.streams import Buffer


class Encoder(Engine[EncoderParams]):
    """Buffer the non-zero values of a frame, and send ``steps`` time steps and an END.

    ::

        i: VALUE(1, 5) VALUE(4, 200) END                                                    (8 bits, 4 steps)
        DIRECT  o: VALUE(1, 5) VALUE(4, 200) TICK   VALUE(1, 5) VALUE(4, 200) TICK   ...   END
        RATE    o:                           TICK               VALUE(4, 1)   TICK   ...   END
        TTFS    o:             VALUE(4, 1)   TICK                             TICK   ...   END
        PHASE   o:             VALUE(4, 128) TICK               VALUE(4, 64)  TICK   ...   END

    The first time step is sent while the frame arrives, and the END of the frame becomes the first TICK. The other
    steps are scans of the buffer, one entry per cycle, sent or not. An entry consists of an address, what the code
    stores of the value, and the code's state, if it has one, which each scan updates. The code determines when an entry
    is sent, and with which payload: `tospike.hw.encoders.codes`.

    Latency 2, from the incoming token (first time step) or the read of the entry; throughput one entry per cycle.

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
        m.submodules.buffer = buffer = Memory(shape=Shape.cast(entry), depth=params.inputs, init=[])
        write = buffer.write_port()
        # the write is registered, off the path of the consumer's `ready`; a scan of one entry reads it in that very
        # cycle
        read = buffer.read_port(transparent_for=[write])
        record = Signal(entry)
        m.d.sync += write.data.eq(record)

        count = Signal(range(params.inputs + 1))  # entries in the buffer
        steps = Signal(range(params.steps + 1))  # time steps sent, or being scanned
        scanning = Signal()
        position = Signal(range(params.inputs + 1))  # entry being read; `count` stands for the TICK

        # the entry, or the TICK or END, that was read in the previous cycle, unless a token is held
        fetched = Signal()
        fetched_kind = Signal(TokenKind)
        fetched_position = Signal.like(position)
        found = data.View(entry, read.data)
        mask = Signal(params.payload.bits)  # the most significant bit in the first time step, then rotating downwards
        spikes, payload = coder.later(found, steps, mask)
        is_value = fetched_kind == TokenKind.VALUE
        token = Signal(self.o.payload.shape())
        m.d.comb += [
            token.kind.eq(fetched_kind),
            token.address.eq(Mux(is_value, found.address, 0)),
            token.payload.eq(Mux(is_value, payload, 0)),
        ]

        # a skid register holds a stalled token, so that the next read of the buffer depends on registers only
        held = Signal()
        held_token = Signal.like(token, reset_less=True)
        visits = fetched & ~held
        advance_out = ~self.o.valid | self.o.ready
        with m.If(advance_out):
            m.d.sync += self.o.valid.eq(0)

        # record the frame
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        frame = arrived.o
        is_end = frame.payload.kind == TokenKind.END
        value = frame.payload.payload
        first_spikes, first_payload = coder.at_once(value)
        m.d.comb += frame.ready.eq(~scanning & ~fetched & ~held & advance_out)
        with m.If(frame.valid & frame.ready):
            m.d.sync += [
                self.o.payload.kind.eq(Mux(is_end, TokenKind.TICK, TokenKind.VALUE)),
                self.o.payload.address.eq(frame.payload.address),
                self.o.payload.payload.eq(Mux(is_end, 0, first_payload)),
                self.o.valid.eq(is_end | first_spikes),
            ]
            with m.If(is_end):
                second_bit = C(1 << (params.payload.bits - 1), params.payload.bits).rotate_right(1)
                m.d.sync += [scanning.eq(1), steps.eq(1), position.eq(0), mask.eq(second_bit)]
            with m.Else():
                m.d.sync += count.eq(count + 1)
        with m.Else():
            # scan the buffer
            with m.If(~held):
                m.d.sync += fetched.eq(scanning)
            with m.If(~held & scanning):
                m.d.sync += [
                    fetched_position.eq(position),
                    position.eq(position + 1),
                    fetched_kind.eq(TokenKind.VALUE),
                ]
                with m.If(steps == params.steps):
                    m.d.sync += [fetched_kind.eq(TokenKind.END), scanning.eq(0), count.eq(0)]
                with m.Elif(position == count):
                    m.d.sync += [fetched_kind.eq(TokenKind.TICK), position.eq(0), steps.eq(steps + 1)]
                    m.d.sync += mask.eq(mask.rotate_right(1))
            sends = visits & (~is_value | spikes)
            with m.If(advance_out & (held | sends)):
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(Mux(held, held_token, token)), held.eq(0)]
            with m.Elif(sends):
                m.d.sync += held.eq(1)
            with m.If(~held):
                m.d.sync += held_token.eq(token)
        m.d.comb += [read.addr.eq(position), read.en.eq(~held)]

        # the buffer is written while the frame arrives and, if the code has a state, after each read of a scan
        m.d.comb += [
            record.address.eq(frame.payload.address),
            record.stored.eq(coder.stored(value)),
        ]
        m.d.sync += [
            write.addr.eq(count),
            write.en.eq(frame.valid & frame.ready & ~is_end),
        ]
        if params.state_bits:
            m.d.comb += record.state.eq(coder.first_state(value))
            with m.If(fetched):
                m.d.comb += [record.eq(found), record.state.eq(coder.next_state(found))]
                m.d.sync += [
                    write.addr.eq(fetched_position),
                    write.en.eq(visits & is_value),
                ]

        recorded = frame.valid & frame.ready & ~is_end
        coder.elaborate(m, visits=recorded | (visits & is_value), ends=visits & (fetched_kind == TokenKind.END))

        departs = self.o.valid & self.o.ready
        for kind, name in zip(TokenKind, counter_names(params), strict=True):
            step = Signal(name=f"{name}_step")
            m.d.sync += step.eq(departs & (self.o.payload.kind == kind))
            m.d.sync += self.counters[name].eq(self.counters[name] + step)
        with m.If(self.clear):
            m.d.sync += self.counters.eq(0)
        m.d.comb += self.busy.eq(scanning | fetched | held | self.o.valid | count.any() | frame.valid)
        return m
