"""The unrolled engine against its golden model: values, the cycle of every beat under any back-pressure, counters."""

from dataclasses import replace

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.beat_bench import check_beats, played
from support.dataflow import chain, layer
from support.unrolled import unrolled

from tospike.gen.emit.beats import answer_words
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import InputError, IntFormat, PrimitiveSet, RequantizeParams, Rounding
from tospike.hw.unrolled import layout
from tospike.sim import accelerator
from tospike.sim.unrolled.golden import run

SIGNED = IntFormat(bits=5, signed=True)
U1 = IntFormat(bits=1, signed=False)
ENGINES = {
    "a layer": unrolled([6, 5]),
    "one by one": unrolled([1, 1], density=1),
    "requantised": unrolled([6, 5], last=False),
    "powers of two": unrolled([6, 5, 4], scaled=False),
    "three layers": unrolled([7, 6, 5, 3]),
    "some multipliers are DSP blocks": unrolled([5, 6, 2], dsps=3),
    "a frame of several beats": unrolled([7, 5, 2], input_lanes=2),
    "a beat of more than a frame": unrolled([5, 4], input_lanes=8),
    "two adders between registers": unrolled([9, 5, 4], adder_levels=2),
    "signed": unrolled([6, 5, 3], act=SIGNED, weight_bits=6),
    "spikes and small weights": unrolled([12, 6, 3], act=U1, weight_bits=2),
    "weights of 9 bits": unrolled([5, 5, 3], weight_bits=9, density=0.9),
    "finer biases": unrolled([6, 5, 3], requantize=RequantizeParams(fraction_bits=2)),
    "only zeros": unrolled([3, 2], density=0),
}


def golden(params, stages, x):
    return run(params, stages, x)


def contents(params, stages):
    factors = [getattr(stage.neuron, "multiplier", None) for stage in stages]
    return layout.pack(
        params,
        weights=[stage.dense.weight.tolist() for stage in stages],
        biases=[stage.dense.bias.tolist() for stage in stages],
        multipliers=[None if each is None else each.tolist() for each in factors],
    )


@pytest.mark.parametrize("params", ENGINES.values(), ids=ENGINES)
def test_every_beat_leaves_when_the_golden_model_says(params):
    check_beats(params, golden, contents, frames=12)
    check_beats(params, golden, contents, seed=4, frames=40, gap=0.3, stall=0.6)
    check_beats(params, golden, contents, seed=5, frames=40, stall=0.9)


def test_a_frame_per_cycle():
    params = unrolled([7, 6, 3])
    left = check_beats(params, golden, contents, frames=60)
    assert left == list(range(left[0], left[0] + 60))
    assert left[0] == layout.latency(params) + layout.QUEUE_LATENCY


@pytest.mark.parametrize("seed", range(4))
def test_random_engines(seed):
    check_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_many_random_engines(seed):
    check_random(seed)


def check_random(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 12, rng.integers(2, 5)).tolist()
    params = unrolled(
        sizes,
        seed=seed,
        density=rng.random(),
        weight_bits=int(rng.integers(2, 9)),
        act=IntFormat(bits=int(rng.integers(2, 8)), signed=bool(rng.integers(2))),
        input_lanes=int(rng.integers(1, 14)),
        scaled=bool(rng.integers(2)),
        last=bool(rng.integers(2)),
        dsps=int(rng.integers(0, 5)),
        adder_levels=int(rng.integers(1, 4)),
        requantize=RequantizeParams(fraction_bits=int(rng.integers(0, 3))),
    )
    check_beats(params, golden, contents, seed=seed, frames=20, gap=rng.random() / 2, stall=rng.random() / 2)


def test_behind_the_host_port_and_beside_a_folded_layer():
    """Its results are split to words of the next layer, a beat of the layer before it is a frame."""
    params = chain(
        layer(8, 6, 4, 6, output_lanes=6),
        unrolled([6, 5, 4], last=False),
        layer(4, 3, 2, 1, input_lanes=4, last=True),
        host_bits=64,
    )
    design = random_design(params, seed=2)
    x = random_samples(design, 4, seed=2)
    expected = accelerator.run(design, x)
    answers, counters = answers_and_counters(design, x)
    words = np.array([answer_words(params, beats) for beats, _ in answers], dtype=np.uint32).astype(np.int32)
    assert words.tolist() == expected.outputs.tolist()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    del counters["cycles"]
    assert counters == {name: int(count.sum()) for name, count in expected.counters.items()}


@pytest.mark.parametrize("weight", range(-8, 8))
def test_every_weight_times_every_input(weight):
    """One product of 4 by 4 bits, exhaustively."""
    params = unrolled([1, 1], density=1)
    params = replace(params, layers=(replace(params.layers[0], terms=3, adders=8),))
    made = layout.pack(params, weights=[[[weight]]], biases=[[5]], multipliers=[None])
    beats = [[value] for value in range(16)]
    _, _, got, _ = played(params, made, beats, [0] * 16, np.ones(200, dtype=bool), 16)
    assert got == [[weight * value + 5] for value in range(16)]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"act": IntFormat(bits=9, signed=False)}, "act-bits must be an integer from 1 to 8, not 9"),
        ({"layers": ()}, "an unrolled engine needs at least one layer"),
        ({"adder_levels": 0}, "adder-levels must be an integer from 1 to 4, not 0"),
        ({"requantize": RequantizeParams(rounding=Rounding.FLOOR)}, "round to nearest, not floor"),
        ({"act": IntFormat(bits=3, signed=False)}, r"results must be clamped to the activation format, not \(0, 15\)"),
        (
            {"layers": unrolled([6, 5]).layers + unrolled([5, 4]).layers},
            "a layer of 5 results, requantised or not, cannot feed one of 5 inputs",
        ),
    ],
)
def test_parameters_that_cannot_be(knobs, message):
    with pytest.raises(InputError, match=message):
        replace(unrolled([6, 5, 4]), **knobs)


def test_contents_that_do_not_suit_the_layer_are_refused():
    params = unrolled([2, 1], scaled=False, last=False)
    params = replace(params, layers=(replace(params.layers[0], terms=2, adders=2),))
    good = {"weights": [[[1, 2]]], "biases": [[0]], "multipliers": [[4]]}
    layout.pack(params, **good)
    for wrong, message in (
        ({"weights": [[[1]]]}, "the layer needs 1 x 2 weights"),
        ({"weights": [[[1, 8]]]}, "weights must be from -8 to 7"),
        ({"biases": [[3]]}, "the longest sum has 3 terms, but the layer's adder trees are for 2"),
        ({"weights": [[[3, 3]]]}, "the sums take 3 adders, but the layer has 2"),
        ({"multipliers": [[3]]}, "the layer has no multipliers, but a multiplier is no power of two"),
        ({"multipliers": [[1 << 16]]}, "multipliers must be from 0 to 65535"),
        ({"multipliers": [None]}, "the layer needs multipliers and a clamp, or neither"),
        ({"biases": [[0, 0]]}, "the layer needs 1 biases and multipliers, not 2 and 1"),
    ):
        with pytest.raises(InputError, match=message):
            layout.pack(params, **{**good, **wrong})


def test_primitives_are_those_of_the_device():
    assert unrolled([2, 1]).with_primitives(PrimitiveSet.ECP5).primitive_sets == (PrimitiveSet.ECP5,)
