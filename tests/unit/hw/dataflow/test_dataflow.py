"""The dataflow engine against its golden model: values, the cycle of every beat under any back-pressure, counters."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.beat_bench import check_beats
from support.dataflow import U4, chain, layer, random_layers
from support.stream_bench import simulate

from tospike.gen.emit.beats import answer_words, input_beats
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.arithmetic import shape_of
from tospike.hw.dataflow import layout
from tospike.hw.dataflow.dot import TableProduct
from tospike.hw.memory import banked_latency
from tospike.hw.params import (
    MAX_FOLD,
    ArrayParams,
    DenseLayer,
    HostOutput,
    InputError,
    IntFormat,
    RequantizeParams,
    SystolicParams,
)
from tospike.hw.requantize import Requantizer
from tospike.sim import accelerator
from tospike.sim.dataflow.golden import run

SIGNED = IntFormat(bits=5, signed=True)
U2, S2 = (IntFormat(bits=2, signed=signed) for signed in (False, True))
LAYERS = {
    "one by one": layer(1, 1, 1, 1, input_lanes=1),
    "one by one, all at once": layer(1, 1, 4, 1, last=True),
    "all at once": layer(7, 5, 8, 5, output_lanes=5),
    "neurons one by one": layer(7, 5, 8, 1),
    "inputs one by one": layer(7, 5, 1, 5, output_lanes=5),
    "one product": layer(6, 5, 1, 1),
    "beats are words": layer(10, 6, 4, 2),
    "beats are joined, the last word has one": layer(9, 6, 8, 2),
    "beats are split, the last one partly": layer(9, 6, 2, 4, output_lanes=2),
    "a group is not full": layer(12, 7, 4, 3),
    "a group leaves in as many cycles as it takes": layer(8, 12, 4, 4, output_lanes=2),
    "the last group's beats are fewer": layer(16, 5, 4, 3),
    "the first beat of the last group is the last one": layer(12, 5, 4, 4, output_lanes=4),
    "a place for a single group": layer(16, 19, 1, 18, output_lanes=9, last=True),
    "signed": layer(9, 7, 4, 2, act=SIGNED, acc_bits=16, clamp=(-16, 15), shift=18),
    "signed, in LUTs": layer(9, 7, 4, 2, act=SIGNED, acc_bits=16, clamp=(-16, 15), shift=18, dsp_products=0),
    "weights of 9 bits, half in LUTs": layer(9, 7, 4, 3, weight_bits=9, acc_bits=20, dsp_products=7, shift=20),
    "accumulators": layer(9, 7, 4, 2, last=True),
    "tables": layer(9, 7, 4, 2, act=U2, weight_bits=3, clamp=(0, 3), shift=16),
    "tables, one by one": layer(3, 3, 1, 1, input_lanes=1, act=U2, weight_bits=2, last=True),
    "tables of signed values, all at once": layer(8, 4, 8, 4, act=S2, weight_bits=2, output_lanes=4, last=True),
    "few bits, but DSP blocks": layer(9, 7, 4, 2, act=U2, weight_bits=3, clamp=(0, 3), shift=16, dsp_products=8),
    "finer biases": layer(9, 7, 4, 2, acc_bits=16, shift=20, requantize=RequantizeParams(fraction_bits=2)),
    "accumulators with finer biases": layer(
        9, 7, 4, 2, last=True, acc_bits=16, requantize=RequantizeParams(fraction_bits=2)
    ),
}


def golden(params, stages, x):
    (stage,) = stages
    return run(params, stage, x)


def contents(params, stages):
    (stage,) = stages
    multipliers = getattr(stage.neuron, "multiplier", None)
    return layout.pack(
        params,
        weights=stage.dense.weight.tolist(),
        biases=stage.dense.bias.tolist(),
        multipliers=None if multipliers is None else multipliers.tolist(),
    )


def check(params, **options):
    return check_beats(params, golden, contents, **options)


@pytest.mark.parametrize("params", LAYERS.values(), ids=LAYERS)
def test_every_beat_leaves_when_the_golden_model_says(params):
    check(params)
    check(params, seed=4, frames=6, gap=0.3, stall=0.6)
    check(params, seed=5, frames=6, stall=0.9)
    check(params, seed=6, gap=0.8)


@pytest.mark.parametrize("params", LAYERS.values(), ids=LAYERS)
def test_a_frame_follows_another_after_as_many_cycles_as_it_takes(params):
    """The slowest of: link in, array, link out."""
    left = np.array(check(params, frames=8)).reshape(8, -1)
    period = max(params.input.beats, params.words, params.fold)
    assert (np.diff(left[3:], axis=0) == period).all()


@pytest.mark.parametrize("seed", range(8))
def test_random_chains_behind_the_host_port(seed):
    params = random_layers(np.random.default_rng(seed))
    design = random_design(params, seed=seed)
    x = random_samples(design, 4, seed=seed)
    expected = accelerator.run(design, x)
    answers, counters = answers_and_counters(design, x)
    words = np.array([answer_words(params, beats) for beats, _ in answers], dtype=np.uint32).astype(np.int32)
    assert words.tolist() == expected.outputs.tolist()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    del counters["cycles"]
    assert counters == {name: int(count.sum()) for name, count in expected.counters.items()}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_many_random_chains(seed):
    test_random_chains_behind_the_host_port(seed)


@pytest.mark.parametrize(("a", "b"), [(1, 4), (2, 3), (-2, 2), (-1, 4), (-3, 2)])
def test_every_product_of_few_bits(a, b):
    """Exhaustively; a negative width is that of a signed operand."""
    a, b = (IntFormat(bits=abs(width), signed=signed) for width, signed in ((a, a < 0), (b, True)))
    dut = TableProduct(shape_of(a), shape_of(b))
    pairs = list(product(range(a.min, a.max + 1), range(b.min, b.max + 1)))

    async def bench(ctx):
        products = []
        for one, other in pairs:
            ctx.set(dut.a, one)
            ctx.set(dut.b, other)
            await ctx.tick()
            products.append(ctx.get(dut.product))
        return products

    assert simulate(dut, bench)[0] == [one * other for one, other in pairs]


def test_latencies_are_those_of_the_parts():
    assert layout.REQUANTIZE_LATENCY == Requantizer.LATENCY
    assert banked_latency(MAX_FOLD) == layout.OPERAND_LATENCY


def test_memory_contents_follow_the_folding():
    params = layer(3, 3, 2, 2, input_lanes=1, output_lanes=2, acc_bits=12)
    contents = layout.pack(params, weights=[[1, 2, 3], [4, 5, 6], [7, -1, 0]], biases=[1, -1, 2], multipliers=[3, 4, 5])
    assert contents["weights"] == [0x5421, 0x0603, 0x00F7, 0x0000]
    first, second = 3 << 12 | 0x001, 4 << 12 | 0xFFF
    assert contents["channels"] == [first | second << 28, 5 << 12 | 2]
    assert [(shape.width, shape.depth) for shape in layout.memories(params)] == [(16, 4), (56, 2)]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"simd": 6}, "simd 6 must be a multiple or a divisor of the 4 lanes of the input link"),
        ({"output_lanes": 4}, "pe 6 must be a multiple of the 4 lanes of the output link"),
        ({"simd": 24}, "6 neurons leave 1 at a time in 6 cycles, but are computed in 1: give more output lanes"),
        ({"weight_bits": 1}, "weight-bits must be an integer from 2 to 9, not 1"),
        ({"dsp_products": 25}, "dsp-products must be an integer from 0 to 24, not 25"),
        ({"clamp": (0, 16)}, r"results must be clamped to the activation format, not \(0, 16\)"),
        ({"clamp": None}, "a layer that sends its accumulators has no shift"),
        ({"inputs": 1 << 16}, "fold must be an integer from 1 to 8192, not 16384"),
    ],
)
def test_parameters_that_cannot_be(knobs, message):
    good = layer(24, 6, 4, 6)
    with pytest.raises(InputError, match=message):
        replace(good, **knobs)


def test_wrong_contents_are_refused():
    params = layer(2, 1, 1, 1, input_lanes=1)
    good = {"weights": [[1, 2]], "biases": [0], "multipliers": [1]}
    for wrong, message in (
        ({"weights": [[1]]}, "the layer needs 1 x 2 weights"),
        ({"weights": [[1, 8]]}, "weights must be from -8 to 7"),
        ({"biases": [1 << 20]}, "biases must be from"),
        ({"multipliers": [1 << 16]}, "multipliers must be from 0 to 65535"),
        ({"multipliers": None}, "the layer needs multipliers and a clamp, or neither"),
        ({"biases": [0, 0]}, "the layer needs 1 biases and multipliers, not 2 and 1"),
    ):
        with pytest.raises(InputError, match=message):
            layout.pack(params, **{**good, **wrong})


def test_a_chain_must_join():
    with pytest.raises(InputError, match="the first engine must have 4 input lanes, one for each byte of a beat"):
        chain(layer(4, 2, 2, 1, input_lanes=2))
    with pytest.raises(InputError, match=r"engine 0 sends .* but engine 1 takes"):
        chain(layer(4, 2, 2, 1), layer(2, 2, 2, 1, input_lanes=2))
    assert chain(layer(4, 2, 2, 1)).input.payload == U4


def test_packed_streams():
    """A frame of 16 values of 4 bits in a beat, 5 results in one of 8 words; the other words are 0."""
    params = chain(layer(16, 5, 16, 5, input_lanes=16, output_lanes=5, last=True), host_bits=256)
    design = random_design(params, seed=1)
    x = random_samples(design, 3, seed=1)
    expected = accelerator.run(design, x)
    answers, _ = answers_and_counters(design, x)
    for (beats, cycles), outputs, wanted in zip(answers, expected.outputs.tolist(), expected.cycles, strict=True):
        (beat,) = beats
        assert beat == sum((value & 0xFFFF_FFFF) << 32 * lane for lane, value in enumerate(outputs))
        assert cycles == wanted
    first, second = (list(input_beats(params, sample)) for sample in x[1:])
    assert [beat.last for beat in first + second] == [True, True]
    assert [first[0].data >> 4 * lane & 15 for lane in range(16)] == x[1].tolist()


@pytest.mark.parametrize(("host_bits", "group", "lanes"), [(32, 12, 1), (128, 12, 4), (128, 5, 1), (256, 3, 6)])
def test_results_side_by_side_are_a_multiple_or_a_part_of_a_group(host_bits, group, lanes):
    params = chain(layer(4, 30, 1, group, input_lanes=1, output_lanes=group), host_bits=host_bits)
    assert params.packed_output.lanes == lanes
    assert replace(params, host_output=HostOutput.ARGMAX).packed_output is None


def test_streams_that_cannot_be_packed():
    with pytest.raises(InputError, match="host-bits must be 32, 64, 128, 256, not 48"):
        chain(layer(4, 2, 2, 1), host_bits=48)
    with pytest.raises(InputError, match="17 values of 4 bits do not fit a beat of 64"):
        chain(layer(34, 2, 17, 1, input_lanes=17), host_bits=64)
    engine = SystolicParams(array=ArrayParams(rows=1, cols=1), layers=(DenseLayer(rows=1, inputs=2, outputs=2),))
    with pytest.raises(InputError, match="only dataflow engines have packed host streams: leave --host-bits out"):
        chain(engine, host_bits=64)
