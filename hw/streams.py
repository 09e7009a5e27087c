"""Small building blocks for valid/ready streams."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out


class Register(wiring.Component):
    """A register in the forward path (valid, payload): latency 1, throughput 1. ``ready`` passes through."""

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
        return m


class Buffer(wiring.Component):
    """Room for two: latency 1, throughput 1, and no path from one side's ``ready`` to the other's.

    The payload waits in a register at the output. A second one takes what still comes in the cycle in which the first
    is refused.
    """

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        late = Signal.like(self.i.payload)
        full = Signal()  # `late` holds something
        m.d.comb += self.i.ready.eq(~full)
        held = self.o.valid & ~self.o.ready
        # as sums of products, one LUT each: `ready` comes late, and If would make resets and enables of it
        m.d.sync += [self.o.valid.eq(held | full | self.i.valid), full.eq(held & (full | self.i.valid))]
        with m.If(~held):
            m.d.sync += self.o.payload.eq(Mux(full, late, self.i.payload))
        with m.If(self.i.ready):
            m.d.sync += late.eq(self.i.payload)
        return m


class Queue(wiring.Component):
    """A first-in first-out queue of ``depth`` entries (at least 2); latency 2, throughput 1.

    ``level`` counts the entries inside.
    """

    def __init__(self, shape, *, depth: int):
        self._shape = shape
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = Shape.cast(self._shape).width
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=width, depth=self._depth)
        m.d.comb += [
            fifo.w_data.eq(self.i.payload),
            fifo.w_en.eq(self.i.valid),
            self.i.ready.eq(fifo.w_rdy),
            Value.cast(self.o.payload).eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
            self.level.eq(fifo.level),
        ]
        return m


class CreditQueue(wiring.Component):
    """A queue behind a pipeline that cannot stop: it takes whatever comes, and says beforehand whether it may.

    ``room`` promises a place to whoever sets ``reserve`` in the same cycle, and what was promised must come, by
    ``valid``. A stream of one per cycle passes without a pause if ``depth`` is at least the cycles from ``reserve`` to
    ``valid`` and ``LATENCY`` + 2 more.
    """

    LATENCY = 2

    def __init__(self, shape, *, depth: int):
        self._shape = shape
        self._depth = depth
        super().__init__(
            {
                "room": Out(1),
                "reserve": In(1),
                "valid": In(1),
                "payload": In(shape),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = Queue(self._shape, depth=self._depth)
        taken = Signal()  # a cycle ago, so that `ready` of the consumer ends here
        credit = Signal(range(self._depth + 1), init=self._depth)
        left = Signal.like(credit)
        room = Signal(init=1)
        m.d.sync += [taken.eq(self.o.valid & self.o.ready), credit.eq(left), room.eq(left != 0)]
        m.d.comb += [
            left.eq(credit + taken - self.reserve),
            self.room.eq(room),
            queue.i.valid.eq(self.valid),
            queue.i.payload.eq(self.payload),
        ]
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        return m
