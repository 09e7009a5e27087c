"""Address generators for writing values that arrive tile by tile."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.array.results import EDGES
from tospike.hw.params import address_bits


class BandAddressGenerator(wiring.Component):
    """Write addresses of a matrix in bands of ``lanes`` rows: row r in lane r mod ``lanes``, one word per column of a
    band. This is the order in which an output-stationary array reads its activations. One address per cycle.

    Members
    -------
    start : In(1)
        The next value is the first, and goes to lane 0 of word ``base``.
    step : In(1)
        In the next cycle, a value is written to ``lane`` of word ``address``; ``edges`` are its boundaries.
    """

    def __init__(self, *, lanes: int, address_bits: int):
        self._lanes = lanes
        super().__init__(_members(lanes, address_bits))

    def elaborate(self, platform):
        m = Module()
        tile = Signal.like(self.address)
        writes, edges = Signal(), Signal(EDGES)
        m.d.sync += [writes.eq(self.step), edges.eq(self.edges)]
        with m.If(self.start):
            m.d.sync += [self.lane.eq(0), self.address.eq(self.base), tile.eq(self.base)]
        with m.Elif(writes):
            m.d.sync += self.address.eq(self.address + 1)
            with m.If(edges.row):
                m.d.sync += [self.lane.eq(self.lane + 1), self.address.eq(tile)]
            with m.If(edges.tile | edges.band | (edges.row & (self.lane == self._lanes - 1))):
                # the next tile begins where the last row of this one ends
                m.d.sync += [self.lane.eq(0), self.address.eq(self.address + 1), tile.eq(self.address + 1)]
        return m


class RowAddressGenerator(wiring.Component):
    """Write addresses of a matrix in rows of ``stride`` + 1 words: column n in lane n mod ``lanes`` of word
    n // ``lanes``. This is the order in which a weight-stationary array reads its activations; with one lane it is
    row-major. One address per cycle. Members as in :class:`BandAddressGenerator`, and ``stride``.
    """

    def __init__(self, *, lanes: int, address_bits: int, stride_bits: int):
        self._lanes = lanes
        super().__init__(_members(lanes, address_bits) | {"stride": In(stride_bits)})

    def elaborate(self, platform):
        m = Module()
        place = data.StructLayout({"lane": self.lane.shape(), "address": self.address.shape()})
        here, source = Signal(place), Signal(place)
        row, tile = Signal(place), Signal(place)  # first place of this row, last one of this tile's first row
        edges, in_first_row = self.edges, Signal()
        # what the value that is written now leads to, from registers: the adder behind it is long
        writes = Signal()
        below, to_tile, to_band = Signal(), Signal(), Signal()  # to the tile's next row, to the next tile, or band
        row_begins, first_row_ends = Signal(), Signal()
        m.d.sync += [
            writes.eq(self.step),
            below.eq(edges.row & ~edges.tile & ~edges.band),
            to_tile.eq(edges.tile & ~edges.band & ~in_first_row),
            to_band.eq(edges.band),
            row_begins.eq(edges.row | edges.tile | edges.band),
            first_row_ends.eq(edges.row & in_first_row),
        ]
        with m.If(self.start):
            m.d.sync += in_first_row.eq(1)
        with m.Elif(self.step & (edges.row | edges.tile)):
            m.d.sync += in_first_row.eq(edges.tile)

        m.d.comb += [here.lane.eq(self.lane), here.address.eq(self.address), source.eq(here)]
        with m.If(below):
            m.d.comb += source.eq(row)
        with m.Elif(to_tile):
            m.d.comb += source.eq(tile)
        wraps = source.lane == self._lanes - 1 if self._lanes > 1 else C(1, 1)
        carry = below | to_band | wraps
        address = source.address + Mux(below, self.stride, 0) + carry
        lane = Mux(below, source.lane, Mux(carry, 0, source.lane + 1))
        with m.If(self.start):
            m.d.sync += [self.lane.eq(0), self.address.eq(self.base), row.lane.eq(0), row.address.eq(self.base)]
        with m.Elif(writes):
            m.d.sync += [self.lane.eq(lane), self.address.eq(address)]
            with m.If(row_begins):
                m.d.sync += [row.lane.eq(lane), row.address.eq(address)]
            with m.If(first_row_ends):
                m.d.sync += tile.eq(here)
        return m


def _members(lanes: int, bits: int):
    return {
        "start": In(1),
        "base": In(bits),
        "step": In(1),
        "edges": In(EDGES),
        "lane": Out(address_bits(lanes)),
        "address": Out(bits),
    }
