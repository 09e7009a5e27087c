"""Operand fetch of the systolic engine: activations with their flags, weights, load flags."""

from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.array import row_layout
from tospike.hw.array.weights import weight_operands
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, Dataflow
from tospike.hw.systolic.buffers import ActivationBuffer
from tospike.hw.systolic.feeder import Feeder

OPERAND_LATENCY = Feeder.LATENCY + 3
"""Cycles from the issue of a step to its operands at the array: address, memory, its output register, mask. Banks of
weights add theirs."""


@dataclass(frozen=True, kw_only=True)
class Operands:
    """The operands of a step, all in the same cycle."""

    rows: Value
    """``ArrayLayout(row_layout(params), params.rows)``"""
    cols: Value
    """The weights of all columns."""
    load: Value | None
    """Which rows load weights; weight-stationary only."""


def fetch_operands(
    m: Module, params: ArrayParams, feeder: Feeder, activations: ActivationBuffer, weights: Value, *, late: int
) -> Operands:
    """Return the operands of the steps that ``feeder`` issues, not skewed. Latency `OPERAND_LATENCY` + ``late``.

    The memories are read in every cycle, into registers without enable, which can be those of the block RAMs. Between
    steps the activations are 0.

    Parameters
    ----------
    weights
        The word that the feeder addressed ``2 + late`` cycles before.
    """
    since_address = OPERAND_LATENCY - Feeder.LATENCY + late
    m.d.comb += activations.read_address.eq(delayed(m, feeder.act_address, late, name="act_address"))
    word = delayed(m, Value.cast(activations.word), 1, name="activations", reset_less=True)
    word = data.View(activations.word.shape(), word)
    step = delayed(m, feeder.act_read, since_address - 1, name="step")
    first = delayed(m, feeder.first, since_address, name="first")
    emit = delayed(m, feeder.emit, since_address, name="emit")
    rows = Signal(data.ArrayLayout(row_layout(params), params.rows))
    for row in range(params.rows):
        act = Signal(shape_of(params.act), name=f"act_{row}")
        m.d.sync += act.eq(Mux(step, word[row], 0))
        m.d.comb += [rows[row].act.eq(act), rows[row].first.eq(first), rows[row].emit.eq(emit)]
    cols = weight_operands(params, delayed(m, weights, 1, name="weights", reset_less=True))
    load = delayed(m, feeder.load, since_address, name="load") if params.dataflow is Dataflow.WS else None
    return Operands(rows=rows, cols=cols, load=load)
