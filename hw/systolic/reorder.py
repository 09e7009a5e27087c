"""The reorder buffer: puts the results of the last layer into the order of their addresses."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.array.results import result_layout
from tospike.hw.delay import delayed
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import SystolicParams
from tospike.hw.streams import CreditQueue
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.write_addresses import RowAddressGenerator

_READ = 2
"""Cycles from an address to its word: memory, output register."""


class Reorder(wiring.Component):
    """Store a whole frame of results, row-major, then send it at one value per cycle.

    The first value leaves ``LATENCY`` cycles after the last one arrives. It is needed only where tiles complete in
    another order, see ``hw.systolic.layout.needs_reorder``.

    Members
    -------
    start : In(1)
        A layer begins; ``layer`` is constant from here on.
    i, o : stream of result_layout(params)
        ``edges`` are undefined in ``o``.
    busy : Out(1)
        A frame is being sent.
    """

    LATENCY = 2 + _READ + CreditQueue.LATENCY
    """Store the last value, detect that the frame is complete, read, queue."""

    def __init__(self, params: SystolicParams):
        self._params = params
        results = stream.Signature(result_layout(params))
        layer = descriptor_layout(params)
        super().__init__({"layer": In(layer), "start": In(1), "i": In(results), "o": Out(results), "busy": Out(1)})

    def elaborate(self, platform):
        m = Module()
        params = self._params
        depth = params.output.addresses
        memory = Memory(shape=unsigned(params.array.acc_bits), depth=depth, init=[], attrs=NO_COLLISIONS)
        m.submodules.memory = memory
        write = memory.write_port()
        read = memory.read_port()
        width = len(write.addr)
        m.submodules.write_addresses = places = RowAddressGenerator(
            lanes=1, address_bits=width, stride_bits=len(self.layer.outputs)
        )

        m.submodules.queue = queue = CreditQueue(result_layout(params), depth=_READ + CreditQueue.LATENCY + 2)
        unread = Signal()  # part of the frame has not been read
        reading = Signal()
        last_address = Signal(width)
        address = Signal(width)
        taken = Signal()
        storing, stored = Signal(), Signal.like(self.i.payload)  # the write address is known a cycle later
        m.d.sync += [storing.eq(taken), stored.eq(self.i.payload)]
        m.d.comb += [
            self.i.ready.eq(~self.busy),
            taken.eq(self.i.valid & ~self.busy),
            places.start.eq(self.start),
            places.stride.eq(self.layer.outputs),
            places.step.eq(taken),
            places.edges.eq(self.i.payload.edges),
            write.en.eq(storing),
            write.addr.eq(places.address),
            write.data.eq(stored.value),
            reading.eq(unread & queue.credit),
            read.en.eq(1),
            read.addr.eq(address),
            queue.reserve.eq(reading),
            queue.valid.eq(delayed(m, reading, _READ, name="reading")),
            queue.payload.value.eq(delayed(m, read.data, 1, name="value", reset_less=True).as_signed()),
            queue.payload.last.eq(delayed(m, address == last_address, _READ, name="last")),
        ]
        connect(m, queue.o, flipped(self.o))
        with m.If(reading):
            m.d.sync += [address.eq(address + 1), unread.eq(address != last_address)]
        with m.If(self.o.valid & self.o.ready & self.o.payload.last):
            m.d.sync += self.busy.eq(0)
        with m.If(taken & self.i.payload.last):
            m.d.sync += self.busy.eq(1)
        with m.If(storing & stored.last):
            m.d.sync += [unread.eq(1), last_address.eq(places.address), address.eq(0)]
        return m
