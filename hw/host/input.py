"""Host beats to tokens."""

from collections.abc import Collection

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import saturate
from tospike.hw.events import token_stream
from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.params import (
    BYTES_PER_BEAT,
    WORD_ADDRESS,
    WORD_KIND,
    WORD_PAYLOAD,
    TokenFormat,
    TokenKind,
)


def _members(fmt: TokenFormat) -> dict[str, wiring.Member]:
    return {"i": In(Axi4StreamSignature()), "o": Out(token_stream(fmt)), "started": Out(1), "error": Out(1)}


class DenseInput(wiring.Component):
    """Frames of bytes to frames of tokens, one value per cycle.

    ::

        beat      | d3 d2 d1 d0 |   ->  VALUE(0, d0), VALUE(1, d1), ...  END

    A beat is taken in the cycle in which the last value of the one before leaves; its first value is offered in the
    next cycle, the END one cycle after the last value. A zero takes its cycle but is not sent unless ``send_zeros``;
    the value of an address that is ``unread`` likewise, whatever it is.
    Bytes saturate to the payload's format. A frame ends with TLAST: values that are missing then are not sent, beats
    beyond the frame's shape are dropped, and both pulse ``error``.

    With several ``frames`` per sample, each begins with a beat and has its END; TLAST is on the last beat of the last.
    If it comes earlier, the ENDs that are missing are sent at once.

    ``started`` pulses when the first beat of a sample is taken.
    """

    def __init__(self, fmt: TokenFormat, *, send_zeros: bool, frames: int = 1, unread: Collection[int] = ()):
        self._format = fmt
        self._unread = frozenset(unread)
        self._send_zeros = send_zeros
        self._frames = frames
        super().__init__(_members(fmt))

    def elaborate(self, platform):
        m = Module()
        addresses = self._format.addresses
        beat = Signal(8 * BYTES_PER_BEAT)
        last_beat = Signal()
        lane = Signal(range(BYTES_PER_BEAT))
        loaded = Signal()  # `beat` holds values that are still to be sent
        ending = Signal()  # the frame's values are sent, its END is not
        dropping = Signal()  # the sample went on beyond its shape
        first = Signal(init=1)  # the next beat begins a sample
        frame = Signal(range(self._frames))
        is_final = frame == self._frames - 1
        cut = Signal()  # the sample ended before its last frame
        address = Signal(range(addresses))

        byte = Signal(8)
        m.d.comb += byte.eq(beat.word_select(lane, 8))
        value = saturate(byte.as_signed() if self._format.payload.signed else byte, self._format.payload)
        skip = (C(0) if self._send_zeros else byte == 0) | self._is_unread(m, address)
        at_end = (address == addresses - 1) | (last_beat & (lane == BYTES_PER_BEAT - 1))
        done = Signal()  # the value at `lane` leaves, or is skipped
        refill = Signal()  # `beat` has nothing left after this cycle

        m.d.comb += [
            self.o.payload.address.eq(address),
            self.o.payload.payload.eq(value),
            self.o.payload.kind.eq(TokenKind.VALUE),
            self.o.valid.eq(loaded & ~skip),
            done.eq(loaded & (skip | self.o.ready)),
            refill.eq((done & ((lane == BYTES_PER_BEAT - 1) | at_end)) | ~loaded),
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
            m.d.sync += [lane.eq(lane + 1), address.eq(address + 1)]
            with m.If(refill):
                m.d.sync += loaded.eq(0)
            with m.If(at_end):
                m.d.sync += [
                    *(ending.eq(1), address.eq(0), lane.eq(0)),
                    *(dropping.eq(is_final & ~last_beat), cut.eq(last_beat)),
                ]
                m.d.comb += self.error.eq((last_beat != is_final) | (address != addresses - 1))

        with m.If(self.i.tvalid & self.i.tready):
            m.d.sync += [
                beat.eq(self.i.tdata),
                last_beat.eq(self.i.tlast),
                lane.eq(0),
                loaded.eq(~(dropping | (done & at_end & is_final & ~last_beat))),
                first.eq(self.i.tlast),
            ]
            with m.If(self.i.tlast):
                m.d.sync += dropping.eq(0)
        return m

    def _is_unread(self, m: Module, address: Signal) -> Value:
        """A bit for each address, in LUTs."""
        found = Signal()
        if self._unread:
            with m.Switch(address), m.Case(*sorted(self._unread)):
                m.d.comb += found.eq(1)
        return found


class TokenInput(wiring.Component):
    """Host words to tokens, one per beat and cycle; latency 0.

    A word with kind 3 or with an address beyond the format is dropped and pulses ``error``. ``started`` pulses when
    the first token of a sample is taken.
    """

    def __init__(self, fmt: TokenFormat):
        self._format = fmt
        super().__init__(_members(fmt))

    def elaborate(self, platform):
        m = Module()
        word = self.i.tdata
        address, payload, kind = (word[low : low + width] for low, width in (WORD_ADDRESS, WORD_PAYLOAD, WORD_KIND))
        first = Signal(init=1)
        is_value = kind == TokenKind.VALUE
        good = (kind <= max(TokenKind)) & (~is_value | (address < self._format.addresses))
        m.d.comb += [
            self.o.payload.kind.eq(kind),
            self.o.payload.address.eq(Mux(is_value, address, 0)),
            self.o.payload.payload.eq(Mux(is_value, payload, 0)),
            self.o.valid.eq(self.i.tvalid & good),
            self.i.tready.eq(self.o.ready | ~good),
            self.error.eq(self.i.tvalid & ~good),
            self.started.eq(self.o.valid & self.o.ready & first),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += first.eq(kind == TokenKind.END)
        return m
