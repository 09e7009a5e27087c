"""The host's input: AXI4-Stream beats to tokens."""

from collections.abc import Collection, Sequence

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate
from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.params import (
    WORD_ADDRESS,
    WORD_BITS,
    WORD_KIND,
    WORD_PAYLOAD,
    TokenFormat,
    TokenKind,
)
from tospike.hw.tokens import token_stream


class DenseInput(wiring.Component):
    """Convert frames of bytes, or of values of ``field_bits``, to frames of tokens. Latency 1, throughput one value per
    cycle.

    ::

        beat      | d3 d2 d1 d0 |   ->  VALUE(0, d0), VALUE(1, d1), ...  END

    A beat is taken in the cycle in which the last value of the previous one leaves; its first value is offered in the
    next cycle, the END one cycle after the last value. Zeros take a cycle, but are not sent unless ``send_zeros``; nor
    are ``unused_inputs``. Values saturate to the payload's format. A frame ends with TLAST: values missing by then are
    not sent, beats beyond the frame's shape are dropped, and both pulse ``error``.

    With several ``frames`` per sample, each begins with a new beat and has its own END; TLAST is on the last beat of
    the last frame. If it comes earlier, the missing ENDs are sent immediately.

    ``started`` pulses when the first beat of a sample is taken.
    """

    def __init__(
        self,
        fmt: TokenFormat,
        *,
        send_zeros: bool,
        frames: int = 1,
        unused_inputs: Collection[int] = (),
        field_bits: int = 8,
    ):
        self._format = fmt
        self._unused_inputs = frozenset(unused_inputs)
        self._send_zeros = send_zeros
        self._frames = frames
        self._field_bits = field_bits
        self._lanes = WORD_BITS // field_bits
        errors = dict.fromkeys(("started", "error"), Out(1))
        super().__init__({"i": In(Axi4StreamSignature()), "o": Out(token_stream(fmt)), **errors})

    def elaborate(self, platform):
        m = Module()
        addresses = self._format.addresses
        beat = Signal(WORD_BITS)  # the next value lowest
        zeros = Signal(self._lanes)  # which of its values are 0
        last_beat = Signal()
        lane = Signal(range(self._lanes))
        loaded = Signal()  # `beat` holds values that are still to be sent
        ending = Signal()  # the frame's values are sent, its END is not
        dropping = Signal()  # the sample exceeds its shape
        first = Signal(init=1)  # the next beat begins a sample
        frame = Signal(range(self._frames))
        is_final = frame == self._frames - 1
        cut = Signal()  # the sample ended before its last frame
        address = Signal(range(addresses))
        # properties of `address`; registers, because the host's `ready` depends on them
        last_value = Signal(init=addresses == 1)
        unused = Signal(init=0 in self._unused_inputs)

        field = beat[: self._field_bits]
        value = saturate(field.as_signed() if self._format.payload.signed else field, self._format.payload)
        skip = (C(0) if self._send_zeros else zeros[0]) | unused
        last_lane = lane == self._lanes - 1
        at_end = last_value | (last_beat & last_lane)
        done = Signal()  # the value at `lane` is sent or skipped
        advances = Signal()  # that, or there is none: whatever the host offers, `beat` may take it
        fresh = ~loaded | last_lane | last_value  # and then it does, instead of its next value
        refill = Signal()  # `beat` is empty after this cycle

        m.d.comb += [
            self.o.payload.address.eq(address),
            self.o.payload.payload.eq(value),
            self.o.payload.kind.eq(TokenKind.VALUE),
            self.o.valid.eq(loaded & ~skip),
            done.eq(loaded & (skip | self.o.ready)),
            advances.eq(~loaded | (~ending & (skip | self.o.ready))),
            refill.eq((done & (last_lane | last_value)) | ~loaded),
            self.i.tready.eq(refill & ~ending),
            self.started.eq(self.i.tvalid & self.i.tready & first),
        ]
        with m.If(ending):
            m.d.comb += [
                self.o.payload.kind.eq(TokenKind.END),
                self.o.payload.address.eq(0),
                self.o.payload.payload.eq(0),
                self.o.valid.eq(1),
                done.eq(0),
            ]
            with m.If(self.o.ready):
                m.d.sync += [
                    frame.eq(Mux(is_final, 0, frame + 1)),
                    ending.eq(cut & ~is_final),
                    cut.eq(cut & ~is_final),
                ]

        with m.If(done):
            m.d.sync += [
                lane.eq(lane + 1),
                *(address.eq(address + 1), last_value.eq(address == addresses - 2)),
                unused.eq(self._is_unused(m, address + 1)),
            ]
            with m.If(refill):
                m.d.sync += loaded.eq(0)
            with m.If(at_end):
                m.d.sync += [
                    *(ending.eq(1), lane.eq(0)),
                    *(address.eq(0), last_value.eq(last_value.init), unused.eq(unused.init)),
                    *(dropping.eq(is_final & ~last_beat), cut.eq(last_beat)),
                ]
                m.d.comb += self.error.eq((last_beat != is_final) | (address != addresses - 1))

        # these wait for neither `tvalid` nor `tready`, which come from afar: without a beat, `loaded` is 0
        offered = Cat(field == 0 for field in self._fields)
        with m.If(advances):
            m.d.sync += [
                beat.eq(Mux(fresh, self.i.tdata, beat >> self._field_bits)),
                zeros.eq(Mux(fresh, offered, zeros >> 1)),
                last_beat.eq(Mux(fresh, self.i.tlast, last_beat)),
            ]
        with m.If(self.i.tvalid & self.i.tready):
            m.d.sync += [
                loaded.eq(~(dropping | (done & at_end & is_final & ~last_beat))),
                first.eq(self.i.tlast),
            ]
            with m.If(self.i.tlast):
                m.d.sync += dropping.eq(0)
        return m

    @property
    def _fields(self) -> Sequence[Value]:
        return [self.i.tdata.word_select(lane, self._field_bits) for lane in range(self._lanes)]

    def _is_unused(self, m: Module, address: Value) -> Value:
        """Return whether ``address`` is an unused input, from a LUT ROM."""
        found = Signal()
        if self._unused_inputs:
            with m.Switch(address), m.Case(*sorted(self._unused_inputs)):
                m.d.comb += found.eq(1)
        return found


class TokenInput(wiring.Component):
    """Convert host words to tokens. Latency 0, throughput one token per cycle.

    ::

        word                                                       is        and pulses
        kind 3; VALUE whose address the input lacks, or whose      dropped   token_error
        payload is 0 or out of range
        TICK after ``ticks`` TICKs of the sample                   dropped   frame_error
        END before ``ticks`` TICKs of the sample                   sent      frame_error
        VALUE whose address does not ascend within its step        sent      order_error

    Only an END ends a sample: a truncated one continues until its END, or a reset. Errors pulse one or two cycles after
    the word is taken. A wrong order is flagged but not corrected: dropping the token would put an address comparison
    into the path from the host to the first engine, and no engine that takes host tokens hangs because of it.

    Parameters
    ----------
    fmt : TokenFormat
        Format of the output tokens.
    ticks : int | None
        TICKs of a sample; ``None`` allows any number.

    Members
    -------
    started : Out(1)
        Pulses when the first token of a sample is taken.
    token_error, order_error, frame_error : Out(1)
        See above.
    """

    def __init__(self, fmt: TokenFormat, *, ticks: int | None = None):
        self._format = fmt
        self._ticks = ticks
        errors = dict.fromkeys(("started", "token_error", "order_error", "frame_error"), Out(1))
        super().__init__({"i": In(Axi4StreamSignature()), "o": Out(token_stream(fmt)), **errors})

    def elaborate(self, platform):
        m = Module()
        word = self.i.tdata
        address, payload, kind = (word[low : low + width] for low, width in (WORD_ADDRESS, WORD_PAYLOAD, WORD_KIND))
        first = Signal(init=1)  # the next token begins a sample
        is_value, is_tick, is_end = (kind == kind_ for kind_ in (TokenKind.VALUE, TokenKind.TICK, TokenKind.END))
        known = kind <= max(TokenKind)
        formed = known & (~is_value | ((address < self._format.addresses) & payload.any() & self._fits(payload)))

        is_full, is_short = self._count(m, is_tick)
        good = formed & ~(is_tick & is_full)
        departs = self.o.valid & self.o.ready
        m.d.comb += [
            self.o.payload.kind.eq(kind),
            self.o.payload.address.eq(Mux(is_value, address, 0)),
            self.o.payload.payload.eq(Mux(is_value, payload, 0)),
            self.o.valid.eq(self.i.tvalid & good),
            self.i.tready.eq(self.o.ready | ~good),
            self.started.eq(departs & first),
        ]
        with m.If(departs):
            m.d.sync += first.eq(is_end)
        m.d.sync += [
            self.token_error.eq(self.i.tvalid & ~formed),
            self.frame_error.eq((self.i.tvalid & is_tick & is_full) | (departs & is_end & is_short)),
        ]

        # the token sent in the previous cycle: addresses are compared between registers
        departed, departed_value = Signal(), Signal()
        departed_address = Signal(self._format.address_bits)
        latest = Signal(signed(self._format.address_bits + 1), init=-1)  # address of the last VALUE of this time step
        m.d.sync += [departed.eq(departs), departed_value.eq(is_value), departed_address.eq(address)]
        m.d.sync += self.order_error.eq(departed & departed_value & (departed_address <= latest))
        with m.If(departed):
            m.d.sync += latest.eq(Mux(departed_value, departed_address, -1))
        return m

    def _fits(self, payload: Value) -> Value:
        """Return whether the format can hold this payload."""
        bits, signed = self._format.payload.bits, self._format.payload.signed
        above = payload[bits - 1 if signed else bits :]
        return ~above.any() | (above.all() if signed else 0)

    def _count(self, m: Module, is_tick: Value) -> tuple[Value, Value]:
        """Return whether the sample has had all its TICKs, and whether some are missing."""
        if self._ticks is None:
            return C(0, 1), C(0, 1)
        if self._ticks == 0:
            return C(1, 1), C(0, 1)
        remaining = Signal(range(self._ticks + 1), init=self._ticks)
        is_full = Signal()  # a register, because `ready` depends on it
        with m.If(self.o.valid & self.o.ready & (self.o.payload.kind == TokenKind.END)):
            m.d.sync += [remaining.eq(self._ticks), is_full.eq(0)]
        with m.Elif(self.o.valid & self.o.ready & is_tick):
            m.d.sync += [remaining.eq(remaining - 1), is_full.eq(remaining == 1)]
        return is_full, ~is_full
