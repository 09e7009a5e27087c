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
        The value for ``lane`` and ``address`` is written; ``edges`` are its boundaries.
    """

    def __init__(self, *, lanes: int, address_bits: int):
        super().__init__(_members(lanes, address_bits))

    def elaborate(self, platform):
        m = Module()
        tile = Signal.like(self.address)
        with m.If(self.start):
            m.d.sync += [self.lane.eq(0), self.address.eq(self.base), tile.eq(self.base)]
        with m.Elif(self.step):
            m.d.sync += self.address.eq(self.address + 1)
            with m.If(self.edges.row):
                m.d.sync += [self.lane.eq(self.lane + 1), self.address.eq(tile)]
            with m.If(self.edges.tile | self.edges.band):
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
        here, after = Signal(place), Signal(place)
        row, tile = Signal(place), Signal(place)  # first place of this row, and of the next tile
        in_first_row = Signal()
        wraps = self.lane == self._lanes - 1
        m.d.comb += [
            here.lane.eq(self.lane),
            here.address.eq(self.address),
            after.lane.eq(Mux(wraps, 0, self.lane + 1)),
            after.address.eq(self.address + wraps),
        ]

        def go(place):
            return [self.lane.eq(place.lane), self.address.eq(place.address)]

        with m.If(self.start):
            m.d.sync += [self.lane.eq(0), self.address.eq(self.base), row.lane.eq(0), row.address.eq(self.base)]
            m.d.sync += in_first_row.eq(1)
        with m.Elif(self.step):
            m.d.sync += go(after)
            with m.If(self.edges.row):
                below = row.address + self.stride + 1
                m.d.sync += [self.lane.eq(row.lane), self.address.eq(below), row.address.eq(below)]
                m.d.sync += in_first_row.eq(0)
                with m.If(in_first_row):
                    m.d.sync += tile.eq(after)
            with m.If(self.edges.tile):
                m.d.sync += [row.eq(Mux(in_first_row, after, tile)), in_first_row.eq(1)]
                m.d.sync += go(data.View(place, Mux(in_first_row, after, tile)))
            with m.If(self.edges.band):
                following = self.address + 1
                m.d.sync += [self.lane.eq(0), self.address.eq(following), row.lane.eq(0), row.address.eq(following)]
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
