"""The delta encoder: changes between the frames of a sequence."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up
from tospike.hw.encoders.layout import delta_counter_names
from tospike.hw.engine import Engine
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import DeltaParams, TokenKind
from tospike.hw.streams import Buffer

LEAST_SPACING = 4
"""Cycles from reading a value to reading the one that has replaced it."""


def idle_cycles(inputs: int) -> int:
    """Return the cycles without a token after a frame: a frame and its END take ``inputs`` + 1."""
    return max(0, LEAST_SPACING - (inputs + 1))


class DeltaEncoder(Engine[DeltaParams]):
    """Send 1 or -1, or the difference, for each value that differs from the one last sent by more than a threshold.

    ::

        i: VALUE(0, 2) VALUE(1, 9) END    VALUE(0, 3) VALUE(1, 5) END             (threshold 2, 2 steps)
        o:             VALUE(1, 1) TICK   VALUE(0, 1) VALUE(1, -1) TICK END

        cycle 0     1           2                                 3
        i -> buffer -> token   -> token -> |value - last| > T? -> o
              |                             ^         | value
              +-----> last[address] -> last +         v
                        ^                             |
                        +-----------------------------+

    Frames are whole, zeros included. At the start of a sample every ``last`` counts as 0; the first frame writes all of
    them, so the memory needs no clearing.

    Latency 4, throughput one token per cycle, sent or not; the END of a sample takes one cycle more. A stalled output
    stalls all stages. A value can be read 4 cycles after the one that it replaces, so frames of fewer than
    `LEAST_SPACING` - 1 values are followed by idle cycles.

    `changes` and `differences` in `tospike.sim.encoders.changes` are the golden models; the timing model is
    `tospike.sim.encoders.delta_timing`.
    """

    def __init__(self, params: DeltaParams):
        super().__init__(params, delta_counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        m.submodules.input = arrived = Buffer(self.i.payload.shape())
        connect(m, flipped(self.i), arrived.i)
        m.submodules.memory = memory = Memory(
            shape=shape_of(params.payload), depth=params.inputs, init=[], attrs=NO_COLLISIONS
        )
        write, read = memory.write_port(), memory.read_port()

        # cycle 0: take a token
        frame = Signal(range(params.steps))
        pause = Signal(range(max(1, idle_cycles(params.inputs)) + 1))  # idle cycles left
        advance = Signal()
        is_end = arrived.o.payload.kind == TokenKind.END
        taken = arrived.o.valid & arrived.o.ready
        taken_layout = data.StructLayout(
            {"valid": 1, "first": 1, "last": 1, "token": self.i.payload.shape()}  # in the first, the last frame
        )
        fetched, token = Signal(taken_layout), Signal(taken_layout)
        m.d.comb += [
            arrived.o.ready.eq(advance & ~pause.any()),
            read.en.eq(advance),
            read.addr.eq(arrived.o.payload.address),
        ]
        with m.If(taken & is_end):
            m.d.sync += frame.eq(Mux(frame == params.steps - 1, 0, frame + 1))
        with m.If(advance):
            m.d.sync += [
                pause.eq(Mux(pause.any(), pause - 1, Mux(taken & is_end, idle_cycles(params.inputs), 0))),
                fetched.valid.eq(taken),
                fetched.first.eq(frame == 0),
                fetched.last.eq(frame == params.steps - 1),
                fetched.token.eq(arrived.o.payload),
            ]

        # cycle 1: fetch the value last sent
        last = Signal(shape_of(params.payload))
        with m.If(advance):
            m.d.sync += [token.eq(fetched), last.eq(Mux(fetched.first, 0, read.data))]

        # cycle 2: decide
        value = token.token.payload
        up = value > last + params.threshold
        amount = value - last if params.amounts else Mux(up, 1, -1)
        changed = up | (last > value + params.threshold)
        ends = token.token.kind == TokenKind.END
        ticked = Signal()  # the TICK of the sample's last END has left
        advance_out = ~self.o.valid | self.o.ready
        m.d.comb += advance.eq(advance_out & ~(token.valid & ends & token.last & ~ticked))
        with m.If(advance_out):
            m.d.sync += [
                self.o.valid.eq(token.valid & (ends | changed)),
                self.o.payload.kind.eq(Mux(ends, Mux(ticked, TokenKind.END, TokenKind.TICK), TokenKind.VALUE)),
                self.o.payload.address.eq(Mux(ends, 0, token.token.address)),
                self.o.payload.payload.eq(Mux(ends, 0, amount)),
                ticked.eq(token.valid & ends & token.last & ~ticked),
            ]
        written = token.valid & advance & ~ends & (changed | token.first)
        m.d.sync += [
            write.en.eq(written),
            write.addr.eq(token.token.address),
            write.data.eq(Mux(changed, value, 0)),
        ]

        departs = self.o.valid & self.o.ready
        departures = {kind: departs & (self.o.payload.kind == kind) for kind in TokenKind}
        increments = {
            "values": departures[TokenKind.VALUE],
            "ticks": departures[TokenKind.TICK],
            "samples": departures[TokenKind.END],
            "written": written,
        }
        if params.is_counted:
            count_up(m, self.counters, self.clear, increments)
        m.d.comb += self.busy.eq(arrived.o.valid | fetched.valid | token.valid | self.o.valid | frame.any())
        return m
