"""The delta encoder: changes between the frames of a sequence."""

from amaranth.hdl import *
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up
from tospike.hw.encoders.layout import delta_counter_names
from tospike.hw.engine import Engine
from tospike.hw.params import DeltaParams, TokenKind
from tospike.hw.streams import Buffer


class DeltaEncoder(Engine[DeltaParams]):
    """Send 1 or -1, or the difference, for each value that differs from the one last sent by more than a threshold.

    ::

        i: VALUE(0, 2) VALUE(1, 9) END    VALUE(0, 3) VALUE(1, 5) END             (threshold 2, 2 steps)
        o:             VALUE(1, 1) TICK   VALUE(0, 1) VALUE(1, -1) TICK END

        i -> buffer -+----------------> token -> |value - last| > threshold? -> o
                     |                            ^              | value
                     +-> last[address] -----------+       last <-+

    Frames are whole, zeros included. At the start of a sample every ``last`` counts as 0; the first frame writes all of
    them, so the memory needs no clearing.

    Latency 3, throughput one token per cycle, sent or not; the END of a sample takes one cycle more. A stalled output
    stalls all stages.

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
        m.submodules.memory = memory = Memory(shape=shape_of(params.payload), depth=params.inputs, init=[])
        write = memory.write_port()
        # the write is registered; a frame of one value reads it in that very cycle
        read = memory.read_port(transparent_for=[write])

        # the token taken in the previous cycle
        token = Signal(self.i.payload.shape())
        has_token = Signal()
        is_end = token.kind == TokenKind.END
        frame = Signal(range(params.steps))
        is_first, is_last = frame == 0, frame == params.steps - 1
        ticked = Signal()  # the TICK of the sample's last END has left

        last = Mux(is_first, 0, read.data)
        up = token.payload > last + params.threshold
        amount = token.payload - last if params.amounts else Mux(up, 1, -1)
        changed = up | (last > token.payload + params.threshold)

        advance_out = ~self.o.valid | self.o.ready
        advance = advance_out & ~(has_token & is_end & is_last & ~ticked)
        done = has_token & advance
        m.d.comb += [arrived.o.ready.eq(advance), read.en.eq(advance), read.addr.eq(arrived.o.payload.address)]
        with m.If(advance):
            m.d.sync += [has_token.eq(arrived.o.valid), token.eq(arrived.o.payload)]
        with m.If(advance_out):
            m.d.sync += [
                self.o.valid.eq(has_token & (is_end | changed)),
                self.o.payload.kind.eq(Mux(is_end, Mux(ticked, TokenKind.END, TokenKind.TICK), TokenKind.VALUE)),
                self.o.payload.address.eq(Mux(is_end, 0, token.address)),
                self.o.payload.payload.eq(Mux(is_end, 0, amount)),
                ticked.eq(has_token & is_end & is_last & ~ticked),
            ]
        with m.If(done & is_end):
            m.d.sync += frame.eq(Mux(is_last, 0, frame + 1))

        written = done & ~is_end & (changed | is_first)
        m.d.sync += [
            write.en.eq(written),
            write.addr.eq(token.address),
            write.data.eq(Mux(changed, token.payload, 0)),
        ]
        departs = self.o.valid & self.o.ready
        departures = {kind: departs & (self.o.payload.kind == kind) for kind in TokenKind}
        increments = {
            "values": departures[TokenKind.VALUE],
            "ticks": departures[TokenKind.TICK],
            "samples": departures[TokenKind.END],
            "written": written,
        }
        count_up(m, self.counters, self.clear, increments)
        m.d.comb += self.busy.eq(arrived.o.valid | has_token | self.o.valid | ~is_first)
        return m
