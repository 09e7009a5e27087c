"""The serialiser of wide words: in sections, each the word of a narrower serialiser."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.params import TokenFormat
from tospike.hw.spiking.serializer import Serializer, are_many, index, lane_word_layout, lowest, select
from tospike.hw.streams import Buffer
from tospike.hw.tokens import token_stream


class Sections(wiring.Component):
    """Pass on the sections of a word that hold a value, lowest first; TICK and END go with the last.

    Latency 1, throughput one section per cycle. A word without values must have a TICK or END.

    Parameters
    ----------
    fmt : TokenFormat
    lanes : int
        Lanes of a word.
    size : int
        Lanes of a section; the last one of a word may have unused lanes.
    ragged : bool
        As for `lane_word_layout`. Sections have the address of their first lane.
    """

    def __init__(self, fmt: TokenFormat, *, lanes: int, size: int, ragged: bool):
        self._lanes = lanes
        self._size = size
        self._ragged = ragged
        self._bits = fmt.payload.bits
        self._layout = lane_word_layout(fmt, lanes, ragged=ragged)
        super().__init__(
            {
                "i": In(stream.Signature(self._layout)),
                "o": Out(stream.Signature(lane_word_layout(fmt, size, ragged=True))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        size = self._size
        firsts = range(0, self._lanes, size)
        word = Signal(self._layout)
        full = Signal()
        rest = Signal(len(firsts))  # sections after the one that is offered
        first = Signal(len(firsts))  # one-hot: that section
        more = Signal()  # `rest` is not 0; a register, because `ready` depends on it
        m.d.comb += self.i.ready.eq(~full | (self.o.ready & ~more))

        values = Value.cast(self.i.payload.values)
        incoming = Cat(values[low * self._bits : (low + size) * self._bits].any() for low in firsts)
        remaining = Signal(len(firsts))
        m.d.comb += remaining.eq(Mux(self.i.ready, incoming, rest))
        with m.If(self.i.ready):
            m.d.sync += [full.eq(self.i.valid), word.eq(self.i.payload)]
        with m.If(self.i.ready | self.o.ready):
            m.d.sync += [first.eq(lowest(remaining)), rest.eq(remaining & ~lowest(remaining))]
            m.d.sync += more.eq(are_many(remaining))

        section = self.o.payload
        held = Value.cast(word.values)
        m.d.comb += [
            self.o.valid.eq(full),
            section.word.eq(word.word * (1 if self._ragged else self._lanes) + size * index(first)),
            section.values.eq(
                select(first, [held[low * self._bits : (low + size) * self._bits] for low in firsts], size * self._bits)
            ),
            section.tick.eq(word.tick & ~more),
            section.end.eq(word.end & ~more),
        ]
        return m


class SectionedSerializer(wiring.Component):
    """A `Serializer` for wide words. Latency 5, throughput one token per cycle.

    ::

        word -> sections -> buffer -> serializer of a section -> token

    A find-first over all lanes would be the critical path of an engine, even in two steps, and so would a ``ready``
    that passes through all of these stages: the buffer cuts its path.
    """

    def __init__(self, fmt: TokenFormat, *, lanes: int, size: int, ragged: bool = False):
        self._format = fmt
        self._lanes = lanes
        self._size = size
        self._ragged = ragged
        layout = lane_word_layout(fmt, lanes, ragged=ragged)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(token_stream(fmt))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sections = sections = Sections(
            self._format, lanes=self._lanes, size=self._size, ragged=self._ragged
        )
        m.submodules.buffer = buffer = Buffer(sections.o.payload.shape())
        m.submodules.serializer = serializer = Serializer(self._format, lanes=self._size, ragged=True)
        connect(m, flipped(self.i), sections.i)
        connect(m, sections.o, buffer.i)
        connect(m, buffer.o, serializer.i)
        connect(m, serializer.o, flipped(self.o))
        return m
