"""The encoder: a frame of values becomes a spike train."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import connect, flipped

from tospike.hw.encoders.codes import CODERS
from tospike.hw.encoders.layout import counter_names
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import EncoderParams, TokenKind
from tospike.hw.streams import Buffer

LEAST_ENTRIES = 3
"""Cycles of a scan before its TICK, at least, if entries have a state: it is written 3 cycles after it is read."""


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
        least = LEAST_ENTRIES if params.state_bits else 0

        entry = data.StructLayout(
            {"address": self.i.payload.address.shape(), "stored": params.stored_bits, "state": params.state_bits}
        )
        m.submodules.buffer = buffer = Memory(
            shape=Shape.cast(entry), depth=params.inputs, init=[], attrs=NO_COLLISIONS
        )
        write = buffer.write_port()
        read = buffer.read_port()
        record = Signal(entry)
        m.d.sync += write.data.eq(record)

        recording = Signal(init=1)  # a frame may come; otherwise scans go on
        count = Signal(range(params.inputs + 1))  # entries in the buffer

        # cycle 0: what is read; the position after the last entry stands for the TICK
        scanning = Signal()
        tick_position = Signal(range(max(params.inputs, least) + 1))
        m.d.sync += tick_position.eq(Mux(count < least, least, count))
        position = Signal.like(tick_position)
        step = Signal(range(params.steps + 1))
        # one bit is set: the most significant one in the first time step, then the next lower one
        mask = Signal(params.payload.bits if coder.reads_mask else 0)
        ends, ticks = step == params.steps, position == tick_position
        is_entry = (position < count) if least else C(1, 1)

        # cycles 1 and 2: what has been read
        place = data.StructLayout(
            {
                "valid": 1,
                "kind": TokenKind,
                "position": position.shape(),
                "step": step.shape() if coder.reads_step else 0,
                "mask": mask.shape(),
            }
        )
        reading, fetched = Signal(place), Signal(place)
        found = Signal(entry)
        is_value = fetched.kind == TokenKind.VALUE
        spikes, payload = coder.later(found, fetched.step, fetched.mask)
        token = Signal(self.o.payload.shape())
        m.d.comb += [
            token.kind.eq(fetched.kind),
            token.address.eq(Mux(is_value, found.address, 0)),
            token.payload.eq(Mux(is_value, payload, 0)),
        ]

        # a skid register holds a stalled token and stops the scan, which so depends on registers only
        held = Signal()
        held_token = Signal.like(token, reset_less=True)
        visits = fetched.valid & ~held
        sends = visits & (~is_value | spikes)
        advance_out = ~self.o.valid | self.o.ready
        with m.If(~held):
            m.d.sync += [
                reading.valid.eq(scanning & (ends | ticks | is_entry)),
                reading.kind.eq(Mux(ends, TokenKind.END, Mux(ticks, TokenKind.TICK, TokenKind.VALUE))),
                reading.position.eq(position),
                reading.step.eq(step),
                reading.mask.eq(mask),
                fetched.eq(reading),
                held_token.eq(token),
            ]
        with m.If(~held & scanning):
            m.d.sync += position.eq(position + 1)
            with m.If(ends):
                m.d.sync += scanning.eq(0)
            with m.Elif(ticks):
                m.d.sync += [position.eq(0), step.eq(step + 1), mask.eq(mask.rotate_right(1) if len(mask) else 0)]
        # the buffer reads in every cycle, into a register that can be its own: while a token is held, the entry behind
        # it is kept, and the one after that is read again
        word, kept = Signal(entry, reset_less=True), Signal(entry, reset_less=True)
        was_held = Signal()
        m.d.sync += [was_held.eq(held), Value.cast(word).eq(read.data)]
        with m.If(~was_held):
            m.d.sync += kept.eq(word)
        m.d.comb += [
            found.eq(Mux(was_held, kept, word)),
            read.addr.eq(Mux(held, reading.position, position)),
            read.en.eq(1),
        ]

        # a frame is recorded while its first time step leaves
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        frame = arrived.o
        taken = frame.valid & frame.ready
        is_end = frame.payload.kind == TokenKind.END
        value = frame.payload.payload
        first_spikes, first_payload = coder.at_once(value)
        m.d.comb += frame.ready.eq(recording & ~held & advance_out)
        with m.If(advance_out):
            m.d.sync += self.o.valid.eq(0)
        with m.If(taken):
            m.d.sync += [
                self.o.payload.kind.eq(Mux(is_end, TokenKind.TICK, TokenKind.VALUE)),
                self.o.payload.address.eq(frame.payload.address),
                self.o.payload.payload.eq(Mux(is_end, 0, first_payload)),
                self.o.valid.eq(is_end | first_spikes),
                count.eq(count + ~is_end),
            ]
            with m.If(is_end):
                second_bit = C(1 << (params.payload.bits - 1), params.payload.bits).rotate_right(1)
                m.d.sync += [recording.eq(0), scanning.eq(1), step.eq(1), position.eq(0), mask.eq(second_bit)]
        with m.Elif(advance_out & (held | sends)):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(Mux(held, held_token, token)), held.eq(0)]
        with m.Elif(sends):
            m.d.sync += held.eq(1)
        with m.If(visits & (fetched.kind == TokenKind.END)):
            m.d.sync += [recording.eq(1), count.eq(0)]

        # the buffer is written while the frame arrives and, if the code has a state, after each visit of a scan
        m.d.comb += [record.address.eq(frame.payload.address), record.stored.eq(coder.stored(value))]
        m.d.sync += [write.addr.eq(count), write.en.eq(taken & ~is_end)]
        if params.state_bits:
            m.d.comb += record.state.eq(coder.first_state(value))
            with m.If(fetched.valid):
                m.d.comb += [record.eq(found), record.state.eq(coder.next_state(found))]
                m.d.sync += [write.addr.eq(fetched.position), write.en.eq(visits & is_value)]
        coder.elaborate(
            m,
            visits=(taken & ~is_end) | (visits & is_value),
            ends=visits & (fetched.kind == TokenKind.END),
        )

        departs = self.o.valid & self.o.ready
        for kind, name in zip(TokenKind, counter_names(params), strict=True):
            counted = Signal(name=f"{name}_step")
            m.d.sync += counted.eq(departs & (self.o.payload.kind == kind))
            m.d.sync += self.counters[name].eq(self.counters[name] + counted)
        with m.If(self.clear):
            m.d.sync += self.counters.eq(0)
        m.d.comb += self.busy.eq(~recording | held | self.o.valid | count.any() | frame.valid)
        return m
