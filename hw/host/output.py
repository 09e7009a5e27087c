"""The host's output: tokens to AXI4-Stream beats."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.params import WORD_ADDRESS, WORD_BITS, WORD_KIND, WORD_PAYLOAD, TokenFormat, TokenKind
from tospike.hw.streams import Register
from tospike.hw.tokens import Densifier, dense_layout, token_stream

BEAT = data.StructLayout({"word": WORD_BITS, "last": 1})


class _Output(wiring.Component):
    """The common part of all outputs. ``finished`` pulses when a beat with TLAST is taken; ``complete``: see
    `Densifier`."""

    def __init__(self, fmt: TokenFormat, *, complete: bool = False):
        self._format = fmt
        self._complete = complete
        super().__init__({"i": In(token_stream(fmt)), "o": Out(Axi4StreamSignature()), "finished": Out(1)})

    def _beats(self, m: Module):
        """Return the input stream of an output register for beats."""
        m.submodules.register = register = Register(BEAT)
        m.d.comb += [
            self.o.tdata.eq(register.o.payload.word),
            self.o.tlast.eq(register.o.payload.last),
            self.o.tvalid.eq(register.o.valid),
            register.o.ready.eq(self.o.tready),
            self.finished.eq(self.o.tvalid & self.o.tready & self.o.tlast),
        ]
        return register.i

    def _answer(self, m: Module, answers: Value):
        """Drive the handshakes for one beat per train: a token that ``answers`` waits for the previous beat to
        leave."""
        m.d.comb += [
            self.i.ready.eq(~answers | ~self.o.tvalid | self.o.tready),
            self.o.tlast.eq(1),
            self.finished.eq(self.o.tvalid & self.o.tready),
        ]
        with m.If(self.o.tready):
            m.d.sync += self.o.tvalid.eq(0)


class DenseOutput(_Output):
    """Convert frames of tokens to frames of sign-extended words. Latency 1, throughput one word per cycle."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.densifier = densifier = Densifier(self._format, complete=self._complete)
        connect(m, flipped(self.i), densifier.i)
        beats = self._beats(m)
        value = densifier.o.payload.value
        sign = value[-1] if value.shape().signed else C(0, 1)
        m.d.comb += [
            beats.payload.word.eq(Cat(value, sign.replicate(WORD_BITS - len(value)))),
            beats.payload.last.eq(densifier.o.payload.last),
            beats.valid.eq(densifier.o.valid),
            densifier.o.ready.eq(beats.ready),
        ]
        return m


class ArgmaxOutput(_Output):
    """Send the index of each frame's largest value, the lowest on a tie: one beat per frame, with TLAST.

    The index is the address, or, for an image of ``channels`` and ``positions`` that arrives position by position, the
    address that the value would have channel by channel.

    ::

        Densifier -> register -> compare with the largest so far -> beat

    Throughput one value per cycle; the beat comes two cycles after the last value.
    """

    def __init__(self, fmt: TokenFormat, *, complete: bool = False, channels: int = 1, positions: int = 1):
        self._channels = channels
        self._positions = positions
        super().__init__(fmt, complete=complete)

    def elaborate(self, platform):
        m = Module()
        m.submodules.densifier = densifier = Densifier(self._format, complete=self._complete)
        m.submodules.register = register = Register(dense_layout(self._format))
        connect(m, flipped(self.i), densifier.i)
        connect(m, densifier.o, register.i)
        value, last = register.o.payload.value, register.o.payload.last
        largest = Signal.like(value)
        index = Signal(self._format.address_bits)
        number = Signal.like(index)
        passes = value > largest
        next_number = number + 1
        if self._positions > 1:
            channel = Signal(range(self._channels))
            position = Signal(range(self._positions))
            ends = channel == self._channels - 1
            passes |= (value == largest) & (number < index)
            next_number = Mux(ends, position + 1, number + self._positions)
            with m.If(register.o.valid & register.o.ready):
                m.d.sync += channel.eq(Mux(ends, 0, channel + 1))
                with m.If(ends):
                    m.d.sync += position.eq(Mux(last, 0, position + 1))
        m.d.comb += [
            register.o.ready.eq(~self.o.tvalid | self.o.tready),
            self.o.tdata.eq(index),
            self.o.tlast.eq(1),
            self.finished.eq(self.o.tvalid & self.o.tready),
        ]
        with m.If(self.o.tready):
            m.d.sync += self.o.tvalid.eq(0)
        with m.If(register.o.valid & register.o.ready):
            m.d.sync += [number.eq(Mux(last, 0, next_number)), self.o.tvalid.eq(last)]
            with m.If((number == 0) | passes):
                m.d.sync += [largest.eq(value), index.eq(number)]
        return m


class FirstSpikeOutput(_Output):
    """Send the address of each train's first spike: one beat per train, with TLAST.

    ::

        i: TICK  VALUE(3)  VALUE(7)  TICK  VALUE(1)  TICK  END        TICK  END
        o:            3                                                       0

    The beat comes a cycle after the first VALUE, which has the lowest address of its time step; the rest of the train
    is dropped, one token per cycle. A train without spikes gives 0, a cycle after its END.
    """

    def elaborate(self, platform):
        m = Module()
        token = self.i.payload
        answered = Signal()  # the beat of this train has been sent
        is_end = token.kind == TokenKind.END
        answers = ~answered & ((token.kind == TokenKind.VALUE) | is_end)
        self._answer(m, answers)
        with m.If(self.i.valid & self.i.ready):
            with m.If(answers):
                m.d.sync += [self.o.tvalid.eq(1), self.o.tdata.eq(token.address)]
            m.d.sync += answered.eq((answered | answers) & ~is_end)
        return m


class FirstSpikeOfImageOutput(_Output):
    """Send the address of each train's first spike, for addresses that do not ascend within a time step: the lowest one
    of the first step with a spike, a cycle after its TICK.
    """

    def elaborate(self, platform):
        m = Module()
        token = self.i.payload
        answered = Signal()  # the beat of this train has been sent
        some = Signal()
        lowest = Signal(self._format.address_bits)
        is_value, is_end = token.kind == TokenKind.VALUE, token.kind == TokenKind.END
        answers = ~answered & Mux(is_end, 1, some & ~is_value)
        self._answer(m, answers)
        with m.If(self.i.valid & self.i.ready):
            with m.If(answers):
                m.d.sync += [self.o.tvalid.eq(1), self.o.tdata.eq(lowest)]
            with m.If(is_value & (~some | (token.address < lowest))):
                m.d.sync += [some.eq(1), lowest.eq(token.address)]
            with m.If(is_end):
                m.d.sync += [some.eq(0), lowest.eq(0)]
            m.d.sync += answered.eq((answered | answers) & ~is_end)
        return m


class TokenOutput(_Output):
    """Convert tokens to host words, one per beat, with TLAST on END. Latency 1, throughput one token per cycle."""

    def elaborate(self, platform):
        m = Module()
        token = self.i.payload
        payload = Signal(signed(WORD_PAYLOAD[1]))
        m.d.comb += payload.eq(token.payload)  # sign-extends signed payloads
        beats = self._beats(m)
        word = beats.payload.word
        for (low, width), field in ((WORD_ADDRESS, token.address), (WORD_PAYLOAD, payload), (WORD_KIND, token.kind)):
            m.d.comb += word[low : low + width].eq(field)
        m.d.comb += [
            beats.payload.last.eq(token.kind == TokenKind.END),
            beats.valid.eq(self.i.valid),
            self.i.ready.eq(beats.ready),
        ]
        return m
