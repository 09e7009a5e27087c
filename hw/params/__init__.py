"""Every parameter of the hardware: frozen, keyword-only dataclasses that validate themselves on construction.

This package is the vocabulary shared by the hardware (`hw`) and the golden models (`sim`). It depends on neither
Amaranth nor NumPy. Integers are two's complement; every choice of rounding and saturation is a named enum and is
recorded in the manifest of the generated design.
"""

from tospike.hw.params.accelerator import AcceleratorParams, HostInput, HostOutput
from tospike.hw.params.check import InputError, require, require_range
from tospike.hw.params.engines.activation import ActivationParams, ChangeParams
from tospike.hw.params.engines.array import TABLE_INDEX, ArrayParams, Dataflow, RequantizeParams, WeightSource
from tospike.hw.params.engines.bridge import (
    BridgeParams,
    FrameBufferParams,
    SpikeCode,
    SpikeCountParams,
    ValueSpikesParams,
)
from tospike.hw.params.engines.cochlea import CochleaCode, CochleaParams, Compression
from tospike.hw.params.engines.conv import ConvLayer, ConvOperation, ConvParams
from tospike.hw.params.engines.dataflow import MAX_FOLD, MAX_PRODUCTS, NARROW_BITS, DataflowDenseParams, fits_lanes
from tospike.hw.params.engines.delay import LONGEST_DELAY, DelayParams
from tospike.hw.params.engines.delta import CHANGE, DeltaParams
from tospike.hw.params.engines.encoder import EncoderParams
from tospike.hw.params.engines.encoding import Encoding
from tospike.hw.params.engines.engine import ARRAY, AWAKE, WHOLE, EngineParams, Readout
from tospike.hw.params.engines.event import LIST_SETTLE, RING_WORDS, EventParams, NeuronUpdate
from tospike.hw.params.engines.event_ann import AnnLayerParams, DeltaAnnParams, EventAnnParams
from tospike.hw.params.engines.noise import NOISE_LAGS, NoiseParams
from tospike.hw.params.engines.pool import DataflowPoolParams
from tospike.hw.params.engines.register import MAX_REGISTER_NEURONS, RegisterParams
from tospike.hw.params.engines.spiking import SpikingLayerParams, SpikingParams
from tospike.hw.params.engines.systolic import DenseLayer, SystolicParams
from tospike.hw.params.engines.unrolled import MAX_UNROLLED, UnrolledLayer, UnrolledParams, has_multiples
from tospike.hw.params.engines.window import EventWindow
from tospike.hw.params.host_events import LONGEST_TIME_BIN, HostEventParams
from tospike.hw.params.image_window import ImageWindow
from tospike.hw.params.neurons.cuba import CubaLifParams, CubaLiParams
from tospike.hw.params.neurons.firing_phase import FiringPhase
from tospike.hw.params.neurons.integrating import IfParams, IParams
from tospike.hw.params.neurons.kinds import NEURONS, NeuronKind, neuron_params
from tospike.hw.params.neurons.leak import LeakKind, LeakParams
from tospike.hw.params.neurons.leaky import LifParams, LiParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.neurons.reset import PayloadCode, Reset, ResetTiming, check_reset
from tospike.hw.params.neurons.sliding import SlidingParams
from tospike.hw.params.neurons.threshold import AdaptationParams, Comparison
from tospike.hw.params.numbers import IntFormat, Rounding, address_bits, ceil_div
from tospike.hw.params.option import (
    REQUIRED,
    Option,
    check_options,
    of_layer,
    option,
    options_given,
    options_of,
    require_known,
    same_option,
)
from tospike.hw.params.packing import packing_shift
from tospike.hw.params.primitives import PRIMITIVES, PrimitiveFacts, PrimitiveSet
from tospike.hw.params.stream import (
    BYTES_PER_BEAT,
    HOST_BITS,
    SPIKE,
    WORD_ADDRESS,
    WORD_BITS,
    WORD_KIND,
    WORD_PAYLOAD,
    BeatFormat,
    Contents,
    TokenFormat,
    TokenKind,
    WeightFormat,
)

__all__ = [
    "ARRAY",
    "AWAKE",
    "BYTES_PER_BEAT",
    "CHANGE",
    "HOST_BITS",
    "LIST_SETTLE",
    "LONGEST_DELAY",
    "LONGEST_TIME_BIN",
    "MAX_FOLD",
    "MAX_PRODUCTS",
    "MAX_REGISTER_NEURONS",
    "MAX_UNROLLED",
    "NARROW_BITS",
    "NEURONS",
    "NOISE_LAGS",
    "PRIMITIVES",
    "REQUIRED",
    "RING_WORDS",
    "SPIKE",
    "TABLE_INDEX",
    "WHOLE",
    "WORD_ADDRESS",
    "WORD_BITS",
    "WORD_KIND",
    "WORD_PAYLOAD",
    "AcceleratorParams",
    "ActivationParams",
    "AdaptationParams",
    "AnnLayerParams",
    "ArrayParams",
    "BeatFormat",
    "BridgeParams",
    "ChangeParams",
    "CochleaCode",
    "CochleaParams",
    "Comparison",
    "Compression",
    "Contents",
    "ConvLayer",
    "ConvOperation",
    "ConvParams",
    "CubaLiParams",
    "CubaLifParams",
    "Dataflow",
    "DataflowDenseParams",
    "DataflowPoolParams",
    "DelayParams",
    "DeltaAnnParams",
    "DeltaParams",
    "DenseLayer",
    "EncoderParams",
    "Encoding",
    "EngineParams",
    "EventAnnParams",
    "EventParams",
    "EventWindow",
    "FiringPhase",
    "FrameBufferParams",
    "HostEventParams",
    "HostInput",
    "HostOutput",
    "IParams",
    "IfParams",
    "ImageWindow",
    "InputError",
    "IntFormat",
    "LeakKind",
    "LeakParams",
    "LiParams",
    "LifParams",
    "NeuronKind",
    "NeuronParams",
    "NeuronUpdate",
    "NoiseParams",
    "Option",
    "PayloadCode",
    "PrimitiveFacts",
    "PrimitiveSet",
    "Readout",
    "RegisterParams",
    "RequantizeParams",
    "Reset",
    "ResetTiming",
    "Rounding",
    "SlidingParams",
    "SpikeCode",
    "SpikeCountParams",
    "SpikingLayerParams",
    "SpikingParams",
    "SystolicParams",
    "TokenFormat",
    "TokenKind",
    "UnrolledLayer",
    "UnrolledParams",
    "ValueSpikesParams",
    "WeightFormat",
    "WeightSource",
    "address_bits",
    "ceil_div",
    "check_options",
    "check_reset",
    "fits_lanes",
    "has_multiples",
    "neuron_params",
    "of_layer",
    "option",
    "options_given",
    "options_of",
    "packing_shift",
    "require",
    "require_known",
    "require_range",
    "same_option",
]
