"""The table of activations after a requantiser, for layers with a function such as a sigmoid."""

from collections.abc import Mapping

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.column import ColumnRequantizer
from tospike.hw.array.layout import table_memory
from tospike.hw.delay import delayed
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import TABLE_INDEX, ConvParams, SystolicParams, address_bits


class ActivationTable(wiring.Component):
    """Replace results of a layer with a function by the word that they index, and pass those of others on.

    Latency ``LATENCY``, throughput 1::

        result --+--> address = (table, index) --> memory ---+
                 |                                           mux --> register --> o
                 +---------------> register -----------------+

    Members
    -------
    table : In
        Number of the layer's table, from 1 on; 0: it has none. Constant while results are in the pipeline.
    i : In(acc)
        A requantised result.
    address, data : the memory ``tables``
        ``data`` come one cycle after their address.
    o : Out(acc)
        The activation.
    """

    LATENCY = 2

    def __init__(self, params: SystolicParams | ConvParams):
        self._act = shape_of(params.array.act)
        memory = table_memory(params)
        acc = shape_of(params.array.acc)
        super().__init__(
            {
                "table": In(range(params.tables + 1)),
                "i": In(acc),
                "address": Out(address_bits(memory.depth)),
                "data": In(memory.width),
                "o": Out(acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        found = self.data.as_signed() if self._act.signed else self.data
        number = Signal.like(self.table)
        m.d.comb += [
            number.eq(self.table - 1),
            self.address.eq(Cat(self.i[: TABLE_INDEX.bits], number)),
        ]
        passed = delayed(m, self.i, 1, name="passed", reset_less=True)
        result = Signal.like(self.o, reset_less=True)
        m.d.sync += result.eq(Mux(self.table == 0, passed, found))
        m.d.comb += self.o.eq(result)
        return m


def post_latency(params: SystolicParams | ConvParams) -> int:
    """Return the cycles of a post-processor, from reading a result to what becomes of it."""
    return ColumnRequantizer.LATENCY + (ActivationTable.LATENCY if params.tables else 0)


def table_ports(params: SystolicParams | ConvParams) -> dict[str, wiring.Member]:
    """Return the members of a post-processor that reads the memory ``tables``: none if there is none."""
    if not params.tables:
        return {}
    memory = table_memory(params)
    return {"table_address": Out(address_bits(memory.depth)), "table_data": In(memory.width)}


def looked_up(m: Module, post, params: SystolicParams | ConvParams, result: Value) -> Value:
    """Return requantised results after the table of a post-processor with `table_ports`, which it gets here."""
    if not params.tables:
        return result
    m.submodules.table = table = ActivationTable(params)
    m.d.comb += [
        table.table.eq(post.layer.table),
        table.i.eq(result),
        post.table_address.eq(table.address),
        table.data.eq(post.table_data),
    ]
    return table.o


def connect_tables(m: Module, post, stored: Mapping[str, LoadableMemory]) -> None:
    """Connect a post-processor to the memory ``tables``, if there is one."""
    if tables := stored.get("tables"):
        m.d.comb += [tables.address.eq(post.table_address), tables.enable.eq(1), post.table_data.eq(tables.data)]
