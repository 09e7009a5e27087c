"""Takes finished tiles out of the result buffer, one result per cycle, through the requantiser."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.column import ColumnRequantizer
from tospike.hw.array.results import result_layout
from tospike.hw.delay import delayed
from tospike.hw.params import SystolicParams, address_bits
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.layout import channel_memory, result_depth
from tospike.hw.systolic.result_addresses import ResultAddressGenerator


class PostProcessor(wiring.Component):
    """Reads tiles in the order in which the array completes them (`ResultAddressGenerator`), one result per cycle.

    It starts when the first result of a tile is written, and never overtakes the array: that writes column c of
    row r no later than r + c cycles after the first result, and here r * cols + c results come before it.

    What has been read cannot be held: nothing of the pipeline has a clock enable, whose net would be the longest of
    the engine. A consumer that might not be ready must have ``room`` for all that is on the way.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on.
    written : In(1)
        The array begins to write a slot.
    freed : Out(1)
        A slot has been read.
    room : In(1)
        A result may be read.
    read : Out(1)
        A result is being read.
    slot, row, column_results : result buffer
        ``column_results`` come one cycle after their row's address.
    channel_address, channel : channel memory
        ``channel`` (bias and multiplier) comes one cycle after its address.
    valid : Out(1)
        ``result`` is one, now only.
    result : Out(result_layout(params))
    """

    LATENCY = ColumnRequantizer.LATENCY
    """Cycles from reading a result to its end."""

    def __init__(self, params: SystolicParams):
        self._params = params
        acc = shape_of(params.array.acc)
        channels = channel_memory(params)
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "written": In(1),
                "freed": Out(1),
                "room": In(1),
                "read": Out(1),
                "slot": Out(1),
                "row": Out(address_bits(result_depth(params))),
                "column_results": In(data.ArrayLayout(acc, params.array.cols)),
                "channel_address": Out(address_bits(channels.depth)),
                "channel": In(channels.width),
                "valid": Out(1),
                "result": Out(result_layout(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, layer = self._params, self.layer
        m.submodules.walker = walker = ResultAddressGenerator(params)
        m.d.comb += [
            walker.layer.eq(layer),
            walker.start.eq(self.start),
            walker.written.eq(self.written),
            walker.room.eq(self.room),
            self.freed.eq(walker.freed),
            self.read.eq(walker.go),
            self.slot.eq(walker.slot),
            self.row.eq(walker.row),
            self.channel_address.eq(walker.channel),
        ]

        m.submodules.requantizer = requantizer = ColumnRequantizer(params.requantize, params.array)
        m.d.comb += [
            requantizer.column.eq(walker.col),
            requantizer.results.eq(self.column_results),
            requantizer.channel.eq(self.channel),
            requantizer.shift.eq(layer.shift),
            requantizer.low.eq(layer.low),
            requantizer.high.eq(layer.high),
            self.valid.eq(delayed(m, walker.go, self.LATENCY, name="go")),
            self.result.value.eq(requantizer.o),
            Value.cast(self.result.edges).eq(delayed(m, Value.cast(walker.edges), self.LATENCY, name="ends")),
            self.result.last.eq(delayed(m, walker.last, self.LATENCY, name="last")),
        ]
        return m
