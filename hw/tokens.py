"""The links between engines, whose rules are in ``docs/explanation/architecture.md``, and the densifier."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import BeatFormat, TokenFormat, TokenKind
from tospike.hw.streams import Buffer


def token_layout(fmt: TokenFormat) -> data.StructLayout:
    """Return the payload layout of a token stream."""
    return data.StructLayout(
        {"kind": TokenKind, "address": unsigned(fmt.address_bits), "payload": shape_of(fmt.payload)}
    )


def token_stream(fmt: TokenFormat) -> stream.Signature:
    """Return the signature of a token stream, from the producer's side."""
    return stream.Signature(token_layout(fmt))


def beat_layout(fmt: BeatFormat) -> data.ArrayLayout:
    """Return the payload layout of a link of beats: the values of a beat, lane by lane."""
    return data.ArrayLayout(shape_of(fmt.payload), fmt.lanes)


def link_stream(fmt: TokenFormat) -> stream.Signature:
    """Return the signature of a link between engines, of tokens or of beats, from the producer's side."""
    return stream.Signature(beat_layout(fmt)) if isinstance(fmt, BeatFormat) else token_stream(fmt)


def dense_layout(fmt: TokenFormat) -> data.StructLayout:
    """Return the payload layout of a dense stream: all values in address order, ``last`` with the last one."""
    return data.StructLayout({"value": shape_of(fmt.payload), "last": 1})


class SequenceBuffer(wiring.Component):
    """A `Buffer` of tokens that compares the address of each with the one before, where no late signal is near.

    Members
    -------
    follows : Out(1)
        The address of the VALUE at ``o`` is the one after that of the VALUE before, or 0 in front of a frame.
    """

    def __init__(self, fmt: TokenFormat):
        self._format = fmt
        super().__init__({"i": In(token_stream(fmt)), "o": Out(token_stream(fmt)), "follows": Out(1)})

    def elaborate(self, platform):
        m = Module()
        tokens = token_layout(self._format)
        m.submodules.buffer = buffer = Buffer(data.StructLayout({"token": tokens, "follows": 1}))
        token = self.i.payload
        expected = Signal(self._format.address_bits)
        m.d.comb += [
            buffer.i.valid.eq(self.i.valid),
            buffer.i.payload.token.eq(token),
            buffer.i.payload.follows.eq(token.address == expected),
            self.i.ready.eq(buffer.i.ready),
            self.o.valid.eq(buffer.o.valid),
            self.o.payload.eq(buffer.o.payload.token),
            self.follows.eq(buffer.o.payload.follows),
            buffer.o.ready.eq(self.o.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            with m.If(token.kind == TokenKind.VALUE):
                m.d.sync += expected.eq(token.address + 1)
            with m.Elif(token.kind == TokenKind.END):
                m.d.sync += expected.eq(0)
        return m


class Densifier(wiring.Component):
    """Convert sparse frames of tokens to dense frames, inserting the zeros.

    ::

        i: VALUE(1, a) VALUE(3, b) END      ->      o: 0, a, 0, b(last)        (4 addresses)

    A counter steps through the addresses. If the input token has the counter's address, it passes; if its address is
    higher (addresses ascend), a zero is emitted. TICKs are dropped. One value per cycle, latency 0 (combinational), and
    one extra cycle for the END.

    With ``complete``, the producer sends every address, and none is compared. With ``variable``, frames have
    ``last_address`` + 1 values, a member that is constant from two cycles before a frame until it has passed. With
    ``buffered``, a `SequenceBuffer` stands in front: latency 1, and no comparison of addresses between it and the
    consumer.
    """

    def __init__(self, fmt: TokenFormat, *, variable: bool = False, complete: bool = False, buffered: bool = False):
        self._format = fmt
        self._buffered = buffered
        self._complete = complete
        self._variable = variable
        members = {"i": In(token_stream(fmt)), "o": Out(stream.Signature(dense_layout(fmt)))}
        if variable:
            members["last_address"] = In(range(fmt.addresses))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        full = Signal()  # all values of this frame are sent, its END is still to come
        here, sends = Signal(), Signal()
        if self._buffered:
            m.submodules.buffer = buffer = SequenceBuffer(self._format)
            connect(m, flipped(self.i), buffer.i)
            tokens = buffer.o
            arrives, last = self._compare_ahead(m, tokens.payload.address, full=full, here=here, sends=sends)
            reached = buffer.follows | arrives
        else:
            tokens = self.i
            reached, last = self._compare(m, tokens.payload.address, sends=sends)
        token = tokens.payload
        m.d.comb += [
            here.eq((token.kind == TokenKind.VALUE) & (self._complete | reached)),
            # a gate, not a Mux, which a register behind it would take for its reset: `here` is late
            self.o.payload.value.eq((token.payload.as_unsigned() & here.replicate(len(token.payload))).as_signed()),
            self.o.payload.last.eq(last),
            sends.eq(self.o.valid & self.o.ready),
        ]
        with m.If(token.kind == TokenKind.TICK):
            m.d.comb += tokens.ready.eq(1)
        with m.Elif(full):
            m.d.comb += tokens.ready.eq(1)
            with m.If(tokens.valid & (token.kind == TokenKind.END)):
                m.d.sync += full.eq(0)
        with m.Else():
            m.d.comb += [
                self.o.valid.eq(tokens.valid),
                tokens.ready.eq(here & self.o.ready),
            ]
            with m.If(sends):
                m.d.sync += full.eq(last)
        return m

    @property
    def _last_address(self) -> Value | int:
        return self.last_address if self._variable else self._format.addresses - 1

    def _compare(self, m: Module, wanted: Value, *, sends: Value) -> tuple[Value, Value]:
        """Return whether the counter has the address ``wanted``, and whether it has the frame's last."""
        address = Signal(range(self._format.addresses))
        last = address == self._last_address
        with m.If(sends):
            m.d.sync += address.eq(Mux(last, 0, address + 1))
        return wanted == address, last

    def _compare_ahead(
        self, m: Module, wanted: Value, *, full: Value, here: Value, sends: Value
    ) -> tuple[Signal, Signal]:
        """Return the same from registers, for a counter that is an address ahead and for a VALUE that waits for a zero
        at least: not for one that follows the VALUE before."""
        after = Signal(range(self._format.addresses + 1), init=1)
        arrives = Signal()
        last = Signal(init=self._format.addresses == 1)
        only = C(last.init, 1)  # a frame has one value
        if self._variable:
            only, begins = Signal(init=last.init), Signal(init=1)
            m.d.sync += only.eq(self._last_address == 0)
            with m.If(begins):
                m.d.sync += last.eq(only)
            with m.If(sends):
                m.d.sync += begins.eq(last)
        with m.If(full):
            m.d.sync += arrives.eq(0)
        with m.Elif(sends):
            m.d.sync += arrives.eq((wanted == after) & ~here)
        with m.If(sends):
            m.d.sync += [after.eq(Mux(last, 1, after + 1)), last.eq(Mux(last, only, after == self._last_address))]
        return arrives, last
