"""Operand and result buffers of the systolic engine."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import IntFormat, address_bits


class ActivationBuffer(wiring.Component):
    """A memory of ``depth`` words of ``lanes`` values, written value by value, read word by word with latency 1.

    Members
    -------
    write : In(1)
        Store ``value`` in lane ``write_lane`` of word ``write_address``.
    word : Out(ArrayLayout(fmt, lanes))
        Word ``read_address``, a cycle later; undefined if it was written in the cycle of the address.
    """

    def __init__(self, fmt: IntFormat, *, lanes: int, depth: int):
        self._format = fmt
        self._lanes = lanes
        self._depth = depth
        super().__init__(
            {
                "write": In(1),
                "write_lane": In(address_bits(lanes)),
                "write_address": In(address_bits(depth)),
                "value": In(shape_of(fmt)),
                "read_address": In(address_bits(depth)),
                "word": Out(data.ArrayLayout(shape_of(fmt), lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = self._format.bits
        shape = unsigned(bits * self._lanes)
        m.submodules.memory = memory = Memory(shape=shape, depth=self._depth, init=[], attrs=NO_COLLISIONS)
        write = memory.write_port(granularity=bits)
        read = memory.read_port()
        m.d.comb += [
            write.addr.eq(self.write_address),
            write.data.eq(Value.cast(self.value).as_unsigned().replicate(self._lanes)),
            write.en.eq(self.write << self.write_lane),
            read.addr.eq(self.read_address),
            read.en.eq(1),
            Value.cast(self.word).eq(read.data),
        ]
        return m


class ResultBuffer(wiring.Component):
    """A double buffer of two slots of ``depth`` rows of results, one row per cycle.

    It takes results as they leave the array: each group of ``group`` columns lags the one before by a cycle. Rows fill
    the current slot one after another; after row ``last_row`` the other slot becomes current.

    Members
    -------
    i : In(ArrayLayout(signed(acc_bits), cols))
        Results of the array.
    valid : In(1)
        A row begins: column 0 is valid now, the others follow.
    last_row : In(range(depth))
        Index of the last row in a slot.
    written : Out(1)
        The first row of a slot begins.
    finished : Out(1)
        The last column of the last row of a slot is stored.
    row : Out(ArrayLayout(signed(acc_bits), cols))
        Row ``read_row`` of slot ``read_slot``, a cycle later; only columns that are already stored are valid.
    """

    SLOTS = 2

    def __init__(self, fmt: IntFormat, *, cols: int, depth: int, group: int = 1):
        self._format = fmt
        self._cols = cols
        self._depth = depth
        self._group = group
        layout = data.ArrayLayout(shape_of(fmt), cols)
        super().__init__(
            {
                "i": In(layout),
                "valid": In(1),
                "last_row": In(address_bits(depth)),
                "written": Out(1),
                "finished": Out(1),
                "read_slot": In(1),
                "read_row": In(address_bits(depth)),
                "row": Out(layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        row = Signal.like(self.last_row)
        slot = Signal()
        last = Signal()
        m.d.comb += [last.eq(row == self.last_row), self.written.eq(self.valid & (row == 0))]
        with m.If(self.valid):
            m.d.sync += row.eq(Mux(last, 0, row + 1))
            m.d.sync += slot.eq(slot ^ last)

        def address(row, slot):
            return row + Mux(slot, self._depth, 0)

        here = data.StructLayout({"valid": 1, "last": 1, "address": address_bits(2 * self._depth)})
        place = Signal(here)
        m.d.comb += [place.valid.eq(self.valid), place.last.eq(last), place.address.eq(address(row, slot))]
        place = Value.cast(place)
        for col in range(self._cols):
            memory = Memory(shape=unsigned(self._format.bits), depth=2 * self._depth, init=[])
            m.submodules[f"column_{col}"] = memory
            write = memory.write_port()
            read = memory.read_port()
            view = data.View(here, place)
            m.d.comb += [
                write.addr.eq(view.address),
                write.data.eq(self.i[col]),
                write.en.eq(view.valid),
                read.addr.eq(address(self.read_row, self.read_slot)),
                read.en.eq(1),
                self.row[col].eq(read.data.as_signed()),
            ]
            if col == self._cols - 1:
                m.d.comb += self.finished.eq(view.valid & view.last)
            if (col + 1) % self._group == 0:
                place = delayed(m, place, 1, name=f"place_{col}")
        return m
