"""The registry of placers."""

from collections.abc import Mapping

from tospike.gen.place.bridge import BRIDGE
from tospike.gen.place.conv import CONV
from tospike.gen.place.dataflow import DATAFLOW_DENSE
from tospike.gen.place.encoders import COCHLEA, DELAY, DELTA, ENCODER
from tospike.gen.place.event_ann import DELTA_ANN, EVENT_ANN
from tospike.gen.place.placer import Placer
from tospike.gen.place.pool import DATAFLOW_POOL
from tospike.gen.place.spiking import EVENT, REGISTER
from tospike.gen.place.systolic import SYSTOLIC
from tospike.gen.place.unrolled import UNROLLED
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

PLACERS: Mapping[type[EngineParams], Placer] = {
    EncoderParams: ENCODER,
    DeltaParams: DELTA,
    CochleaParams: COCHLEA,
    DelayParams: DELAY,
    ValueSpikesParams: BRIDGE,
    SpikeCountParams: BRIDGE,
    FrameBufferParams: BRIDGE,
    SpikingParams: EVENT,
    RegisterParams: REGISTER,
    EventAnnParams: EVENT_ANN,
    DeltaAnnParams: DELTA_ANN,
    SystolicParams: SYSTOLIC,
    ConvParams: CONV,
    UnrolledParams: UNROLLED,
    DataflowDenseParams: DATAFLOW_DENSE,
    DataflowPoolParams: DATAFLOW_POOL,
}
"""Every engine's placer, by the class of the engine's parameters."""
