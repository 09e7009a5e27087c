"""Between the host and links of beats: a beat of the host's input is a beat of the link; results leave one by one, or
side by side."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import extended, saturate
from tospike.hw.counting import cycle_through
from tospike.hw.dataflow.resize import resizer
from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.params import WORD_BITS, BeatFormat, TokenKind
from tospike.hw.streams import Register
from tospike.hw.tokens import beat_layout, token_stream


class BeatInput(wiring.Component):
    """Convert frames of bytes to frames of beats, byte by byte to the lanes. Latency 1, throughput a beat per cycle.

    Bytes saturate to the payload's format. If packed, a beat of ``data_bits`` has the values side by side, at their own
    width (``field_bits``), the first in the lowest bits. A frame ends with TLAST: beats that are missing by then are
    sent as zeros, beats beyond the frame's shape are dropped, and both pulse ``error``, a cycle late.

    ``started`` pulses when the first beat of a frame is taken.
    """

    def __init__(self, fmt: BeatFormat, *, data_bits: int = WORD_BITS, field_bits: int = 8):
        self._format = fmt
        self._field_bits = field_bits
        errors = dict.fromkeys(("started", "error"), Out(1))
        beats = Out(stream.Signature(beat_layout(fmt)))
        super().__init__({"i": In(Axi4StreamSignature(data_bits)), "o": beats, **errors})

    def elaborate(self, platform):
        m = Module()
        fmt = self._format
        first = Signal(init=1)  # the next beat begins a frame
        missing = Signal()  # the frame ended early
        dropping = Signal()  # the frame exceeds its shape
        free, taken, made = Signal(), Signal(), Signal()
        _, is_last = cycle_through(m, fmt.beats, made, name="beat")
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i.tready.eq(~missing & (free | dropping)),
            taken.eq(self.i.tvalid & self.i.tready),
            made.eq(free & (missing | (taken & ~dropping))),  # a beat of the link
            self.started.eq(taken & first),
        ]
        m.d.sync += self.error.eq(taken & ~dropping & (self.i.tlast != is_last))
        with m.If(free):
            m.d.sync += self.o.valid.eq(made)
        with m.If(made):
            m.d.sync += [
                *(lane.eq(Mux(missing, 0, value)) for lane, value in zip(self.o.payload, self._values, strict=True)),
                missing.eq((missing | self.i.tlast) & ~is_last),
            ]
        with m.If(taken):
            m.d.sync += [
                first.eq(self.i.tlast),
                dropping.eq((dropping | is_last) & ~self.i.tlast),
            ]
        return m

    @property
    def _values(self):
        for lane in range(self._format.lanes):
            field = self.i.tdata.word_select(lane, self._field_bits)
            yield saturate(field.as_signed() if self._format.payload.signed else field, self._format.payload)


class Unpack(wiring.Component):
    """Convert frames of beats to frames of tokens. Latency 1, throughput one token per cycle.

    ::

        beat | v1 v0 |, beat | v3 v2 |, ...   ->   VALUE(0, v0), VALUE(1, v1), VALUE(2, v2), ... END

    A beat is taken in the cycle in which the last value of the previous one leaves, the first of a frame in the cycle
    after the END.
    """

    def __init__(self, fmt: BeatFormat):
        self._format = fmt
        beats = In(stream.Signature(beat_layout(fmt)))
        super().__init__({"i": beats, "o": Out(token_stream(fmt)), "busy": Out(1)})

    def elaborate(self, platform):
        m = Module()
        fmt = self._format
        beat = Signal.like(Value.cast(self.i.payload), reset_less=True)
        lane = Signal(range(fmt.lanes))
        full, ending = Signal(), Signal()
        ends_beat, leaves = Signal(), Signal()
        address, is_last = cycle_through(m, fmt.addresses, leaves & ~ending, name="address")
        m.d.comb += [
            ends_beat.eq(is_last | (lane == fmt.lanes - 1)),
            leaves.eq(self.o.valid & self.o.ready),
            self.o.valid.eq(full | ending),
            self.o.payload.kind.eq(Mux(ending, TokenKind.END, TokenKind.VALUE)),
            self.o.payload.address.eq(address),
            self.o.payload.payload.eq(Mux(ending, 0, beat[: fmt.payload.bits])),
            self.i.ready.eq(~ending & (~full | (leaves & ends_beat & ~is_last))),
            self.busy.eq(full | ending),
        ]
        with m.If(leaves & ending):
            m.d.sync += ending.eq(0)
        with m.Elif(leaves):
            m.d.sync += [
                beat.eq(beat >> fmt.payload.bits),
                lane.eq(Mux(ends_beat, 0, lane + 1)),
                ending.eq(is_last),
            ]
            with m.If(ends_beat):
                m.d.sync += full.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [full.eq(1), beat.eq(self.i.payload)]
        return m


class BeatOutput(wiring.Component):
    """Convert frames of beats to packed frames of sign-extended 32-bit words. Latency 1, one more with a resize.

    ::

        i -> Widen | Narrow -> register -> o

    The words beyond the frame's last value are 0, those beyond the lanes of ``sent`` too. ``finished`` pulses when a
    beat with TLAST is taken.
    """

    def __init__(self, fmt: BeatFormat, sent: BeatFormat, *, data_bits: int):
        self._format = fmt
        self._sent = sent
        beats = In(stream.Signature(beat_layout(fmt)))
        flags = dict.fromkeys(("finished", "busy"), Out(1))
        super().__init__({"i": beats, "o": Out(Axi4StreamSignature(data_bits)), **flags})

    def elaborate(self, platform):
        m = Module()
        fmt, sent = self._format, self._sent
        upstream = flipped(self.i)
        resize = resizer(fmt.payload, lanes=fmt.lanes, simd=sent.lanes, values=fmt.addresses)
        if resize is not None:
            m.submodules.resize = resize
            connect(m, upstream, resize.i)
            upstream = resize.o
            m.d.comb += self.busy.eq(resize.busy)
        m.submodules.register = register = Register(data.StructLayout({"data": len(self.o.tdata), "last": 1}))
        _, is_last = cycle_through(m, sent.beats, upstream.valid & upstream.ready, name="beat")
        spare = sent.beats * sent.lanes - sent.addresses  # words of the last beat
        words = []
        for lane in range(sent.lanes):
            word = extended(upstream.payload[lane], WORD_BITS)[:WORD_BITS]
            words.append(Mux(is_last, 0, word) if lane >= sent.lanes - spare else word)
        m.d.comb += [
            register.i.payload.data.eq(Cat(words)),
            register.i.payload.last.eq(is_last),
            register.i.valid.eq(upstream.valid),
            upstream.ready.eq(register.i.ready),
            self.o.tdata.eq(register.o.payload.data),
            self.o.tlast.eq(register.o.payload.last),
            self.o.tvalid.eq(register.o.valid),
            register.o.ready.eq(self.o.tready),
            self.finished.eq(self.o.tvalid & self.o.tready & self.o.tlast),
        ]
        return m
