"""Average pools in exact pairs: none of their own, as rounding a mean would be a second quantiser.

A mean is linear, so a pool is merged into the weights after it, whose kernel is then the pool's times as large. The
spiking layer finds the pool in these weights again (`tospike.gen.place.windows`), as does an array: it sums first.
"""

import math
from dataclasses import replace

import numpy as np

from tospike.gen.place.windows import window_of
from tospike.hw.params import IntFormat, require
from tospike.sim.network import (
    Activation,
    AveragePool2d,
    Conv2d,
    Dense,
    Network,
    Requantize,
    Shape,
    Stage,
    SumPool2d,
    Window,
)

WIDEST = IntFormat(bits=8, signed=False)
"""The widest activations of an array."""
IDENTITY = 14
"""Shift of a requantiser whose multiplier is as much: it sends the sum itself."""


def without_pools(network: Network) -> Network:
    """Return a float network with each average pool merged into the layer after it.

    Raises
    ------
    InputError
        Windows of a pool overlap, or leave values out; or no layer with weights follows.
    """
    stages: list[Stage] = []
    pool: AveragePool2d | None = None
    for stage in network.stages:
        synapses, last = stage.synapses, stage is network.stages[-1]
        if not isinstance(synapses, AveragePool2d):
            stages.append(stage if pool is None else replace(stage, synapses=_merged(stage, pool)))
            pool = None
            continue
        window, (_, *size) = synapses.window, synapses.shape
        tiles = window.kernel == window.stride and not any(window.padding)
        fits = all(extent % kernel == 0 for extent, kernel in zip(size, window.kernel, strict=True))
        require(
            tiles and fits and pool is None and not last and stage.neuron == Activation(relu=False),
            f"pool {stage.name!r} does not tile its image and precede a layer with weights: an exact pair merges it "
            "into those",
        )
        pool = synapses
    return replace(network, stages=tuple(stages))


def _merged(stage: Stage, pool: AveragePool2d) -> Dense | Conv2d:
    """Return a layer's synapses on the image in front of the pool."""
    synapses, (high, wide) = stage.weighted, pool.window.kernel
    image = synapses.weight if isinstance(synapses, Conv2d) else synapses.weight.reshape(-1, *pool.output_shape)
    weight = image.repeat(high, axis=2).repeat(wide, axis=3) / (high * wide)
    if isinstance(synapses, Dense):
        return replace(synapses, weight=weight.reshape(len(weight), -1), grid=None)
    top, left, bottom, right = synapses.padding
    return replace(
        synapses,
        shape=pool.shape,
        weight=weight,
        stride=(synapses.stride[0] * high, synapses.stride[1] * wide),
        padding=(top * high, left * wide, bottom * high, right * wide),
        grid=None,
    )


def with_pool(stage: Stage, arriving: Shape, most: int) -> tuple[Stage, ...]:
    """Return an integer layer as an array runs it: if weights are equal within tiles, behind a sum of each tile, unless
    that is wider than an array's activations.

    Parameters
    ----------
    arriving
        Shape of the previous layer's output; () for the network's input.
    most
        The largest input, none being negative.
    """
    window = window_of(stage, arriving)
    if window is None or window.pool == (1, 1) or most * math.prod(window.pool) > WIDEST.max:
        return (stage,)
    synapses, (high, wide), (channels, height, width) = stage.weighted, window.pool, window.shape
    sums = SumPool2d(
        shape=window.shape,
        window=Window(kernel=window.pool, stride=window.pool),
        bias=np.zeros(channels, dtype=np.int64),
    )
    unit = np.full(channels, 1 << IDENTITY, dtype=np.int64)
    pool = Stage(
        name=f"{stage.name}_pool",
        synapses=sums,
        neuron=Requantize(multiplier=unit, shift=IDENTITY, clamp=(0, most * high * wide)),
    )
    image = synapses.weight if isinstance(synapses, Conv2d) else synapses.weight.reshape(-1, *window.shape)
    weight = image[:, :, ::high, ::wide]
    if isinstance(synapses, Dense):
        return pool, replace(stage, synapses=replace(synapses, weight=weight.reshape(len(weight), -1)))
    top, left, bottom, right = synapses.padding
    smaller = replace(
        synapses,
        shape=(channels, height // high, width // wide),
        weight=weight,
        stride=(max(1, synapses.stride[0] // high), max(1, synapses.stride[1] // wide)),
        padding=(top // high, left // wide, bottom // high, right // wide),
    )
    return pool, replace(stage, synapses=smaller)
