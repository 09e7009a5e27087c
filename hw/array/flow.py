"""Control and data flow common to the engines around an array: descriptors, tiles in flight, skewed operands."""

from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.array import SystolicArray, row_layout
from tospike.hw.array.control import LayerControl
from tospike.hw.delay import Skew
from tospike.hw.gating import gated
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import ARRAY, ArrayParams
from tospike.hw.streams import some_after


def layer_descriptor(
    m: Module, control: LayerControl, layers: LoadableMemory, layout: data.StructLayout, first: int
) -> data.View:
    """Return the descriptor of layer ``control.index`` two cycles later, from the memory ``layers``. After reset it is
    ``first``, the memory's word 0."""
    layer = data.View(layout, Signal(layout.size, init=first, name="layer"))
    answered = Signal()  # the memory has been read since reset
    m.d.comb += [layers.address.eq(control.index), layers.enable.eq(1)]
    m.d.sync += answered.eq(1)
    with m.If(answered):
        m.d.sync += Value.cast(layer).eq(layers.data)
    return layer


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """Whether a tile may begin, and whether all results have been stored. Both are registers."""

    some_free: Signal
    """A slot of the result buffer is free."""
    none_inside: Signal
    """The array is empty: every tile that entered it has left."""


def tiles_in_flight(
    m: Module, *, slots: int, most_inside: int, committed: Value, freed: Value, entered: Value, finished: Value
) -> InFlight:
    """Track the tiles in flight.

    Parameters
    ----------
    slots
        Slots of the result buffer: ``committed`` takes one, ``freed`` returns one.
    most_inside
        Largest number of tiles in the array and its operand pipeline, between ``entered`` and ``finished``, when their
        last result is stored.
    """
    free = Signal(range(slots + 1), init=slots)
    inside = Signal(range(most_inside + 1))
    some_free, none_inside = Signal(init=1), Signal(init=1)
    m.d.sync += [
        free.eq(free + freed - committed),
        some_free.eq(some_after(free, some_free, more=freed, fewer=committed)),
        inside.eq(inside + entered - finished),
        none_inside.eq(~some_after(inside, ~none_inside, more=entered, fewer=finished)),
    ]
    return InFlight(some_free=some_free, none_inside=none_inside)


def skewed_array(
    m: Module, params: ArrayParams, rows: Value, cols: Value, *, awake: Value | None = None
) -> SystolicArray:
    """Return the array, fed through delay lines that skew operands which arrive in the same cycle.

    The clock of both runs while ``awake`` is high; with ``None``, always.
    """
    array = SystolicArray(params)
    skew_rows = Skew(row_layout(params), params.rows)
    skew_cols = Skew(shape_of(params.weight), params.cols, group=params.products_per_multiplier)
    for name, part in zip(ARRAY, (array, skew_rows, skew_cols), strict=True):
        m.submodules[name] = part if awake is None else gated(part, awake)
    m.d.comb += [
        skew_rows.i.eq(rows),
        Value.cast(skew_cols.i).eq(cols),
        array.rows.eq(skew_rows.o),
        array.cols.eq(skew_cols.o),
    ]
    return array
