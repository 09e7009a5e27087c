"""The operand sequencer: read addresses of activations and weights, and the flags of each array step."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import Dataflow, SystolicParams, address_bits
from tospike.hw.systolic.descriptor import descriptor_layout
from tospike.hw.systolic.layout import buffer_depth


class Feeder(wiring.Component):
    """Issue one array step per cycle; tiles follow one another without a gap.

    Output-stationary: tile by tile of the result, in rows of tiles; a step is one input. Weight-stationary: for each
    column of tiles, from the first inputs to the last; a step is one row. The weights of the next tile load during the
    first steps of a tile, those of the first tile before it.

    The step after which results are certain to leave the array (OS: the last of a tile, WS: the first of the last tile
    for the same results) waits for a free slot of the result buffer.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on.
    base : In
        Base address of the layer's input in the activation buffer.
    free : In(1)
        A slot of the result buffer is free.
    weight_valid : In(1)
        A word of weights is available.
    weight_take : Out(1)
        The step takes a word of weights.
    busy : Out(1)
        Steps or loads are being issued.
    commit : Out(1)
        The step takes the free slot.
    act_read, act_address, weight_read, weight_address : Out
        To the memories, ``LATENCY`` cycles after the step is issued.
    first, emit : Out(1)
        Flags of the step (``act_read``), for the array. OS: ``emit`` ends a tile. WS: every step emits.
    load : Out(rows)
        Weight-stationary only: which rows load weights with ``weight_read``.
    """

    LATENCY = 1
    """Addresses lag the steps by a cycle, because ``free`` and the logic that depends on it already fill one."""

    def __init__(self, params: SystolicParams):
        self._params = params
        act_bits = address_bits(2 * buffer_depth(params))
        members = {
            "layer": In(descriptor_layout(params)),
            "start": In(1),
            "base": In(act_bits),
            "free": In(1),
            "weight_valid": In(1),
            "weight_take": Out(1),
            "busy": Out(1),
            "commit": Out(1),
            "act_read": Out(1),
            "act_address": Out(act_bits),
            "weight_read": Out(1),
            "weight_address": Out(address_bits(params.weight_words)),
            "first": Out(1),
            "emit": Out(1),
        }
        if params.array.dataflow is Dataflow.WS:
            members["load"] = Out(params.array.rows)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        step = Signal.like(self.layer.spacing)
        with m.If(self.start):
            m.d.sync += step.eq(0)
        if self._params.array.dataflow is Dataflow.OS:
            self._output_stationary(m, step)
        else:
            self._weight_stationary(m, step)
        return m

    def _output_stationary(self, m, step):
        layer = self.layer
        busy = Signal()
        # remaining tiles below and to the right of this one
        row_tiles = Signal.like(layer.row_tiles)
        col_tiles = Signal.like(layer.col_tiles)
        go = Signal()
        # flags of the step and the tile are computed a cycle ahead, so that `go` depends on registers only
        valid, last, ends = Signal(), Signal(), Signal()  # has operands; the last that has; the last of the tile
        last_row, last_col = Signal(), Signal()
        one_input, one_step = Signal(), Signal()
        before_last, before_end = Signal.like(layer.inputs), Signal.like(layer.spacing)
        m.d.sync += [
            one_input.eq(layer.inputs == 0),
            one_step.eq(layer.spacing == 0),
            before_last.eq(layer.inputs - 1),
            before_end.eq(layer.spacing - 1),
        ]
        m.d.comb += [
            go.eq(busy & (~last | self.free) & (~valid | self.weight_valid)),
            self.busy.eq(busy),
            self.weight_take.eq(go & valid),
            self.commit.eq(go & last),
        ]
        with m.If(self.start):
            m.d.sync += [
                busy.eq(1),
                valid.eq(1),
                last.eq(layer.inputs == 0),
                ends.eq(layer.spacing == 0),
                row_tiles.eq(layer.row_tiles),
                last_row.eq(layer.row_tiles == 0),
                col_tiles.eq(layer.col_tiles),
                last_col.eq(layer.col_tiles == 0),
            ]
        with m.Elif(go):
            m.d.sync += [
                step.eq(step + 1),
                valid.eq(valid & ~last),
                last.eq(valid & ~last & (step == before_last)),
                ends.eq(step == before_end),
            ]
            with m.If(ends):
                m.d.sync += [step.eq(0), valid.eq(1), last.eq(one_input), ends.eq(one_step)]
                m.d.sync += [col_tiles.eq(col_tiles - 1), last_col.eq(col_tiles == 1)]
                with m.If(last_col):
                    m.d.sync += [col_tiles.eq(layer.col_tiles), last_col.eq(layer.col_tiles == 0)]
                    m.d.sync += [row_tiles.eq(row_tiles - 1), last_row.eq(row_tiles == 1)]
                    m.d.sync += busy.eq(~last_row)

        restart = Signal()
        ends_band = Signal()
        tile_address = Signal.like(self.act_address)
        m.d.sync += [
            restart.eq(self.start),
            self.act_read.eq(go & valid),
            self.first.eq(step == 0),
            self.emit.eq(go & last),
            ends_band.eq(last_col),
        ]
        m.d.comb += self.weight_read.eq(self.act_read)
        with m.If(restart):
            m.d.sync += [
                self.act_address.eq(self.base),
                tile_address.eq(self.base),
                self.weight_address.eq(layer.weight_base),
            ]
        with m.Elif(self.act_read):
            m.d.sync += [
                self.act_address.eq(self.act_address + 1),
                self.weight_address.eq(self.weight_address + 1),
            ]
            with m.If(self.emit & ends_band):
                # the next row of tiles: its activations are the next words, the weights restart
                m.d.sync += [tile_address.eq(self.act_address + 1), self.weight_address.eq(layer.weight_base)]
            with m.If(self.emit & ~ends_band):
                m.d.sync += self.act_address.eq(tile_address)

    def _weight_stationary(self, m, step):
        layer = self.layer
        rows = self._params.array.rows
        loading = Signal()  # the first tile's weights
        running = Signal()
        col_tile = Signal.like(layer.col_tiles)
        depth_tile = Signal.like(layer.depth_tiles)
        last_depth = Signal()
        last_tile = Signal()
        commits = Signal()
        go = Signal()
        valid = Signal()
        reads = Signal()  # this step takes weights
        m.d.comb += [
            last_depth.eq(depth_tile == layer.depth_tiles),
            last_tile.eq(last_depth & (col_tile == layer.col_tiles)),
            commits.eq(last_depth & (step == 0)),
            reads.eq((loading | ~last_tile) & (step < rows)),
            go.eq(running & (~commits | self.free) & (~reads | self.weight_valid)),
            valid.eq(go & (step <= layer.rows_last)),
            self.busy.eq(loading | running),
            self.commit.eq(go & commits),
            self.weight_take.eq(reads & (go | (loading & self.weight_valid))),
        ]
        with m.If(self.start):
            m.d.sync += [loading.eq(1), col_tile.eq(0), depth_tile.eq(0)]
        with m.Elif(loading & self.weight_valid):
            m.d.sync += step.eq(step + 1)
            with m.If(step == rows - 1):
                m.d.sync += [step.eq(0), loading.eq(0), running.eq(1)]
        with m.Elif(go):
            m.d.sync += step.eq(step + 1)
            with m.If(step == layer.spacing):
                m.d.sync += [step.eq(0), depth_tile.eq(Mux(last_depth, 0, depth_tile + 1))]
                with m.If(last_depth):
                    m.d.sync += col_tile.eq(col_tile + 1)
                m.d.sync += running.eq(~last_tile)

        restart = Signal()
        ends_tile, ends_column = Signal(), Signal()
        tile_address = Signal.like(self.act_address)
        m.d.sync += [
            restart.eq(self.start),
            self.act_read.eq(valid),
            self.first.eq(valid & (step == 0)),
            self.weight_read.eq(self.weight_take),
            self.load.eq(Mux(self.weight_take, Cat(step >= row for row in range(rows)), 0)),
            ends_tile.eq(go & (step == layer.spacing)),
            ends_column.eq(last_depth),
        ]
        m.d.comb += self.emit.eq(self.act_read)
        with m.If(self.weight_read):
            m.d.sync += self.weight_address.eq(self.weight_address + 1)
        with m.If(self.act_read):
            m.d.sync += self.act_address.eq(self.act_address + layer.depth_tiles + 1)
        with m.If(ends_tile):
            following = Mux(ends_column, self.base, tile_address + 1)
            m.d.sync += [tile_address.eq(following), self.act_address.eq(following)]
        with m.If(restart):
            m.d.sync += [
                self.act_address.eq(self.base),
                tile_address.eq(self.base),
                self.weight_address.eq(layer.weight_base),
            ]
