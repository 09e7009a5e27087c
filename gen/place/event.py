"""Memory contents and random layers, common to all engines with the event datapath."""

from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.placer import MemoryInit, random_integers
from tospike.hw.params import EventParams, EventWindow, IntFormat, NeuronParams
from tospike.hw.spiking import layout
from tospike.sim.design import Design
from tospike.sim.network import Array, Conv2d, Dense, Requantize, Stage
from tospike.sim.spiking.arrays import engine_arrays


def pack_event(params: EventParams, design: Design, index: int) -> MemoryInit:
    """Return the contents of the memories: weights, biases, decays, multipliers and a threshold."""
    arrays, neuron = engine_arrays(params, design, index), design.stages_of(index)[0].neuron
    recurrent = None if arrays.recurrent is None else arrays.recurrent.tolist()
    decays = None if arrays.decays is None else arrays.decays.tolist()
    multipliers = neuron.multiplier.tolist() if isinstance(neuron, Requantize) else None
    threshold = getattr(neuron, "threshold", None)
    return layout.pack(
        params, arrays.weight.tolist(), arrays.bias.tolist(), recurrent, decays, multipliers, threshold=threshold
    )


def random_layer(name: str, engine: EventParams, rng: np.random.Generator) -> Stage:
    """Return a layer with random weights, biases and decays."""
    bias_format = min(engine.weight, engine.neuron.accumulated, key=lambda fmt: fmt.bits)
    shape = (engine.channels,)
    bias = random_integers(rng, bias_format, shape) if engine.bias else np.zeros(shape, dtype=np.int64)
    if engine.neuron.initial:  # initial membrane plus bias must fit
        headroom = engine.neuron.accumulated.max - abs(engine.neuron.initial)
        bias = bias.clip(-headroom, headroom)
    square = (engine.neurons, engine.neurons)
    recurrent = random_integers(rng, engine.weight, square) if engine.recurrent else None
    varying = engine.neuron.varying.values()
    columns = [rng.integers(0, constant.largest, engine.channels, endpoint=True) for constant in varying]
    decays = np.stack(columns, axis=1) if varying else None
    synapses: Dense | Conv2d
    if engine.window is None:
        synapses = Dense(weight=random_integers(rng, engine.weight, (engine.neurons, engine.inputs)), bias=bias)
    else:
        synapses = _convolution(engine.window, engine.weight, bias, rng)
    return Stage(
        name=name, synapses=synapses, neuron=_random_neuron(engine.neuron, rng), recurrent=recurrent, decays=decays
    )


def _random_neuron(neuron: NeuronParams, rng: np.random.Generator) -> NeuronParams:
    """Return the neuron with a random threshold, if the host writes it."""
    if not neuron.host_threshold:
        return neuron
    threshold: dict[str, Any] = {"threshold": int(rng.integers(1, neuron.state.max))}
    return replace(neuron, **threshold)


def _convolution(window: EventWindow, fmt: IntFormat, bias: Array, rng: np.random.Generator) -> Conv2d:
    """Return a convolution whose weights are equal within the pools of ``window``."""
    (high, wide), (top, left, bottom, right) = window.pool, window.padding
    inner = 1 if window.depthwise else window.shape[0]
    weight = random_integers(rng, fmt, (window.channels, inner, *window.kernel))
    return Conv2d(
        shape=window.shape,
        weight=weight.repeat(high, axis=2).repeat(wide, axis=3),
        bias=bias,
        stride=(window.stride[0] * high, window.stride[1] * wide),
        padding=(top * high, left * wide, bottom * high, right * wide),
        groups=window.shape[0] if window.depthwise else 1,
    )
