"""Networks and samples that fit given hardware: random ones to try it with, and the blank one."""

from dataclasses import replace

import numpy as np

from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    EventParams,
    EventWindow,
    HostInput,
    ImageParams,
    InputError,
    IntFormat,
    Readout,
    SystolicParams,
)
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Array, Conv2d, Dense, InputSpec, Network, Requantize, Stage

STEPS = 4
"""Time steps of a random spike train."""


def _integers(rng: np.random.Generator, fmt: IntFormat, shape: tuple[int, ...]) -> Array:
    return rng.integers(fmt.min, fmt.max, size=shape, endpoint=True)


def random_design(params: AcceleratorParams, *, seed: int) -> Design:
    """A network with random weights on the engines of ``params``."""
    rng = np.random.default_rng(seed)
    stages: list[Stage] = []
    counts: list[int] = []
    steps, encoding, code_seed, threshold, looks = params.decision_steps or STEPS, None, 1, 0, 0
    readout: Readout | None = None
    for index, engine in enumerate(params.engines):
        before = len(stages)
        if isinstance(engine, EncoderParams):
            steps, encoding, code_seed = engine.steps, engine.encoding, engine.seed
        elif isinstance(engine, DeltaParams):
            if params.is_delta_ann:
                looks = engine.steps
            else:
                steps, encoding, threshold = engine.steps, Encoding.DELTA, engine.threshold
        elif params.host_events is not None and index == 0:
            steps = params.host_events.steps
        elif isinstance(engine, EventParams):
            stage = _spiking_stage(f"engine_{index}", engine, rng)
            before_it = params.engines[index - 1] if index else None
            if isinstance(before_it, DelayParams):
                stage = replace(stage, delays=rng.integers(0, before_it.longest, engine.inputs, endpoint=True))
            if params.has_event_ann:
                stage = replace(stage, neuron=_ann_neuron(engine, rng))
            else:
                readout = engine.readout
            stages.append(stage)
        elif isinstance(engine, ImageParams):
            raise InputError("an image engine has no random network: generate it from a trained one")
        elif isinstance(engine, DelayParams):
            pass  # its delays are those of the stage behind it
        else:
            stages += _systolic_stages(f"engine_{index}", engine, rng)
        counts.append(len(stages) - before)
    spec = InputSpec(
        inputs=stages[0].synapses.inputs,
        steps=steps if readout else 1,
        encoding=encoding,
        format=params.input.payload,
        seed=code_seed,
        delta_threshold=threshold,
        looks=looks,
    )
    network = Network(name=params.name, input=spec, stages=tuple(stages), readout=readout)
    return Design(params=params, network=network, stage_counts=tuple(counts))


def _spiking_stage(name: str, engine: EventParams, rng: np.random.Generator) -> Stage:
    bias_format = min(engine.weight, engine.neuron.accumulated, key=lambda fmt: fmt.bits)
    shape = (engine.channels,)
    bias = _integers(rng, bias_format, shape) if engine.bias else np.zeros(shape, dtype=np.int64)
    if engine.neuron.initial:  # the first step's sum must fit, and so must any smaller one
        room = engine.neuron.accumulated.max - abs(engine.neuron.initial)
        bias = bias.clip(-room, room)
    square = (engine.neurons, engine.neurons)
    recurrent = _integers(rng, engine.weight, square) if engine.recurrent else None
    varying = engine.neuron.varying.values()
    columns = [rng.integers(0, 1 << leak.fraction_bits, engine.channels, endpoint=True) for leak in varying]
    decays = np.stack(columns, axis=1) if varying else None
    synapses: Dense | Conv2d
    if engine.window is None:
        synapses = Dense(weight=_integers(rng, engine.weight, (engine.neurons, engine.inputs)), bias=bias)
    else:
        synapses = _convolution(engine.window, engine.weight, bias, rng)
    return Stage(name=name, synapses=synapses, neuron=engine.neuron, recurrent=recurrent, decays=decays)


def _ann_neuron(engine: EventParams, rng: np.random.Generator) -> Requantize | Accumulator:
    """What becomes of the sums in an ANN's layer on an event engine."""
    if engine.activation is None:
        return Accumulator(fraction_bits=engine.neuron.weight_shift)
    largest = engine.activation.requantize.multiplier.max
    multiplier = rng.integers(1, largest, size=engine.neurons, endpoint=True)
    return Requantize(
        multiplier=multiplier,
        shift=engine.activation.shift,
        clamp=engine.activation.clamp,
        fraction_bits=engine.neuron.weight_shift,
    )


def _convolution(window: EventWindow, fmt: IntFormat, bias: Array, rng: np.random.Generator) -> Conv2d:
    """A convolution whose weights are equal within the pools of ``window``."""
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
    """``count`` samples for a design: nothing at all, everything at its maximum, then ever denser random ones.

    (count, values of a frame), or (count, steps, inputs) if the accelerator takes a frame for each step, or spikes.
    """
    rng = np.random.default_rng(seed)
    spec, params = design.network.input, design.params
    is_frame = params.host_input is HostInput.DENSE and not isinstance(params.engines[0], DeltaParams)
    shape = (params.input.addresses,) if is_frame else (spec.looks or spec.steps, spec.inputs)
    samples: list[Array] = [np.zeros(shape, dtype=np.int64), np.full(shape, params.input.payload.max, dtype=np.int64)]
    for index in range(2, count):
        kept = rng.random(shape) < (index - 1) / (count - 1)
        samples.append(_integers(rng, params.input.payload, shape) * kept)
    return np.stack(samples[:count])


def blank_design(params: AcceleratorParams) -> Design:
    """All memories zero: what an accelerator holds that is generated without a network."""
    design = random_design(params, seed=0)
    stages: list[Stage] = []
    for index, engine in enumerate(params.engines):
        weight = int(isinstance(engine, SystolicParams) and engine.array.weight_bits == 1)  # stored as 0
        for stage in design.stages_of(index):
            synapses = stage.weighted
            blank = replace(synapses, weight=np.full_like(synapses.weight, weight), bias=np.zeros_like(synapses.bias))
            recurrent = None if stage.recurrent is None else np.zeros_like(stage.recurrent)
            decays = None if stage.decays is None else np.zeros_like(stage.decays)
            delays = None if stage.delays is None else np.zeros_like(stage.delays)
            stages.append(replace(stage, synapses=blank, recurrent=recurrent, decays=decays, delays=delays))
    return replace(design, network=replace(design.network, stages=tuple(stages)))
