"""From the beats of a link to the words of a layer: wider or narrower by an integer factor."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import cycle_through
from tospike.hw.params import IntFormat, ceil_div


def resizer(fmt: IntFormat, *, lanes: int, simd: int, values: int) -> "Widen | Narrow | None":
    """Return what makes words of ``simd`` out of beats of ``lanes``, in frames of ``values``; ``None`` if they are
    alike."""
    if lanes == simd:
        return None
    return (Widen if lanes < simd else Narrow)(shape_of(fmt), lanes=lanes, simd=simd, values=values)


def _members(shape, lanes: int, simd: int) -> dict:
    """Return the members of both: beats of ``lanes`` values in, words of ``simd`` out."""
    return {
        "i": In(stream.Signature(data.ArrayLayout(shape, lanes))),
        "o": Out(stream.Signature(data.ArrayLayout(shape, simd))),
        "busy": Out(1),
    }


class Widen(wiring.Component):
    """Join ``simd // lanes`` beats to a word. Latency 1 from a word's last beat, throughput a beat per cycle.

    The last word of a frame has fewer beats, if the frame has; its other lanes are undefined.
    """

    def __init__(self, shape, *, lanes: int, simd: int, values: int):
        self._beats = ceil_div(values, lanes)
        self._parts = simd // lanes
        super().__init__(_members(shape, lanes, simd))

    def elaborate(self, platform):
        m = Module()
        beat = Value.cast(self.i.payload)
        word = Signal(len(beat) * self._parts, reset_less=True)
        part = Signal(range(self._parts))
        _, is_last = cycle_through(m, self._beats, self.i.valid & self.i.ready, name="beat")
        m.d.comb += [
            Value.cast(self.o.payload).eq(word),
            self.i.ready.eq(~self.o.valid | self.o.ready),
            self.busy.eq(self.o.valid | (part != 0)),
        ]
        with m.If(self.i.ready):
            completes = is_last | (part == self._parts - 1)
            m.d.sync += self.o.valid.eq(self.i.valid & completes)
            with m.If(self.i.valid):
                m.d.sync += part.eq(Mux(completes, 0, part + 1))
        for number in range(self._parts):
            # only the first part waits for a word to leave: the others need no wide net of enables from `ready`
            with m.If((part == number) & (self.i.ready if number == 0 else 1)):
                m.d.sync += word.word_select(number, len(beat)).eq(beat)
        return m


class Narrow(wiring.Component):
    """Split beats into ``lanes // simd`` words. Latency 1, throughput a word per cycle.

    The last beat of a frame has fewer words, if the frame has.
    """

    def __init__(self, shape, *, lanes: int, simd: int, values: int):
        self._words = ceil_div(values, simd)
        self._parts = lanes // simd
        super().__init__(_members(shape, lanes, simd))

    def elaborate(self, platform):
        m = Module()
        beat = Signal(self.i.payload.shape(), reset_less=True)
        bits = Value.cast(beat)
        width = len(Value.cast(self.o.payload))
        full = Signal()
        part = Signal(range(self._parts))
        _, is_last = cycle_through(m, self._words, self.o.valid & self.o.ready, name="word")
        ends = Signal()  # the beat's last word
        m.d.comb += [
            ends.eq(is_last | (part == self._parts - 1)),
            Value.cast(self.o.payload).eq(bits[:width]),
            self.o.valid.eq(full),
            self.i.ready.eq(~full | (ends & self.o.ready)),
            self.busy.eq(full),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [
                bits.eq(bits >> width),
                part.eq(Mux(ends, 0, part + 1)),
            ]
        with m.If(self.i.ready):
            m.d.sync += full.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += beat.eq(self.i.payload)
        return m
