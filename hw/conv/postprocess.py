"""The post-processor: reads finished tiles from the tile buffer and requantises one result per cycle."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.column import ColumnRequantizer
from tospike.hw.array.table import looked_up, post_latency, table_ports
from tospike.hw.conv.descriptor import descriptor_layout
from tospike.hw.conv.layout import SLOTS, channel_memory
from tospike.hw.conv.loops import LoopNest
from tospike.hw.conv.write_addresses import PLACE_ENDS
from tospike.hw.delay import delayed
from tospike.hw.params import ConvParams, address_bits


def result_layout(params: ConvParams) -> data.StructLayout:
    """Return the layout of a result: its value, the boundaries that end with it, and ``last`` of the layer."""
    return data.StructLayout({"value": shape_of(params.array.acc), "edges": PLACE_ENDS, "last": 1})


class PostProcessor(wiring.Component):
    """Read tiles in the order in which the array completes them: position by position, each channel by channel.

    Throughput 1. Results beyond the edges of the image, and columns without a channel, are skipped. The pipeline cannot
    stall: a consumer that may stall grants a ``credit`` for each result.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on.
    written : In(1)
        A tile can be read from the next cycle on.
    freed : Out(1)
        A tile has been read.
    credit : In(1)
        A result may be read.
    read : Out(1)
        A result is being read.
    slot, row, columns : tile buffer
        ``columns`` come one cycle after their address.
    channel_address, channel : channel memory
        ``channel`` (bias and multiplier) comes one cycle after its address.
    valid : Out(1)
        ``result`` is valid in this cycle.
    result : Out(result_layout(params))
    table_address, table_data : memory of activations, if layers have functions
        ``table_data`` come one cycle after their address.
    """

    def __init__(self, params: ConvParams):
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
                "slot": Out(range(SLOTS)),
                "row": Out(address_bits(params.array.rows)),
                "columns": In(data.ArrayLayout(acc, params.array.cols)),
                "channel_address": Out(address_bits(channels.depth)),
                "channel": In(channels.width),
                "valid": Out(1),
                "result": Out(result_layout(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, layer = self._params, self.layer
        m.submodules.tiles = tiles = LoopNest([len(layer[name]) for name in ("tiles_x", "tiles_y", "passes")])
        in_last_column, in_last_row, in_last_pass = tiles.lasts
        waiting = Signal(range(SLOTS + 1))
        col = Signal(range(params.array.cols))
        across = Signal.like(layer.tile_width_last)
        down = Signal.like(layer.tile_height_last)
        row_start = Signal.like(self.row)
        first_channel = Signal.like(self.channel_address)
        ends = Signal(PLACE_ENDS)
        go, last = Signal(), Signal()
        m.d.comb += [
            go.eq((waiting != 0) & self.credit),
            ends.channel.eq(col == Mux(in_last_pass, layer.width_rest, layer.width_last)),
            ends.row.eq(ends.channel & (across == Mux(in_last_column, layer.tile_width_rest, layer.tile_width_last))),
            ends.tile.eq(ends.row & (down == Mux(in_last_row, layer.tile_height_rest, layer.tile_height_last))),
            ends.band.eq(ends.tile & tiles.ends[0]),
            ends["pass"].eq(ends.tile & tiles.ends[1]),
            last.eq(ends.tile & tiles.ends[2]),
            self.read.eq(go),
            self.freed.eq(go & ends.tile),
            tiles.last_0.eq(layer.tiles_x),
            tiles.last_1.eq(layer.tiles_y),
            tiles.last_2.eq(layer.passes),
            tiles.start.eq(self.start),
            tiles.step.eq(self.freed),
        ]
        m.d.sync += waiting.eq(waiting + self.written - self.freed)
        with m.If(self.start):
            m.d.sync += [self.channel_address.eq(layer.channel_base), first_channel.eq(layer.channel_base)]
        with m.Elif(go):
            m.d.sync += [col.eq(col + 1), self.channel_address.eq(self.channel_address + 1)]
            with m.If(ends.channel):
                m.d.sync += [col.eq(0), across.eq(across + 1), self.row.eq(self.row + 1)]
                m.d.sync += self.channel_address.eq(first_channel)
            with m.If(ends.row):
                below = row_start + layer.tile_width_last + 1
                m.d.sync += [across.eq(0), down.eq(down + 1), self.row.eq(below), row_start.eq(below)]
            with m.If(ends.tile):
                m.d.sync += [down.eq(0), self.row.eq(0), row_start.eq(0), self.slot.eq(self.slot + 1)]
            with m.If(ends["pass"]):
                m.d.sync += [
                    self.channel_address.eq(self.channel_address + 1),
                    first_channel.eq(self.channel_address + 1),
                ]

        m.submodules.requantizer = requantizer = ColumnRequantizer(params.requantize, params.array)
        m.d.comb += [
            requantizer.column.eq(col),
            requantizer.results.eq(self.columns),
            requantizer.channel.eq(self.channel),
            requantizer.shift.eq(layer.shift),
            requantizer.low.eq(layer.low),
            requantizer.high.eq(layer.high),
            self.valid.eq(delayed(m, go, self.latency, name="go")),
            self.result.value.eq(looked_up(m, self, params, requantizer.o)),
            Value.cast(self.result.edges).eq(delayed(m, Value.cast(ends), self.latency, name="ends")),
            self.result.last.eq(delayed(m, last, self.latency, name="last")),
        ]
        return m
