"""The tile buffer between the array and the post-processor."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, address_bits


class TileBuffer(wiring.Component):
    """A ring buffer of ``slots`` tiles of results, one row per cycle.

    It takes results as they leave the array: each column lags the one before by a cycle, except columns that share
    multipliers.

    Members
    -------
    i : In(ArrayLayout(signed(acc_bits), cols))
        Results of the array.
    valid : In(1)
        A row begins: column 0 is valid now, the others follow. Every tile has all rows of the array.
    written : Out(1)
        The last row of a tile begins: from the next cycle on the tile can be read row by row, column by column.
    finished : Out(1)
        The last column of the last row of a tile is stored.
    slot, row : In
        Read address.
    columns : Out(ArrayLayout(signed(acc_bits), cols))
        The results of that row, a cycle later.
    """

    def __init__(self, params: ArrayParams, *, slots: int):
        self._params = params
        self._slots = slots
        layout = data.ArrayLayout(shape_of(params.acc), params.cols)
        super().__init__(
            {
                "i": In(layout),
                "valid": In(1),
                "written": Out(1),
                "finished": Out(1),
                "slot": In(range(slots)),
                "row": In(address_bits(params.rows)),
                "columns": Out(layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rows = self._params.rows
        row = Signal.like(self.row)
        slot = Signal.like(self.slot)
        last = Signal()
        m.d.comb += [last.eq(row == rows - 1), self.written.eq(self.valid & last)]
        with m.If(self.valid):
            m.d.sync += row.eq(Mux(last, 0, row + 1))
            m.d.sync += slot.eq(slot + last)  # the number of slots is a power of two

        here = data.StructLayout({"valid": 1, "last": 1, "address": len(row) + len(slot)})
        place = Signal(here)
        m.d.comb += [place.valid.eq(self.valid), place.last.eq(last), place.address.eq(Cat(row, slot))]
        place = Value.cast(place)
        for col in range(self._params.cols):
            depth = self._slots << len(row)
            memory = Memory(shape=unsigned(self._params.acc_bits), depth=depth, init=[])
            m.submodules[f"column_{col}"] = memory
            write, read = memory.write_port(), memory.read_port()
            view = data.View(here, place)
            m.d.comb += [
                write.addr.eq(view.address),
                write.data.eq(self.i[col]),
                write.en.eq(view.valid),
                read.addr.eq(Cat(self.row, self.slot)),
                read.en.eq(1),
                self.columns[col].eq(read.data.as_signed()),
            ]
            if col == self._params.cols - 1:
                m.d.comb += self.finished.eq(view.valid & view.last)
            if (col + 1) % self._params.products_per_multiplier == 0:
                place = delayed(m, place, 1, name=f"place_{col}")
        return m
