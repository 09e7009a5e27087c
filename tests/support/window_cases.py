"""Random engines with windows of weights, and the dense weights that they stand for."""

from dataclasses import replace

import numpy as np
from support.event_engine import random_decays, random_neuron

from tospike.hw.params import SPIKE, EventWindow, IntFormat, NeuronKind, Readout, SpikingParams


def random_window(rng, *, depthwise=None):
    """Any geometry, of a few neurons: one pixel wide, stride beyond the kernel, windows that see padding only."""

    def choose(*options):
        return options[rng.integers(len(options))]

    pool = choose((1, 1), (1, 1), (2, 2), (1, 3))
    pooled = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    padding = tuple(int(rng.integers(0, 3)) for _ in range(4))
    most = min(4, pooled[0] + padding[0] + padding[2]), min(4, pooled[1] + padding[1] + padding[3])
    channels = choose(1, 2, 3)
    depthwise = choose(False, False, True) if depthwise is None else depthwise
    return EventWindow(
        shape=(channels, pooled[0] * pool[0], pooled[1] * pool[1]),
        channels=channels * choose(1, 2, 4) if depthwise else choose(1, 3, 4, 5),
        kernel=(int(rng.integers(1, most[0] + 1)), int(rng.integers(1, most[1] + 1))),
        stride=(choose(1, 2, 3), choose(1, 2, 3)),
        padding=padding,
        pool=pool,
        depthwise=depthwise,
    )


def useful_lanes(window):
    """Numbers of lanes that an engine with this window takes."""
    each = window.fan_out
    return [n for n in range(1, window.channels + 1) if not window.depthwise or n % each == 0 or each % n == 0]


def without_noise(params):
    """The same engine: a plain model has no random sequence."""
    neuron = params.neuron
    return params if neuron.noise is None else replace(params, neuron=replace(neuron, noise=None))


def random_window_case(rng, *, readout=None, window=None, kind=None):
    """Parameters, weights, biases, inputs, no recurrent weights, decays."""

    def choose(*options):
        return options[rng.integers(len(options))]

    window = window or random_window(rng)
    readout = readout or choose(*Readout)
    kinds = [kind for kind in NeuronKind if kind.spikes or readout is Readout.MEMBRANE]
    params = SpikingParams(
        inputs=window.inputs,
        neurons=window.neurons,
        lanes=choose(*useful_lanes(window)),
        payload=choose(SPIKE, IntFormat(bits=3, signed=True), IntFormat(bits=2, signed=False)),
        weight_bits=4,
        neuron=random_neuron(rng, kind or choose(*kinds)),
        readout=readout,
        count_bits=choose(1, 4),
        bias=choose(False, True),
        window=window,
    )
    inner = 1 if window.depthwise else window.shape[0]
    weight = rng.integers(-8, 8, (window.channels, inner, *window.kernel))
    bias = rng.integers(-6, 7, window.channels) * params.bias
    payload = params.payload
    inputs = rng.integers(payload.min, payload.max + 1, (3, choose(1, 2, 4), params.inputs))
    inputs = inputs * (rng.random(inputs.shape) < choose(0.0, 0.1, 0.5, 1.0))
    decays = random_decays(rng, params)
    return params, weight, bias, inputs, None, None if decays is None else decays[: window.channels]


def dense_weights(window, weight):
    """(neurons, inputs), by the definition of a convolution behind a pool; both position by position."""
    channels, height, width = window.shape
    dense = np.zeros((*window.size, window.channels, height, width, channels), dtype=int)
    top, left = window.padding[:2]
    for i, j, o, c, ky, kx in np.ndindex(*window.size, window.channels, channels, *window.kernel):
        y, x = i * window.stride[0] + ky - top, j * window.stride[1] + kx - left
        if not (0 <= y < window.pooled[0] and 0 <= x < window.pooled[1]):
            continue
        if window.depthwise and o // window.fan_out != c:
            continue
        value = weight[o, 0 if window.depthwise else c, ky, kx]
        for dy, dx in np.ndindex(*window.pool):
            dense[i, j, o, y * window.pool[0] + dy, x * window.pool[1] + dx, c] = value
    return dense.reshape(window.neurons, window.inputs)
