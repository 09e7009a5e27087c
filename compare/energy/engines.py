"""What energy models need of each kind of engine: its operands, its memories and what its counters mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tospike.compare.energy.activity import Counts, Memories, Widths
from tospike.compare.energy.counters.array import conv_work, systolic_work
from tospike.compare.energy.counters.cochlea import cochlea_memories, cochlea_widths, cochlea_work
from tospike.compare.energy.counters.dataflow import dataflow_memories, dataflow_widths, dataflow_work
from tospike.compare.energy.counters.pool import pool_memories, pool_widths, pool_work
from tospike.compare.energy.counters.spiking import bridge_work, delay_work, delta_work, encoder_work, event_work
from tospike.compare.energy.counters.unrolled import unrolled_memories, unrolled_widths, unrolled_work
from tospike.compare.energy.counters.work import EngineWork, StatePlacement
from tospike.compare.energy.counts import operands
from tospike.hw.params import (
    CochleaParams,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    FrameBufferParams,
    RegisterParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
    UnrolledParams,
    ValueSpikesParams,
)


@dataclass(frozen=True, kw_only=True)
class EngineEnergy:
    """What energy models need of a kind of engine."""

    label: str
    """Its name in reports."""
    widths: Callable[[Any], Widths]
    """Function from parameters to operand widths."""
    memories: Callable[[Any], Memories]
    """Function from parameters to memory sizes."""
    work: Callable[[str, Any, StatePlacement, Mapping[str, Counts]], EngineWork]
    """Function from name, parameters, placement of the states and counters to its work."""


def _bridge(label: str) -> EngineEnergy:
    return EngineEnergy(label=label, widths=operands.bridge_widths, memories=operands.bridge_memories, work=bridge_work)


_EVENT = EngineEnergy(label="event", widths=operands.event_widths, memories=operands.event_memories, work=event_work)
ENGINES: Mapping[type[EngineParams], EngineEnergy] = {
    EncoderParams: EngineEnergy(
        label="encoder", widths=operands.encoder_widths, memories=operands.encoder_memories, work=encoder_work
    ),
    DeltaParams: EngineEnergy(
        label="delta", widths=operands.stored_widths, memories=operands.stored_memories, work=delta_work
    ),
    CochleaParams: EngineEnergy(label="cochlea", widths=cochlea_widths, memories=cochlea_memories, work=cochlea_work),
    DelayParams: EngineEnergy(
        label="delay", widths=operands.stored_widths, memories=operands.stored_memories, work=delay_work
    ),
    SpikingParams: _EVENT,
    RegisterParams: _EVENT,
    EventAnnParams: _EVENT,
    DeltaAnnParams: _EVENT,
    ValueSpikesParams: _bridge("values to spikes"),
    SpikeCountParams: _bridge("spike count"),
    FrameBufferParams: _bridge("frame buffer"),
    SystolicParams: EngineEnergy(
        label="systolic", widths=operands.array_widths, memories=operands.systolic_memories, work=systolic_work
    ),
    ConvParams: EngineEnergy(
        label="conv", widths=operands.array_widths, memories=operands.conv_memories, work=conv_work
    ),
    DataflowDenseParams: EngineEnergy(
        label="dataflow", widths=dataflow_widths, memories=dataflow_memories, work=dataflow_work
    ),
    DataflowPoolParams: EngineEnergy(label="pool", widths=pool_widths, memories=pool_memories, work=pool_work),
    UnrolledParams: EngineEnergy(
        label="unrolled", widths=unrolled_widths, memories=unrolled_memories, work=unrolled_work
    ),
}
"""Keyed by the class of the engine's parameters."""


def widths(params: EngineParams) -> Widths:
    """Return the operand widths of an engine."""
    return ENGINES[type(params)].widths(params)


def memories(params: EngineParams) -> Memories:
    """Return the bits of an engine's memories.

    Raises
    ------
    InputError
        Weights are streamed from an unknown memory.
    """
    return ENGINES[type(params)].memories(params)
