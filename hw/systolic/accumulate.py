"""Accumulation of partial sums over the depth tiles of a weight-stationary array."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import IntFormat, address_bits


class ColumnAccumulator(wiring.Component):
    """Sum up ``tiles`` tiles of ``rows`` rows each, and emit the sums with the rows of the last tile.

    Latency ``LATENCY``, throughput one row per cycle. Column c lags column 0 by c cycles, at the input and at the
    output. The same row may return after ``hw.systolic.layout.ACCUMULATE_SPACING`` cycles: read, output register, add,
    write.

    Members
    -------
    last_row, last_tile : In
        Counts minus one, constant while a layer runs.
    i, o : ArrayLayout(signed(acc_bits), cols)
        Partial sums and sums.
    valid_i, valid_o : 1
        A row begins: column 0 is valid now, the others follow.
    """

    LATENCY = 3

    def __init__(self, fmt: IntFormat, *, cols: int, rows: int, tiles: int):
        self._format = fmt
        self._cols = cols
        self._rows = rows
        layout = data.ArrayLayout(shape_of(fmt), cols)
        super().__init__(
            {
                "last_row": In(address_bits(rows)),
                "last_tile": In(address_bits(tiles)),
                "i": In(layout),
                "valid_i": In(1),
                "o": Out(layout),
                "valid_o": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        row = Signal.like(self.last_row)
        tile = Signal.like(self.last_tile)
        with m.If(self.valid_i):
            m.d.sync += row.eq(Mux(row == self.last_row, 0, row + 1))
            with m.If(row == self.last_row):
                m.d.sync += tile.eq(Mux(tile == self.last_tile, 0, tile + 1))

        sums = self.valid_i & (tile == self.last_tile)
        m.d.comb += self.valid_o.eq(delayed(m, sums, self.LATENCY, name="sums"))

        here = data.StructLayout({"valid": 1, "first": 1, "row": len(row)})
        place = Signal(here)
        m.d.comb += [place.valid.eq(self.valid_i), place.first.eq(tile == 0), place.row.eq(row)]
        place = Value.cast(place)
        for col in range(self._cols):
            memory = Memory(shape=unsigned(self._format.bits), depth=self._rows, init=[], attrs=NO_COLLISIONS)
            m.submodules[f"column_{col}"] = memory
            write = memory.write_port()
            read = memory.read_port()
            reading = data.View(here, place)
            place = delayed(m, place, 1, name=f"next_{col}")  # also for the next column
            adding_place = delayed(m, place, 1, name=f"adding_{col}")
            adding = data.View(here, adding_place)
            writing = data.View(here, delayed(m, adding_place, 1, name=f"writing_{col}"))
            before = delayed(m, read.data, 1, name=f"before_{col}", reset_less=True)
            term = delayed(m, self.i[col], 2, name=f"term_{col}", reset_less=True)
            total = Signal.like(Value.cast(self.i[col]), name=f"total_{col}", reset_less=True)
            m.d.sync += total.eq(Mux(adding.first, 0, before) + term)
            m.d.comb += [
                read.addr.eq(reading.row),
                read.en.eq(1),
                write.addr.eq(writing.row),
                write.data.eq(total),
                write.en.eq(writing.valid),
                self.o[col].eq(total),
            ]
        return m
