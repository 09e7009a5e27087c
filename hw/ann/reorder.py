"""Puts the results of the last layer into the order of their addresses."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.ann.descriptor import descriptor_layout
from tospike.hw.ann.placer import RowPlacer
from tospike.hw.ann.postprocess import result_layout
from tospike.hw.params import SystolicParams


class Reorder(wiring.Component):
    """Stores a whole result, row-major, then sends it: the first value two cycles after the last came in.

    Only for shapes whose tiles complete in another order; ``hw.ann.layout.needs_reorder`` tells.

    Members
    -------
    start : In(1)
        A layer begins; ``layer`` is constant from here on.
    i, o : stream of result_layout(params)
        ``edges`` have no meaning in ``o``.
    """

    def __init__(self, params: SystolicParams):
        self._params = params
        results = stream.Signature(result_layout(params))
        super().__init__({"layer": In(descriptor_layout(params)), "start": In(1), "i": In(results), "o": Out(results)})

    def elaborate(self, platform):
        m = Module()
        params = self._params
        depth = params.output.addresses
        memory = Memory(shape=unsigned(params.array.acc_bits), depth=depth, init=[])
        m.submodules.memory = memory
        write = memory.write_port()
        read = memory.read_port()
        width = len(write.addr)
        m.submodules.placer = placer = RowPlacer(lanes=1, address_bits=width, stride_bits=len(self.layer.outputs))

        draining = Signal()
        last_address = Signal(width)
        address = Signal(width)
        reading = Signal()
        taken = Signal()
        m.d.comb += [
            self.i.ready.eq(~draining),
            taken.eq(self.i.valid & ~draining),
            placer.start.eq(self.start),
            placer.stride.eq(self.layer.outputs),
            placer.step.eq(taken),
            placer.edges.eq(self.i.payload.edges),
            write.en.eq(taken),
            write.addr.eq(placer.address),
            write.data.eq(self.i.payload.value),
            reading.eq(draining & (~self.o.valid | (self.o.ready & ~self.o.payload.last))),
            read.en.eq(reading),
            read.addr.eq(address),
            self.o.payload.value.eq(read.data.as_signed()),
        ]
        with m.If(taken & self.i.payload.last):
            m.d.sync += [draining.eq(1), last_address.eq(placer.address), address.eq(0)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(reading):
            m.d.sync += [
                address.eq(address + 1),
                self.o.valid.eq(1),
                self.o.payload.last.eq(address == last_address),
            ]
        with m.If(self.o.valid & self.o.ready & self.o.payload.last):
            m.d.sync += draining.eq(0)
        return m
