"""The registry of golden models: output and timing of each kind of engine."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

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
    SpikingLayerParams,
    SpikingParams,
    SystolicParams,
    UnrolledParams,
    ValueSpikesParams,
    require,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.bridge.golden import run_frame_buffer, run_spike_count, run_value_spikes
from tospike.sim.bridge.timing import bridge_link
from tospike.sim.cochlea.golden import count as count_cochlea
from tospike.sim.cochlea.hearing import run as run_cochlea
from tospike.sim.cochlea.timing import cochlea_link
from tospike.sim.conv import golden as conv
from tospike.sim.conv import timing as conv_timing
from tospike.sim.cycles.array import FrameSequence, array_link
from tospike.sim.cycles.front import FrontLink
from tospike.sim.cycles.link import Link
from tospike.sim.dataflow import golden as dataflow
from tospike.sim.dataflow.timing import dataflow_link
from tospike.sim.design import Design
from tospike.sim.encoders.delay import DelayRun, run_delay
from tospike.sim.encoders.delay_timing import delay_link
from tospike.sim.encoders.delta_timing import delta_link
from tospike.sim.encoders.encoder import run_delta, run_encoder
from tospike.sim.encoders.encoder_timing import encoder_link
from tospike.sim.engine import EngineModel, EngineRun, Sample, frame
from tospike.sim.network import Network, Requantize
from tospike.sim.spiking.ann import EventAnnRun, recount_event_ann, run_event_ann
from tospike.sim.spiking.ann_timing import event_ann_link
from tospike.sim.spiking.arrays import arriving_image, engine_arrays, engine_delays, with_threshold
from tospike.sim.spiking.delta_ann import DeltaAnnRun, run_delta_ann
from tospike.sim.spiking.delta_ann_timing import delta_ann_link
from tospike.sim.spiking.golden import EventRun, recount, run_event
from tospike.sim.spiking.register_timing import register_link
from tospike.sim.spiking.window import chain_order
from tospike.sim.spiking.window_timing import spiking_link
from tospike.sim.systolic import golden as systolic
from tospike.sim.systolic import timing as systolic_timing
from tospike.sim.unrolled import golden as unrolled
from tospike.sim.unrolled.timing import unrolled_link
from tospike.sim.window import golden as window
from tospike.sim.window.timing import pool_link


def run_spiking(params: SpikingLayerParams, design: Design, index: int, trains: Sample) -> EventRun:
    """Run a layer of spiking neurons; the event and the register engine share this model."""
    arrays = engine_arrays(params, design, index)
    params = with_threshold(params, design, index)
    return run_event(params, arrays.weight, arrays.bias, trains, arrays.recurrent, arrays.decays)


def _multipliers(design: Design, index: int) -> Ints | None:
    neuron = design.stages_of(index)[0].neuron
    return neuron.multiplier if isinstance(neuron, Requantize) else None


def _event_ann(params: EventAnnParams, design: Design, index: int, frames: Sample) -> EventAnnRun:
    arrays = engine_arrays(params, design, index)
    return run_event_ann(params, arrays.weight, arrays.bias, _multipliers(design, index), frame(frames))


def _delta_ann(params: DeltaAnnParams, design: Design, index: int, changes: Sample) -> DeltaAnnRun:
    arrays = engine_arrays(params, design, index)
    return run_delta_ann(params, arrays.weight, arrays.bias, _multipliers(design, index), changes.astype(np.int64))


def _delay(params: DelayParams, design: Design, index: int, trains: Sample) -> DelayRun:
    return run_delay(params, engine_delays(design, index), trains)


def _encoder(params: EncoderParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return run_encoder(params, frames[:, 0])


def _delta(params: DeltaParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return run_delta(params, frames)


def _cochlea(params: CochleaParams, design: Design, index: int, sound: Sample) -> EngineRun:
    return run_cochlea(params, sound)


def _recount_cochlea(params: CochleaParams, sound: Sample, run: EngineRun) -> EngineRun:
    return count_cochlea(params, run.sent.astype(np.int64, copy=False))


def _bridge(run: Callable[[Any, Sample], EngineRun]) -> EngineModel:
    return EngineModel(run=lambda params, design, index, received: run(params, received), link=bridge_link)


def _systolic(params: SystolicParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return systolic.run(params, design.stages_of(index), frame(frames))


def _dataflow_dense(params: DataflowDenseParams, design: Design, index: int, frames: Sample) -> EngineRun:
    stage = design.stages_of(index)[0]
    weight = stage.dense.weight if params.window is None else None
    shape = arriving_image(design, index)
    if weight is not None and shape is not None:
        weight = weight[:, chain_order(shape)]
    return dataflow.run(params, stage, frame(frames), weight)


def _dataflow_pool(params: DataflowPoolParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return window.run_pool(params, design.stages_of(index)[0], frame(frames))


def _unrolled(params: UnrolledParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return unrolled.run(params, design.stages_of(index), frame(frames))


def _conv(params: ConvParams, design: Design, index: int, frames: Sample) -> EngineRun:
    return conv.run(params, subnetwork(design, index), frame(frames))


def subnetwork(design: Design, index: int) -> Network:
    """Return the stages of an engine as a network."""
    stages = design.stages_of(index)
    if len(stages) == len(design.network.stages):
        return design.network
    first = sum(design.stage_counts[:index])
    local = [tuple(source - first for source in design.network.sources(first + n)) for n in range(len(stages))]
    require(min(map(min, local)) >= -1, f"engine {index} has a source other than the engine before it")
    params = design.params.engines[index]
    return replace(
        design.network,
        input=replace(design.network.input, inputs=params.input.addresses, format=params.input.payload),
        stages=tuple(replace(stage, sources=sources) for stage, sources in zip(stages, local, strict=True)),
    )


def _recount_systolic(params: SystolicParams, frames: Sample, run: EngineRun) -> EngineRun:
    return systolic.count(params, run.sent.astype(np.int64, copy=False))


def _recount_conv(params: ConvParams, frames: Sample, run: EngineRun) -> EngineRun:
    return conv.count(params, run.sent.astype(np.int64, copy=False))


def _systolic_link(params: SystolicParams, run: EngineRun, frames: Sample, downstream: Link) -> FrontLink:
    sequence = FrameSequence(systolic_timing.frame_timing(params), systolic_timing.Frames.later(params))
    return array_link(params.input.addresses, sequence, len(frames), downstream)


def _conv_link(params: ConvParams, run: EngineRun, frames: Sample, downstream: Link) -> FrontLink:
    sequence = FrameSequence(conv_timing.frame_timing(params), conv_timing.Frames.later(params))
    return array_link(params.input.addresses, sequence, len(frames), downstream)


MODELS: Mapping[type[EngineParams], EngineModel] = {
    EncoderParams: EngineModel(run=_encoder, link=encoder_link),
    DeltaParams: EngineModel(run=_delta, link=delta_link),
    CochleaParams: EngineModel(run=_cochlea, link=cochlea_link, recount=_recount_cochlea),
    DelayParams: EngineModel(run=_delay, link=delay_link),
    SpikingParams: EngineModel(run=run_spiking, link=spiking_link, recount=recount),
    RegisterParams: EngineModel(run=run_spiking, link=register_link, recount=recount),
    EventAnnParams: EngineModel(run=_event_ann, link=event_ann_link, recount=recount_event_ann),
    DeltaAnnParams: EngineModel(run=_delta_ann, link=delta_ann_link),
    ValueSpikesParams: _bridge(run_value_spikes),
    SpikeCountParams: _bridge(run_spike_count),
    FrameBufferParams: _bridge(run_frame_buffer),
    SystolicParams: EngineModel(
        run=_systolic, link=_systolic_link, recount=_recount_systolic, frame_cycles=systolic_timing.frame_cycles
    ),
    ConvParams: EngineModel(run=_conv, link=_conv_link, recount=_recount_conv, frame_cycles=conv_timing.frame_cycles),
    DataflowDenseParams: EngineModel(run=_dataflow_dense, link=dataflow_link),
    DataflowPoolParams: EngineModel(run=_dataflow_pool, link=pool_link),
    UnrolledParams: EngineModel(run=_unrolled, link=unrolled_link),
}
"""Keyed by the class of the engine's parameters."""
