"""What the engines around an array have in common: its layers in turn, its operands in time, what is in flight."""

from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.array import SystolicArray, row_layout
from tospike.hw.array.control import LayerControl
from tospike.hw.delay import Skew
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import ArrayParams


def layer_descriptor(
    m: Module, control: LayerControl, layers: LoadableMemory, layout: data.StructLayout, first: int
) -> data.View:
    """Return the descriptor of layer ``control.index`` of two cycles ago, from the memory ``layers``; ``first`` is its
    word 0, which stands here from reset on."""
    layer = data.View(layout, Signal(layout.size, init=first, name="layer"))
    answered = Signal()  # the memory has, since reset
    m.d.comb += [layers.address.eq(control.index), layers.enable.eq(1)]
    m.d.sync += answered.eq(1)
    with m.If(answered):
        m.d.sync += Value.cast(layer).eq(layers.data)
    return layer


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """Whether a tile may begin, and whether all results have been stored. In registers: many paths begin here."""

    some_free: Signal
    """A slot of the result buffer is."""
    none_inside: Signal
    """No tile of which operands have come is still to leave the array."""


def tiles_in_flight(
    m: Module, *, slots: int, most_inside: int, committed: Value, freed: Value, entered: Value, finished: Value
) -> InFlight:
    """Count tiles.

    Parameters
    ----------
    slots
        Of the result buffer: ``committed`` takes one, ``freed`` gives one back.
    most_inside
        Tiles that the array and the way to it can hold: they have ``entered``, and are ``finished`` when their last
        result is stored.
    """
    free = Signal(range(slots + 1), init=slots)
    inside = Signal(range(most_inside + 1))
    some_free, none_inside = Signal(init=1), Signal(init=1)
    free_next, inside_next = Signal.like(free), Signal.like(inside)
    m.d.comb += [free_next.eq(free + freed - committed), inside_next.eq(inside + entered - finished)]
    m.d.sync += [
        free.eq(free_next),
        some_free.eq(free_next != 0),
        inside.eq(inside_next),
        none_inside.eq(inside_next == 0),
    ]
    return InFlight(some_free=some_free, none_inside=none_inside)


def skewed_array(m: Module, params: ArrayParams, rows: Value, cols: Value) -> SystolicArray:
    """Return the array, with delay lines before it: all operands of a step come in the same cycle."""
    m.submodules.array = array = SystolicArray(params)
    m.submodules.skew_rows = skew_rows = Skew(row_layout(params), params.rows)
    m.submodules.skew_cols = skew_cols = Skew(
        shape_of(params.weight), params.cols, together=params.products_per_multiplier
    )
    m.d.comb += [
        skew_rows.i.eq(rows),
        Value.cast(skew_cols.i).eq(cols),
        array.rows.eq(skew_rows.o),
        array.cols.eq(skew_cols.o),
    ]
    return array
