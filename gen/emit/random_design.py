"""Networks and samples that fit given hardware: random ones to try it with, and the blank one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tospike.hw.params import (
    AcceleratorParams,
    AnnLayerParams,
    Contents,
    ConvParams,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    EngineParams,
    EventAnnParams,
    EventParams,
    EventWindow,
    GradedSpikeParams,
    InputError,
    IntFormat,
    RegisterParams,
    SpikeCountParams,
    SpikingParams,
    SystolicParams,
)
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Array, Conv2d, Dense, InputSpec, Network, Requantize, Stage

STEPS = 4
"""Time steps of a random spike train."""


def _integers(rng: np.random.Generator, fmt: IntFormat, shape: tuple[int, ...]) -> Array:
    return rng.integers(fmt.min, fmt.max, size=shape, endpoint=True)


def random_design(params: AcceleratorParams, *, seed: int) -> Design:
    """Return a network with random weights on the engines of ``params``.

    Raises
    ------
    InputError
        An engine has no random network.
    """
    rng = np.random.default_rng(seed)
    made = [STAGES[type(engine)](params, index, engine, rng) for index, engine in enumerate(params.engines)]
    stages = [stage for of_engine in made for stage in of_engine]
    readout = params.engines[-1].readout if stages[-1].is_spiking else None
    spec = InputSpec(
        inputs=stages[0].synapses.inputs,
        **_time(params),
        format=params.input.payload,
    )
    network = Network(name=params.name, input=spec, stages=tuple(stages), readout=readout)
    return Design(params=params, network=network, stage_counts=tuple(len(of_engine) for of_engine in made))


def _time(params: AcceleratorParams) -> dict[str, Any]:
    """Return what an input says of time."""
    first = params.engines[0]
    if type(first) in TIME:
        return TIME[type(first)](first)
    if first.takes is not Contents.TRAIN:
        return {}
    return {"steps": params.decision_steps or (STEPS if params.host_events is None else params.host_events.steps)}


def _delta_time(encoder: DeltaParams) -> dict[str, Any]:
    if encoder.amounts:
        return {"partial_inferences": encoder.steps}
    return {"steps": encoder.steps, "encoding": Encoding.DELTA, "delta_threshold": encoder.threshold}


TIME: Mapping[type[EngineParams], Callable[[Any], dict[str, Any]]] = {
    EncoderParams: lambda encoder: {"steps": encoder.steps, "encoding": encoder.encoding, "seed": encoder.seed},
    DeltaParams: _delta_time,
}
"""What a first engine says of time, by the class of its parameters."""


def _none(params: AcceleratorParams, index: int, engine: EngineParams, rng: np.random.Generator) -> list[Stage]:
    """Return no stages: an encoder or a bridge runs none, and the delays of a delay engine are those of the stage
    behind it."""
    return []


def _spiking(params: AcceleratorParams, index: int, engine: EventParams, rng: np.random.Generator) -> list[Stage]:
    stage = _event_stage(f"engine_{index}", engine, rng)
    longest = params.engines[index - 1].longest_delay if index else 0
    if longest:
        stage = replace(stage, delays=rng.integers(0, longest, engine.inputs, endpoint=True))
    return [stage]


def _ann(params: AcceleratorParams, index: int, engine: AnnLayerParams, rng: np.random.Generator) -> list[Stage]:
    stage = _event_stage(f"engine_{index}", engine, rng)
    return [replace(stage, neuron=_ann_neuron(engine, rng))]


def _systolic(params: AcceleratorParams, index: int, engine: SystolicParams, rng: np.random.Generator) -> list[Stage]:
    return _systolic_stages(f"engine_{index}", engine, rng)


def _image(params: AcceleratorParams, index: int, engine: ConvParams, rng: np.random.Generator) -> list[Stage]:
    raise InputError("an image engine has no random network: generate it from a trained one")


STAGES: Mapping[type[EngineParams], Callable[[AcceleratorParams, int, Any, np.random.Generator], list[Stage]]] = {
    EncoderParams: _none,
    DeltaParams: _none,
    DelayParams: _none,
    GradedSpikeParams: _none,
    SpikeCountParams: _none,
    SpikingParams: _spiking,
    RegisterParams: _spiking,
    EventAnnParams: _ann,
    DeltaAnnParams: _ann,
    SystolicParams: _systolic,
    ConvParams: _image,
}
"""Random stages of an engine, by the class of its parameters."""


def _event_stage(name: str, engine: EventParams, rng: np.random.Generator) -> Stage:
    bias_format = min(engine.weight, engine.neuron.accumulated, key=lambda fmt: fmt.bits)
    shape = (engine.channels,)
    bias = _integers(rng, bias_format, shape) if engine.bias else np.zeros(shape, dtype=np.int64)
    if engine.neuron.initial:  # the first step's sum must fit, and so must any smaller one
        room = engine.neuron.accumulated.max - abs(engine.neuron.initial)
        bias = bias.clip(-room, room)
    square = (engine.neurons, engine.neurons)
    recurrent = _integers(rng, engine.weight, square) if engine.recurrent else None
    varying = engine.neuron.varying.values()
    columns = [rng.integers(0, 1 << leak.decay_bits, engine.channels, endpoint=True) for leak in varying]
    decays = np.stack(columns, axis=1) if varying else None
    synapses: Dense | Conv2d
    if engine.window is None:
        synapses = Dense(weight=_integers(rng, engine.weight, (engine.neurons, engine.inputs)), bias=bias)
    else:
        synapses = _convolution(engine.window, engine.weight, bias, rng)
    return Stage(name=name, synapses=synapses, neuron=engine.neuron, recurrent=recurrent, decays=decays)


def _ann_neuron(engine: AnnLayerParams, rng: np.random.Generator) -> Requantize | Accumulator:
    """Return what becomes of the sums in an ANN's layer on an event engine."""
    if engine.activation is None:
        return Accumulator(fraction_bits=engine.fraction_bits)
    largest = engine.activation.requantize.multiplier.max
    multiplier = rng.integers(1, largest, size=engine.neurons, endpoint=True)
    return Requantize(
        multiplier=multiplier,
        shift=engine.activation.shift,
        clamp=engine.activation.clamp,
        fraction_bits=engine.fraction_bits,
    )


def _convolution(window: EventWindow, fmt: IntFormat, bias: Array, rng: np.random.Generator) -> Conv2d:
    """Return a convolution whose weights are equal within the pools of ``window``."""
    (high, wide), (top, left, bottom, right) = window.pool, window.padding
    inner = 1 if window.depthwise else window.shape[0]
    weight = _integers(rng, fmt, (window.channels, inner, *window.kernel))
    return Conv2d(
        shape=window.shape,
        weight=weight.repeat(high, axis=2).repeat(wide, axis=3),
        bias=bias,
        stride=(window.stride[0] * high, window.stride[1] * wide),
        padding=(top * high, left * wide, bottom * high, right * wide),
        groups=window.shape[0] if window.depthwise else 1,
    )


def _systolic_stages(name: str, engine: SystolicParams, rng: np.random.Generator) -> list[Stage]:
    """Requantisation such that results spread over the clamping range and somewhat beyond."""
    stages = []
    for number, layer in enumerate(engine.layers):
        weight = rng.choice(engine.array.weight_values, (layer.outputs, layer.inputs))
        bias = _integers(rng, engine.array.weight, (layer.outputs,))
        finer = engine.requantize.fraction_bits
        neuron: Requantize | Accumulator = Accumulator(fraction_bits=finer)
        if layer.clamp is not None:
            typical = engine.array.act.max * engine.array.weight.max * layer.inputs**0.5
            shift = max(1, round(np.log2(typical / layer.clamp[1] * (1 << 14)))) + finer
            shift = min(engine.requantize.max_shift, shift)
            half = engine.requantize.multiplier.max // 2
            multiplier = rng.integers(max(1, half // 2), half, size=layer.outputs, endpoint=True)
            neuron = Requantize(multiplier=multiplier, shift=shift, clamp=layer.clamp, fraction_bits=finer)
        stages.append(Stage(name=f"{name}_{number}", synapses=Dense(weight=weight, bias=bias), neuron=neuron))
    return stages


def random_samples(design: Design, count: int, *, seed: int) -> Array:
    """Return ``count`` samples for a design: nothing at all, everything at its maximum, then ever denser random ones.

    (count, values of a frame), or (count, steps, inputs) if the accelerator takes a frame for each step, or spikes.
    """
    rng = np.random.default_rng(seed)
    spec, params = design.network.input, design.params
    is_frame = params.engines[0].takes in (Contents.FRAME, Contents.SPARSE_FRAME)
    shape = (params.input.addresses,) if is_frame else (spec.partial_inferences or spec.steps, spec.inputs)
    samples: list[Array] = [np.zeros(shape, dtype=np.int64), np.full(shape, params.input.payload.max, dtype=np.int64)]
    for index in range(2, count):
        kept = rng.random(shape) < (index - 1) / (count - 1)
        samples.append(_integers(rng, params.input.payload, shape) * kept)
    return np.stack(samples[:count])


def blank_design(params: AcceleratorParams) -> Design:
    """Return zeros for all memories: what an accelerator holds that is generated without a network."""
    design = random_design(params, seed=0)
    stages: list[Stage] = []
    for index, engine in enumerate(params.engines):
        weight = engine.blank_weight
        for stage in design.stages_of(index):
            synapses = stage.weighted
            blank = replace(synapses, weight=np.full_like(synapses.weight, weight), bias=np.zeros_like(synapses.bias))
            recurrent = None if stage.recurrent is None else np.zeros_like(stage.recurrent)
            decays = None if stage.decays is None else np.zeros_like(stage.decays)
            delays = None if stage.delays is None else np.zeros_like(stage.delays)
            stages.append(replace(stage, synapses=blank, recurrent=recurrent, decays=decays, delays=delays))
    return replace(design, network=replace(design.network, stages=tuple(stages)))
