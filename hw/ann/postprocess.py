"""Takes finished tiles out of the result buffer, one result per cycle, through the requantiser."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann.delay import delayed
from tospike.hw.ann.descriptor import descriptor_layout
from tospike.hw.ann.layout import memories, result_depth
from tospike.hw.ann.placer import EDGES
from tospike.hw.ann.requantize import Requantizer
from tospike.hw.arithmetic import shape_of
from tospike.hw.params import Dataflow, SystolicParams, address_bits


def result_layout(params: SystolicParams) -> data.StructLayout:
    """A result, what ends with it within its tile, and ``last`` of the layer."""
    return data.StructLayout({"value": shape_of(params.array.acc), "edges": EDGES, "last": 1})


class PostProcessor(wiring.Component):
    """Reads tiles in the order in which the array completes them, each row by row; results beyond the edges are
    left out.

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

    LATENCY = 3 + Requantizer.LATENCY
    """Cycles from reading a result to its end: buffer, selection of the column, requantiser."""

    def __init__(self, params: SystolicParams):
        self._params = params
        acc = shape_of(params.array.acc)
        channels = memories(params)[1]
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
        rows = params.array.rows if params.array.dataflow is Dataflow.OS else None

        waiting = Signal(2)  # slots that are being or have been written
        col = Signal(range(params.array.cols))
        # tiles to come after this one, below and to the right; that there are none, in a register of its own
        row_tiles = Signal.like(layer.row_tiles)
        col_tiles = Signal.like(layer.col_tiles)
        last_row_tile = Signal()
        last_col_tile = Signal()
        tile_channel = Signal.like(self.channel_address)
        go = Signal()
        last_row = layer.rows_last if rows is None else Mux(last_row_tile, layer.rows_last, rows - 1)
        ends = Signal(EDGES)
        last = Signal()
        m.d.comb += [
            go.eq(self.room & (waiting != 0)),
            ends.row.eq(col == Mux(last_col_tile, layer.cols_last, params.array.cols - 1)),
            ends.tile.eq(ends.row & (self.row == last_row)),
            ends.band.eq(ends.tile & last_col_tile),
            last.eq(ends.band & last_row_tile),
            self.read.eq(go),
            self.freed.eq(go & ends.tile),
        ]
        m.d.sync += waiting.eq(waiting + self.written - self.freed)
        with m.If(self.start):
            m.d.sync += [
                self.channel_address.eq(layer.channel_base),
                tile_channel.eq(layer.channel_base),
                row_tiles.eq(layer.row_tiles),
                last_row_tile.eq(layer.row_tiles == 0),
                col_tiles.eq(layer.col_tiles),
                last_col_tile.eq(layer.col_tiles == 0),
            ]
        with m.Elif(go):
            m.d.sync += [col.eq(col + 1), self.channel_address.eq(self.channel_address + 1)]
            with m.If(ends.row):
                m.d.sync += [col.eq(0), self.row.eq(self.row + 1), self.channel_address.eq(tile_channel)]
            with m.If(ends.tile):
                following = Mux(last_col_tile, layer.channel_base, self.channel_address + 1)
                m.d.sync += [self.row.eq(0), self.slot.eq(~self.slot)]
                m.d.sync += [col_tiles.eq(col_tiles - 1), last_col_tile.eq(col_tiles == 1)]
                m.d.sync += [self.channel_address.eq(following), tile_channel.eq(following)]
            with m.If(ends.band):
                m.d.sync += [col_tiles.eq(layer.col_tiles), last_col_tile.eq(layer.col_tiles == 0)]
                m.d.sync += [row_tiles.eq(row_tiles - 1), last_row_tile.eq(row_tiles == 1)]

        m.submodules.requantizer = requantizer = Requantizer(
            params.requantize, params.array.acc, technology=params.array.technology
        )
        acc = shape_of(params.array.acc)
        columns = Signal.like(self.column_results, reset_less=True)
        selected = Signal(acc, reset_less=True)
        here = delayed(m, col, 2, name="col")
        channel = delayed(m, self.channel, 2, name="channel", reset_less=True)
        m.d.sync += [columns.eq(self.column_results), selected.eq(columns[here])]
        m.d.comb += [
            requantizer.i.acc.eq(selected),
            requantizer.i.bias.eq(channel[: acc.width]),
            requantizer.i.multiplier.eq(channel[acc.width :]),
            requantizer.shift.eq(layer.shift),
            requantizer.low.eq(layer.low),
            requantizer.high.eq(layer.high),
            self.valid.eq(delayed(m, go, self.LATENCY, name="go")),
            self.result.value.eq(requantizer.o),
            Value.cast(self.result.edges).eq(delayed(m, Value.cast(ends), self.LATENCY, name="ends")),
            self.result.last.eq(delayed(m, last, self.LATENCY, name="last")),
        ]
        return m
