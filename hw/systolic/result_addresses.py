"""The address generator of results, in the order in which they leave the array."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.array.results import EDGES
from tospike.hw.params import SystolicParams, address_bits
from tospike.hw.streams import some_after
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.layout import channel_memory, result_depth


class ResultAddressGenerator(wiring.Component):
    """Address results tile by tile, each row by row, one per cycle; those beyond the edges of the matrix are skipped.

    The boundaries that the next result marks are computed a cycle ahead, so that ``go`` and the logic that it drives
    depend on registers only.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on; the first slot is written two cycles later at the earliest.
    written : In(1)
        The array begins to write a slot.
    freed : Out(1)
        The slot's last result is read.
    credit : In(1)
        A result may be read.
    go : Out(1)
        A result is read: column ``col`` of row ``row`` of slot ``slot``.
    channel : Out
        Its address in the channel memory.
    edges : Out(EDGES)
        The boundaries that end with it.
    last : Out(1)
        It is the layer's last.
    """

    def __init__(self, params: SystolicParams):
        self._params = params
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "written": In(1),
                "freed": Out(1),
                "credit": In(1),
                "go": Out(1),
                "slot": Out(1),
                "row": Out(address_bits(result_depth(params))),
                "col": Out(range(params.array.cols)),
                "channel": Out(address_bits(channel_memory(params).depth)),
                "edges": Out(EDGES),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer, array = self.layer, self._params.array
        waiting = Signal(2)  # slots being written, or written and not yet read
        some_waiting = Signal()
        row_ends, tile_ends = Signal(), Signal()  # this column is the last of its row, this row of its tile
        ends_tile = row_ends & tile_ends
        begin = Signal()
        ends = self.edges
        tile_channel = Signal.like(self.channel)

        m.submodules.across = across = _Countdown(layer.col_tiles.shape())
        m.submodules.down = down = _Countdown(layer.row_tiles.shape())
        m.d.comb += [
            self.go.eq(self.credit & some_waiting),
            self.freed.eq(self.go & ends_tile),
            ends.row.eq(row_ends),
            ends.tile.eq(ends_tile),
            ends.band.eq(ends_tile & across.last),
            self.last.eq(ends.band & down.last),
            across.count.eq(layer.col_tiles),
            across.restart.eq(begin),
            across.step.eq(self.freed),
            down.count.eq(layer.row_tiles),
            down.restart.eq(begin),
            down.step.eq(self.freed & across.last),
        ]
        m.d.sync += [
            begin.eq(self.start),
            waiting.eq(waiting + self.written - self.freed),
            some_waiting.eq(some_after(waiting, some_waiting, more=self.written, fewer=self.freed)),
        ]

        # of a tile at the right (lower) edge: whether it has one column (row), and the index of the last but one
        narrow, before_last_col = Signal(), Signal.like(self.col)
        flat, before_last_row = Signal(), Signal.like(self.row)
        m.d.sync += [
            narrow.eq(layer.cols_last == 0),
            before_last_col.eq(layer.cols_last - 1),
            flat.eq(layer.rows_last == 0),
            before_last_row.eq(layer.rows_last - 1),
        ]

        def one_col(at_edge):
            return Mux(at_edge, narrow, int(array.cols == 1))

        def one_row(at_edge):
            return Mux(at_edge, flat, int(array.rows == 1))

        col_after = self.col == Mux(across.last, before_last_col, max(array.cols - 2, 0))
        row_after = self.row == Mux(down.last, before_last_row, max(array.rows - 2, 0))
        with m.If(begin):
            m.d.sync += [
                row_ends.eq(one_col(across.last_at_restart)),
                tile_ends.eq(one_row(down.last_at_restart)),
                self.channel.eq(layer.channel_base),
                tile_channel.eq(layer.channel_base),
            ]
        with m.Elif(self.go):
            m.d.sync += [
                self.col.eq(self.col + 1),
                self.channel.eq(self.channel + 1),
                row_ends.eq(col_after),
            ]
            with m.If(row_ends):
                m.d.sync += [
                    self.col.eq(0),
                    self.row.eq(self.row + 1),
                    self.channel.eq(tile_channel),
                    row_ends.eq(one_col(across.last)),
                    tile_ends.eq(row_after),
                ]
                with m.If(ends_tile):
                    following = Mux(across.last, layer.channel_base, self.channel + 1)
                    m.d.sync += [
                        self.row.eq(0),
                        self.slot.eq(~self.slot),
                        self.channel.eq(following),
                        tile_channel.eq(following),
                        row_ends.eq(one_col(across.last_after)),
                        tile_ends.eq(one_row(Mux(across.last, down.last_after, down.last))),
                    ]
        return m


class _Countdown(wiring.Component):
    """A modulo counter of ``count`` + 1 steps whose outputs are registered.

    Members
    -------
    count : In
        Constant from the cycle before ``restart`` on.
    restart : In(1)
        The next step is the first.
    step : In(1)
        Advance.
    last : Out(1)
        The current step is the last.
    last_at_restart, last_after : Out(1)
        Value of ``last`` after ``restart``, and after ``step``.
    """

    def __init__(self, shape):
        super().__init__(
            {
                "count": In(shape),
                "restart": In(1),
                "step": In(1),
                "last": Out(1),
                "last_at_restart": Out(1),
                "last_after": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        remaining = Signal.like(self.count)  # steps after the current one
        one_remains = Signal()
        none, one = Signal(), Signal()
        m.d.sync += [none.eq(self.count == 0), one.eq(self.count == 1)]
        m.d.comb += [self.last_at_restart.eq(none), self.last_after.eq(Mux(self.last, none, one_remains))]
        begins = self.restart | self.last
        with m.If(self.restart | self.step):  # `step` is late, so it enables and does not select
            m.d.sync += [
                remaining.eq(Mux(begins, self.count, remaining - 1)),
                self.last.eq(Mux(begins, none, one_remains)),
                one_remains.eq(Mux(begins, one, remaining == 2)),
            ]
        return m
