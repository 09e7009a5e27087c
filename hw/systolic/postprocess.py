"""The post-processor: reads finished tiles from the result buffer and requantises one result per cycle."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.column import ColumnRequantizer
from tospike.hw.array.results import result_layout
from tospike.hw.array.table import looked_up, post_latency, table_ports
from tospike.hw.delay import delayed
from tospike.hw.params import SystolicParams, address_bits
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.layout import channel_memory, result_depth
from tospike.hw.systolic.result_addresses import ResultAddressGenerator


class PostProcessor(wiring.Component):
    """Read tiles in the order in which the array completes them (`ResultAddressGenerator`). Throughput 1.

    It starts when the first result of a tile is written, and never overtakes the array: the array writes column c of
    row r at most r + c cycles after the first result, and r * cols + c results are read before it.

    The pipeline cannot stall: it has no clock enable, whose net would be the longest of the engine. A consumer that may
    stall grants a ``credit`` for each result.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on.
    written : In(1)
        The array begins to write a slot.
    freed : Out(1)
        A slot has been read.
    credit : In(1)
        A result may be read.
    read : Out(1)
        A result is being read.
    slot, row, column_results : result buffer
        ``column_results`` come one cycle after their row's address.
    channel_address, channel : channel memory
        ``channel`` (bias and multiplier) comes one cycle after its address.
    valid : Out(1)
        ``result`` is valid in this cycle.
    result : Out(result_layout(params))
    table_address, table_data : memory of activations, if layers have functions
        ``table_data`` come one cycle after their address.
    """

    def __init__(self, params: SystolicParams):
        self._params = params
        acc = shape_of(params.array.acc)
        channels = channel_memory(params)
        self.latency = post_latency(params)
        super().__init__(
            {
                **table_ports(params),
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "written": In(1),
                "freed": Out(1),
                "credit": In(1),
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
        m.submodules.addresses = addresses = ResultAddressGenerator(params)
        m.d.comb += [
            addresses.layer.eq(layer),
            addresses.start.eq(self.start),
            addresses.written.eq(self.written),
            addresses.credit.eq(self.credit),
            self.freed.eq(addresses.freed),
            self.read.eq(addresses.go),
            self.slot.eq(addresses.slot),
            self.row.eq(addresses.row),
            self.channel_address.eq(addresses.channel),
        ]

        m.submodules.requantizer = requantizer = ColumnRequantizer(params.requantize, params.array)
        m.d.comb += [
            requantizer.column.eq(addresses.col),
            requantizer.results.eq(self.column_results),
            requantizer.channel.eq(self.channel),
            requantizer.shift.eq(layer.shift),
            requantizer.low.eq(layer.low),
            requantizer.high.eq(layer.high),
            self.valid.eq(delayed(m, addresses.go, self.latency, name="go")),
            self.result.value.eq(looked_up(m, self, params, requantizer.o)),
            Value.cast(self.result.edges).eq(delayed(m, Value.cast(addresses.edges), self.latency, name="ends")),
            self.result.last.eq(delayed(m, addresses.last, self.latency, name="last")),
        ]
        return m
