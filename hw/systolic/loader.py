"""The frame loader: from tokens to the activation buffer."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import Dataflow, SystolicParams, address_bits
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.layout import buffer_depth
from tospike.hw.systolic.write_addresses import BandAddressGenerator, RowAddressGenerator
from tospike.hw.tokens import Densifier, token_stream


def activation_addresses(params: SystolicParams) -> BandAddressGenerator | RowAddressGenerator:
    """Return the generator of write addresses in the order in which the array reads activations."""
    lanes = params.array.rows
    bits = address_bits(2 * buffer_depth(params))
    if params.array.dataflow is Dataflow.OS:
        return BandAddressGenerator(lanes=lanes, address_bits=bits)
    stride = descriptor_layout(params)
    return RowAddressGenerator(
        lanes=lanes,
        address_bits=bits,
        stride_bits=max(stride["depth_tiles"].width, stride["stored_words"].width),
    )


class FrameLoader(wiring.Component):
    """Store the values of a frame as they arrive, one per cycle, zeros where none was sent. A buffer for two is
    in front.

    Members
    -------
    layer : In(descriptor_layout(params))
        The first layer's descriptor.
    base : In
        Base address of the next frame, sampled in the cycle after ``start``. The first frame goes to word 0.
    start : In(1)
        The complete frame is no longer needed: take the next one.
    full : Out(1)
        The frame is complete: high from the cycle after its last value until ``start``, which comes a cycle later at
        the earliest. No token is taken meanwhile.
    partial : Out(1)
        Part of a frame is stored.
    write, lane, address, value : Out
        To the activation buffer.
    """

    def __init__(self, params: SystolicParams):
        self._params = params
        address = address_bits(2 * buffer_depth(params))
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "layer": In(descriptor_layout(params)),
                "base": In(address),
                "start": In(1),
                "full": Out(1),
                "partial": Out(1),
                "write": Out(1),
                "lane": Out(address_bits(params.array.rows)),
                "address": Out(address),
                "value": Out(shape_of(params.array.act)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        m.submodules.densifier = densifier = Densifier(params.input, variable=params.writable, buffered=True)
        m.submodules.write_addresses = places = activation_addresses(params)
        connect(m, flipped(self.i), densifier.i)
        if params.writable:
            m.d.comb += densifier.last_address.eq(self.layer.frame)
        column = Signal.like(self.layer.inputs)
        row_ends = column == self.layer.inputs
        taken = Signal()
        # the write address is known a cycle later
        started = Signal()  # registered, because `start` comes from afar; the first write comes a cycle later
        m.d.sync += [
            started.eq(self.start),
            self.write.eq(taken),
            self.value.eq(densifier.o.payload.value),
        ]
        if params.array.dataflow is Dataflow.WS:
            m.d.comb += places.stride.eq(self.layer.depth_tiles)
        m.d.comb += [
            densifier.o.ready.eq(~self.full),
            taken.eq(densifier.o.valid & densifier.o.ready),
            self.lane.eq(places.lane),
            self.address.eq(places.address),
            places.start.eq(started),
            places.base.eq(self.base),
            places.step.eq(taken),
            places.edges.row.eq(row_ends),  # a frame is one tile wide
        ]
        m.d.sync += [
            self.full.eq((self.full & ~self.start) | (taken & densifier.o.payload.last)),
            self.partial.eq((self.partial & ~self.start) | taken),
        ]
        with m.If(self.full):
            m.d.sync += column.eq(0)
        with m.Elif(taken):
            m.d.sync += column.eq(Mux(row_ends, 0, column + 1))
        return m
