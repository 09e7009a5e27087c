"""Samples back to back: when each answer leaves, by the golden model and in RTL."""

import numpy as np
import pytest
from support.accelerator_bench import departures_of
from support.dataflow import chain, layer, random_layers
from support.unrolled import unrolled

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import AcceleratorParams, ArrayParams, DenseLayer, HostOutput, InputError, SystolicParams
from tospike.sim import accelerator
from tospike.sim.cycles.back_to_back import departures, interval

CHAINS = {
    "folded": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1, last=True)),
    "the class": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1), host_output=HostOutput.ARGMAX),
    "packed": chain(layer(12, 8, 4, 2), layer(8, 5, 2, 1, input_lanes=1, last=True), host_bits=128),
    "unrolled": chain(unrolled([8, 6, 4]), host_bits=128),
    "unrolled, a word per result": chain(unrolled([8, 6, 4], input_lanes=4)),
    "unrolled and folded": chain(
        unrolled([8, 6], last=False), layer(6, 5, 3, 1, input_lanes=6, last=True), host_bits=128
    ),
}


def check(params, samples=12):
    design = random_design(params, seed=1)
    x = random_samples(design, samples, seed=1)
    golden = departures(params, samples)
    assert departures_of(design, x) == golden.tolist()
    assert golden[0] == accelerator.run(design, x[:1]).cycles[0]
    return np.diff(golden)


@pytest.mark.parametrize("params", CHAINS.values(), ids=CHAINS)
def test_every_answer_leaves_when_the_golden_model_says(params):
    check(params)


@pytest.mark.parametrize("seed", range(4))
def test_random_chains(seed):
    check(random_layers(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_random_chains(seed):
    check(random_layers(np.random.default_rng(seed)))


def test_a_sample_per_cycle():
    assert (check(CHAINS["unrolled"], samples=60) == 1).all()


def test_the_interval_of_a_long_stream():
    assert [interval(CHAINS[name]) for name in ("packed", "unrolled", "unrolled, a word per result")] == [20, 1, 6]


def test_the_slowest_layer_determines_the_throughput():
    params = CHAINS["packed"]
    assert (check(params)[4:] == max(engine.fold for engine in params.engines)).all()


def test_other_engines_have_a_sample_at_a_time():
    engine = SystolicParams(array=ArrayParams(rows=1, cols=1), layers=(DenseLayer(rows=1, inputs=2, outputs=2),))
    with pytest.raises(InputError, match="known for dataflow engines only: give --engine dataflow"):
        departures(AcceleratorParams(name="a", engines=(engine,)), 3)
    assert interval(AcceleratorParams(name="a", engines=(engine,))) is None
