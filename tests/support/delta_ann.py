"""Chains of layers of a delta ANN, and their RTL."""

from itertools import pairwise

import numpy as np
from support.chains import run_rtl

from tospike.hw.params import (
    AcceleratorParams,
    ChangeParams,
    DeltaAnnParams,
    DeltaParams,
    IntFormat,
)
from tospike.sim import accelerator as golden
from tospike.sim.network import Requantize

U4, S4, U1 = IntFormat(bits=4, signed=False), IntFormat(bits=4, signed=True), IntFormat(bits=1, signed=False)


U8 = IntFormat(bits=8, signed=False)


def chain(act, sizes, *, lanes, frames, threshold=0, shift=12, bias=True, weight_bits=4, finer=0):
    """Layers of ``sizes`` neurons; the first size is that of the input."""
    engines = [DeltaParams(inputs=sizes[0], steps=frames, threshold=threshold, amounts=True, payload=act)]
    for number, (inputs, neurons) in enumerate(pairwise(sizes), start=1):
        last = number == len(sizes) - 1
        activation = ChangeParams(act=act, clamp=(act.min, act.max), shift=shift, change_threshold=threshold)
        engines.append(
            DeltaAnnParams(
                inputs=inputs,
                neurons=neurons,
                lanes=lanes,
                act=act,
                weight_bits=weight_bits,
                state_bits=18 + finer,
                fraction_bits=finer,
                bias=bias,
                activation=None if last else activation,
            )
        )
    return AcceleratorParams(name="chain", engines=tuple(engines))


CHAINS = {
    "one frame": chain(U4, (9, 7, 5), lanes=3, frames=1),
    "two frames, one wide": chain(S4, (1, 1, 1), lanes=1, frames=2),
    "three layers": chain(U4, (5, 11, 9, 4), lanes=4, frames=4),
    "threshold": chain(U4, (7, 9, 6), lanes=2, frames=5, threshold=3),
    "bits": chain(U1, (12, 6, 3), lanes=2, frames=3, shift=14),
    "no bias": chain(S4, (16, 8, 8), lanes=8, frames=2, shift=18, bias=False, threshold=1),
    "one layer": chain(U4, (6, 3), lanes=1, frames=3),
    "bytes": chain(U8, (3, 5, 6), lanes=4, frames=3, shift=16, weight_bits=8),
    "biases finer than sums": chain(U4, (6, 5, 3), lanes=2, frames=3, shift=16, finer=4),
    "slow last layer": chain(U4, (3, 5, 40), lanes=1, frames=3),
}


def walks(params, count, seed):
    """Nothing, everything at its maximum, back and forth, constant, a lone change in the last frame, then walks."""
    rng = np.random.default_rng(seed)
    first = params.engines[0]
    low, high = first.payload.min, first.payload.max
    shape = (first.steps, first.inputs)
    x = np.cumsum(rng.integers(-2, 3, (count, *shape)), axis=1) + rng.integers(low, high + 1, (count, 1, shape[1]))
    x = x.clip(low, high)
    x[0], x[1] = 0, high
    x[2] = np.where(np.arange(shape[0]) % 2 == 0, high, low)[:, None]
    x[3] = rng.integers(low, high + 1, shape[1])
    x[4], x[4, -1, -1] = 0, high
    return x


def synapses(design):
    """As `run_rtl` takes them."""
    for stage in design.network.stages:
        factors = stage.neuron.multiplier if isinstance(stage.neuron, Requantize) else None
        yield stage.dense.weight, stage.dense.bias, None, None, factors


def check_rtl(params, design, samples):
    expected = golden.run(design, samples)
    results, counters = run_rtl(params, synapses(design), samples)
    assert [words for words, _ in results] == [[int(v) & 0xFFFF_FFFF for v in row] for row in expected.outputs]
    for index, counted in enumerate(counters):
        assert counted == {name: int(expected.counters[f"{index}.{name}"].sum()) for name in counted}
    assert [cycles for _, cycles in results] == expected.cycles.tolist()
    return counters
