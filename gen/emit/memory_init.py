"""What the memories of a design hold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tospike.hw.conv import layout as image_layout
from tospike.hw.encoders import delay_layout
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    ConvLayer,
    ConvParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    EventParams,
    GradedSpikeParams,
    RegisterParams,
    RequantizeParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
)
from tospike.hw.spiking import layout as event_layout
from tospike.hw.systolic import layout as systolic_layout
from tospike.sim.design import Design
from tospike.sim.network import Add, Conv2d, Dense, MaxPool2d, Requantize, Stage
from tospike.sim.network.layers import sum_weights
from tospike.sim.spiking.arrays import engine_arrays, engine_delays

Images = dict[str, list[int]]


def pack(design: Design) -> list[Images]:
    """Return the images of each engine, by the name of the memory."""
    return [PACKERS[type(params)](params, design, index) for index, params in enumerate(design.params.engines)]


def _nothing(params: EngineParams, design: Design, index: int) -> Images:
    """Return no contents: an encoder or a bridge has no memory that is filled."""
    return {}


def _event(params: EventParams, design: Design, index: int) -> Images:
    arrays, neuron = engine_arrays(params, design, index), design.stages_of(index)[0].neuron
    own = None if arrays.recurrent is None else arrays.recurrent.tolist()
    decays = None if arrays.decays is None else arrays.decays.tolist()
    factors = neuron.multiplier.tolist() if isinstance(neuron, Requantize) else None
    return event_layout.pack(params, arrays.weight.tolist(), arrays.bias.tolist(), own, decays, factors)


def _delay(params: DelayParams, design: Design, index: int) -> Images:
    return delay_layout.pack(params, engine_delays(design, index).tolist())


def _systolic(params: SystolicParams, design: Design, index: int) -> Images:
    stages = design.stages_of(index)
    return systolic_layout.pack(
        params,
        weights=[stage.dense.weight.tolist() for stage in stages],
        biases=[stage.dense.bias.tolist() for stage in stages],
        multipliers=[
            stage.neuron.multiplier.tolist() if isinstance(stage.neuron, Requantize) else None for stage in stages
        ],
        shifts=_shifts(stages, params.requantize),
    )


def _image(params: ConvParams, design: Design, index: int) -> Images:
    stages = design.stages_of(index)
    return image_layout.pack(
        params,
        weights=[_taps(stage, layer) for stage, layer in zip(stages, params.layers, strict=True)],
        biases=[sum_weights(stage.synapses)[1].tolist() for stage in stages],
        multipliers=[
            stage.neuron.multiplier.tolist()
            if isinstance(stage.neuron, Requantize)
            else None
            if layer.clamp is None
            else [1] * layer.outputs
            for stage, layer in zip(stages, params.layers, strict=True)
        ],
        shifts=_shifts(stages, params.requantize),
    )


PACKERS: Mapping[type[EngineParams], Callable[[Any, Design, int], Images]] = {
    EncoderParams: _nothing,
    DeltaParams: _nothing,
    DelayParams: _delay,
    GradedSpikeParams: _nothing,
    SpikeCountParams: _nothing,
    SpikingParams: _event,
    RegisterParams: _event,
    EventAnnParams: _event,
    DeltaAnnParams: _event,
    SystolicParams: _systolic,
    ConvParams: _image,
}
"""What an engine's memories hold, by the class of its parameters."""


def _shifts(stages: Sequence[Stage], requantize: RequantizeParams) -> list[int]:
    """Return the shifts of stages. Sums arrive by the engine's fraction bits larger: a maximum has none, so they are
    shifted out again."""
    passed = [requantize.fraction_bits if isinstance(stage.synapses, MaxPool2d) else 0 for stage in stages]
    return [
        stage.neuron.shift if isinstance(stage.neuron, Requantize) else other
        for stage, other in zip(stages, passed, strict=True)
    ]


def _taps(stage: Stage, layer: ConvLayer) -> Any:
    """Return the weights as :func:`tospike.hw.conv.layout.pack` takes them."""
    synapses = stage.synapses
    if isinstance(synapses, Dense):
        return synapses.weight.reshape(-1, *layer.shape).tolist()  # the image's values came channel by channel
    if isinstance(synapses, Conv2d):
        return synapses.weight.tolist()
    if isinstance(synapses, Add):
        return synapses.weight.reshape(1, 2, 1, 1).tolist()
    return [[[[1] * layer.kernel[1]] * layer.kernel[0]]]


def shapes(design: Design) -> list[tuple[MemoryShape, ...]]:
    """Return the memories of each engine."""
    return [engine_layout(params).memories(params) for params in design.params.engines]
