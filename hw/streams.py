"""Building blocks for valid/ready streams: register slice, skid buffer, FIFOs."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.memory import NO_COLLISIONS


class Register(wiring.Component):
    """A forward register slice (valid, payload): latency 1, throughput 1. ``ready`` is combinational."""

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
        return m


class Buffer(wiring.Component):
    """A skid buffer: latency 1, throughput 1, and no combinational path between the two ``ready``.

    An output register drives ``o``. A skid register takes the payload that still arrives in the first cycle in which
    ``o`` stalls.
    """

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        late = Signal.like(self.i.payload)
        full = Signal()  # `late` is occupied
        m.d.comb += self.i.ready.eq(~full)
        held = self.o.valid & ~self.o.ready
        # as sums of products, one LUT each: `ready` arrives late, and If would turn it into resets and enables
        m.d.sync += [self.o.valid.eq(held | full | self.i.valid), full.eq(held & (full | self.i.valid))]
        with m.If(~held):
            m.d.sync += self.o.payload.eq(Mux(full, late, self.i.payload))
        with m.If(self.i.ready):
            m.d.sync += late.eq(self.i.payload)
        return m


class Queue(wiring.Component):
    """A FIFO of ``depth`` entries (at least 2); latency 2, throughput 1.

    ::

        i -> memory of depth - 1 entries -> output register of the memory -> o

    Whether the memory is empty or full are registers, and no entries are counted, so that a late ``o.ready`` passes one
    gate to the memory.
    """

    def __init__(self, shape, *, depth: int):
        self._shape = shape
        self._depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        depth = self._depth - 1
        # an entry is read only after it has been written, and overwritten only after it has been read
        memory = Memory(shape=Shape.cast(self._shape), depth=depth, init=[], attrs=NO_COLLISIONS)
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        some, full = Signal(), Signal()
        takes, moves = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~full),
            takes.eq(self.i.valid & ~full),
            moves.eq(some & (~self.o.valid | self.o.ready)),
            write.en.eq(takes),
            write.data.eq(Value.cast(self.i.payload)),
            read.en.eq(moves),
            Value.cast(self.o.payload).eq(read.data),
        ]

        def position(port, step):
            """Return the position of a port, which ``step`` advances, and the one after it."""
            here, after = Signal.like(port.addr), Signal.like(port.addr)
            m.d.comb += [port.addr.eq(here), after.eq(Mux(here == depth - 1, 0, here + 1))]
            with m.If(step):
                m.d.sync += here.eq(after)
            return here, after

        write_at, write_after = position(write, takes)
        read_at, read_after = position(read, moves)
        m.d.sync += self.o.valid.eq(some | (self.o.valid & ~self.o.ready))
        # as conditions: until a pipeline in front is filled, a simulator with undefined values does not know ``takes``
        with m.If(takes):
            m.d.sync += some.eq(1)
        with m.Elif(moves):
            m.d.sync += some.eq(read_after != write_at)
        with m.If(moves):
            m.d.sync += full.eq(0)
        with m.Elif(takes & (write_after == read_at)):
            m.d.sync += full.eq(1)
        return m


def some_after(count: Value, some: Value, *, more: Value, fewer: Value) -> Value:
    """Return whether ``count`` + ``more`` - ``fewer`` is not zero, where ``some`` says so of ``count``: the bits
    ``more`` and ``fewer``, which arrive late, pass no adder."""
    return Mux(more == fewer, some, more | (count != 1))


def count_credits(m: Module, total: int, *, reserve: Value, departs: Value) -> tuple[Signal, Value]:
    """Return whether one of ``total`` credits is available, and whether some are taken.

    ``reserve`` takes one, only while one is available; ``departs`` gives one back, to be taken two cycles later.
    """
    returned = Signal()  # registered, so that the consumer's `ready` ends here
    credits = Signal(range(total + 1), init=total)
    available = Signal(init=1)
    m.d.sync += [
        returned.eq(departs),
        credits.eq(credits + returned - reserve),
        available.eq(some_after(credits, available, more=returned, fewer=reserve)),
    ]
    return available, credits != total


class CreditQueue(wiring.Component):
    """A FIFO with credit-based flow control, after a pipeline that cannot stall. Latency ``LATENCY``, throughput 1.

    While ``credit`` is high, ``reserve`` takes one credit: a place in the FIFO, which the pipeline must fill some
    cycles later by ``valid``. Throughput is 1 if ``depth`` is at least ``LATENCY`` + 2 more than the cycles from
    ``reserve`` to ``valid``.

    Members
    -------
    credit : Out(1)
        A credit is available.
    reserve : In(1)
        Take a credit, only while ``credit`` is high.
    valid : In(1)
        ``payload`` leaves the pipeline.
    """

    LATENCY = 2

    def __init__(self, shape, *, depth: int):
        self._shape = shape
        self._depth = depth
        super().__init__(
            {
                "credit": Out(1),
                "reserve": In(1),
                "valid": In(1),
                "payload": In(shape),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = Queue(self._shape, depth=self._depth)
        available, _ = count_credits(m, self._depth, reserve=self.reserve, departs=self.o.valid & self.o.ready)
        m.d.comb += [
            self.credit.eq(available),
            queue.i.valid.eq(self.valid),
            queue.i.payload.eq(self.payload),
        ]
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        return m
