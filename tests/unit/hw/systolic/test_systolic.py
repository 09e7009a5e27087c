"""The systolic engine against its golden model: tokens, cycles, counters."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine_bench import check_engine, frame_tokens, play
from support.stream_bench import send_tokens, simulate

from tospike.gen.place.array import random_table, tables
from tospike.hw.layout import config_writes
from tospike.hw.params import (
    ArrayParams,
    Dataflow,
    DenseLayer,
    InputError,
    IntFormat,
    RequantizeParams,
    SystolicParams,
    WeightSource,
)
from tospike.hw.systolic import layout
from tospike.hw.systolic.engine import SystolicEngine
from tospike.sim.network import Accumulator, Dense, Requantize, Stage
from tospike.sim.systolic.golden import frame_counters, run
from tospike.sim.systolic.timing import array_cycles, frame_timing

BOTH = pytest.mark.parametrize("dataflow", list(Dataflow))


def engine_params(sizes, *, rows=1, array, raw=True, **options):
    """Layers of ``sizes`` inputs and outputs for a batch of ``rows``; the last gives accumulators if ``raw``."""
    pairs = list(pairwise(sizes))
    relu = (0, array.act.max)
    layers = tuple(
        DenseLayer(rows=rows, inputs=a, outputs=b, clamp=None if raw and index == len(pairs) - 1 else relu)
        for index, (a, b) in enumerate(pairs)
    )
    return SystolicParams(array=array, layers=layers, **options)


def random_stages(params, rng, *, extreme=False):
    """Random integer stages, requantised so that some results saturate at either end."""
    array, stages = params.array, []
    for index, layer in enumerate(params.layers):
        shape = (layer.outputs, layer.inputs)
        if extreme:
            ends = array.weight_values[0], array.weight_values[-1]
            weight = np.where(rng.random((layer.outputs, 1)) < 0.5, *ends) * np.ones(shape)
        else:
            weight = rng.choice(array.weight_values, shape)
        bias = rng.integers(-20, 20, layer.outputs, endpoint=True)
        finer = params.requantize.fraction_bits
        neuron = Accumulator(fraction_bits=finer)
        if layer.clamp is not None:
            multiplier = rng.integers(1, params.requantize.multiplier.max, layer.outputs, endpoint=True)
            weight_bits = array.weight.bits
            shift = int(np.clip(16 + weight_bits - 3 + np.log2(layer.inputs) / 2, 0, params.requantize.max_shift))
            table = random_table(rng, array.act, layer.clamp) if layer.tabled else None
            neuron = Requantize(
                multiplier=multiplier, shift=shift + finer, clamp=layer.clamp, fraction_bits=finer, table=table
            )
        stages.append(
            Stage(name=f"layer{index}", synapses=Dense(weight=weight.astype(np.int64), bias=bias), neuron=neuron)
        )
    return stages


def random_frames(params, rng, count, *, extreme=False):
    act = params.array.act
    shape = (count, params.input.addresses)
    return rng.choice([act.min, act.max], shape) if extreme else rng.integers(act.min, act.max, shape, endpoint=True)


def images(params, stages, **options):
    return layout.pack(
        params,
        [stage.synapses.weight.tolist() for stage in stages],
        [stage.synapses.bias.tolist() for stage in stages],
        [stage.neuron.multiplier.tolist() if isinstance(stage.neuron, Requantize) else None for stage in stages],
        [stage.neuron.shift if isinstance(stage.neuron, Requantize) else None for stage in stages],
        tables(stages),
        **options,
    )


def check(params, *, seed=0, frames=1, stall=0.0, extreme=False, sparse=False):
    """Engine equals golden model in tokens and counters, and for a lone frame without stalls in every cycle."""
    rng = np.random.default_rng(seed)
    stages = random_stages(params, rng, extreme=extreme)
    x = random_frames(params, rng, frames, extreme=extreme)
    golden = run(params, stages, x)
    dut = SystolicEngine(params, images(params, stages))
    beats = params.weight_stream.split(images(params, stages)["weights"]) if params.weight_stream else []
    check_engine(dut, golden, frame_timing(params), x, stall=stall, sparse=sparse, weights=beats)
    return golden


# -------------------------------------------------------------------------------------------------- one layer


@BOTH
@pytest.mark.parametrize(
    ("size", "mnk"),
    [
        ((1, 1), (3, 2, 5)),
        ((1, 4), (1, 10, 7)),
        ((4, 1), (9, 3, 6)),
        ((3, 5), (7, 11, 8)),  # ragged everywhere
        ((4, 4), (8, 8, 8)),
        ((5, 2), (2, 1, 1)),
        ((2, 3), (4, 20, 3)),  # more results than the post-processor takes in the time of a tile: it stalls
    ],
)
def test_one_layer(dataflow, size, mnk):
    m, n, k = mnk
    array = ArrayParams(rows=size[0], cols=size[1], dataflow=dataflow)
    params = engine_params([k, n], rows=m, array=array)
    check(params)
    check(params, seed=1, frames=3, stall=0.5)


@BOTH
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("tabled", [(True, False), (False, True, False), (True, True, True)])
def test_functions(dataflow, signed, tabled):
    """Layers with tables of activations among others, also with more results than fit the queue, and rewritten."""
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow, act=IntFormat(bits=5, signed=signed))
    plain = engine_params([7, 30, 11, 5][: len(tabled) + 1], rows=3, array=array, raw=not tabled[-1])
    index = (-128, 127)
    layers = [
        replace(layer, clamp=index if with_table else layer.clamp, tabled=with_table)
        for layer, with_table in zip(plain.layers, tabled, strict=True)
    ]
    params = replace(plain, layers=tuple(layers))
    check(params)
    check(params, seed=1, frames=3, stall=0.5)
    check(params, seed=2, frames=2, extreme=True)
    check(replace(params, weights=WeightSource.STREAM), seed=3, frames=2)


def test_tables_are_those_of_their_layers():
    array = ArrayParams(rows=1, cols=1)
    (layer,) = engine_params([2, 2], array=array, raw=False).layers
    params = SystolicParams(array=array, layers=(replace(layer, clamp=(-2, 1), tabled=True),))

    def pack(table):
        return layout.pack(params, [[[1, 2], [3, 4]]], [[0, 0]], [[1, 1]], [0], [table])["tables"]

    words = pack([-1, 0, 5, 7])
    assert len(words) == 256
    assert (words[254], words[255], words[0], words[1]) == (255, 0, 5, 7)
    for table, message in ((None, "needs a table"), ([1, 2, 3], "needs 4 values"), ([0, 0, 0, 128], "-128 to 127")):
        with pytest.raises(InputError, match=message):
            pack(table)
    with pytest.raises(InputError, match="clamp must fit 8 bits"):
        replace(layer, clamp=(0, 128), tabled=True)
    with pytest.raises(InputError, match="needs a table if it is tabled"):
        layout.pack(SystolicParams(array=array, layers=(layer,)), [[[1, 2], [3, 4]]], [[0, 0]], [[1, 1]], [0], [[1]])


@BOTH
def test_gemm_on_8x8(dataflow):
    params = engine_params([24, 16], rows=16, array=ArrayParams(rows=8, cols=8, dataflow=dataflow))
    check(params)


@BOTH
def test_extremes(dataflow):
    """All weights and inputs at an end of their range, results that saturate at both ends."""
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow, act=IntFormat(bits=8, signed=False))
    params = engine_params([9, 7, 5], rows=3, array=array, raw=False)
    golden = check(params, extreme=True, seed=2)
    assert {0, 255} <= set(golden.sent.ravel().tolist())
    array = replace(array, act=IntFormat(bits=8, signed=True))
    check(engine_params([9, 7], rows=3, array=array), extreme=True, seed=2)


@BOTH
def test_biases_finer_than_sums(dataflow):
    array = ArrayParams(rows=1, cols=3, dataflow=dataflow, act=IntFormat(bits=2, signed=False), weight_bits=2)
    params = engine_params([9, 7, 5], array=array, requantize=RequantizeParams(fraction_bits=6))
    golden = check(params, frames=3, seed=3)
    assert (golden.sent % 64).any(), "logits between whole sums"
    stages = random_stages(params, np.random.default_rng(0))
    coarse = replace(params, requantize=RequantizeParams())
    with pytest.raises(InputError, match="'layer0' have 6 fraction bits, but the engine's have 0"):
        run(coarse, stages, random_frames(params, np.random.default_rng(1), 1))


@BOTH
@pytest.mark.parametrize(("act_bits", "signed", "weight_bits"), [(2, True, 2), (3, False, 2), (2, False, 9)])
def test_narrow_widths(dataflow, act_bits, signed, weight_bits):
    act = IntFormat(bits=act_bits, signed=signed)
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow, act=act, weight_bits=weight_bits, acc_bits=14)
    check(engine_params([6, 5, 4], rows=2, array=array))


@pytest.mark.parametrize(("act_bits", "signed"), [(1, False), (8, True)])
def test_weights_of_one_bit(act_bits, signed):
    """Ragged tiles, whose columns beyond the matrix hold +1."""
    act = IntFormat(bits=act_bits, signed=signed)
    params = engine_params([7, 5, 4], rows=3, array=ArrayParams(rows=2, cols=3, act=act, weight_bits=1, acc_bits=14))
    check(params)
    check(params, extreme=True, frames=2)


def test_a_stored_bit_is_the_sign():
    params = engine_params([2, 5], array=ArrayParams(rows=1, cols=3, weight_bits=1))
    stages = random_stages(params, np.random.default_rng(0))
    weight = np.array([[1, -1], [-1, -1], [1, 1], [1, 1], [-1, 1]])
    stages[0] = replace(stages[0], synapses=replace(stages[0].synapses, weight=weight))
    assert images(params, stages)["weights"] == [0b010, 0b011, 0b010, 0b000]
    assert layout.memories(params)[0].width == 3
    for wrong in (0, -2, 2):
        weight[1, 0] = wrong
        with pytest.raises(InputError, match="weights of layer 0 must be -1 or 1"):
            images(params, stages)
        with pytest.raises(InputError, match="weights of stage 'layer0' must be -1 or 1"):
            run(params, stages, np.zeros((1, 2), dtype=np.int64))


@pytest.mark.parametrize(("rows", "cols", "mnk"), [(1, 2, (1, 5, 7)), (3, 6, (7, 11, 8)), (2, 4, (3, 4, 1))])
def test_columns_that_share_multipliers(rows, cols, mnk):
    m, n, k = mnk
    array = ArrayParams(rows=rows, cols=cols, weight_bits=4, products_per_multiplier=2)
    params = engine_params([k, n, 3], rows=m, array=array)
    check(params)
    check(params, frames=2, extreme=True, stall=0.4)


@BOTH
@pytest.mark.parametrize(
    ("rows", "cols", "weight_bits", "mnk", "queue", "bits"),
    [
        (1, 4, 8, (1, 10, 7), 4, 32),  # one beat per word
        (2, 3, 4, (5, 8, 6), 4, 32),  # less than a beat; rows of tiles need the weights again
        (1, 9, 8, (1, 20, 30), 4, 32),  # three beats: the array waits for most words
        (1, 9, 8, (1, 20, 30), 40, 64),  # two wide ones
        (2, 6, 8, (40, 7, 5), 16, 32),  # weight-stationary: words come while others work
    ],
)
def test_streamed_weights(dataflow, rows, cols, weight_bits, mnk, queue, bits):
    m, n, k = mnk
    array = ArrayParams(rows=rows, cols=cols, weight_bits=weight_bits, dataflow=dataflow)
    streamed = {"weights": WeightSource.STREAM, "weight_queue": queue, "weight_stream_bits": bits}
    params = engine_params([k, n, 5], rows=m, array=array, **streamed)
    check(params)
    check(params, frames=2, stall=0.4)
    stored = replace(params, weights=WeightSource.MEMORY)
    assert frame_timing(params).end >= frame_timing(stored).end
    assert [shape.name for shape in layout.memories(params)] == ["channels", "layers"]
    with pytest.raises(InputError, match="weight-stream-bits must be 32, 64, 128, 256, not 48"):
        replace(params, weight_stream_bits=48)


@BOTH
def test_many_small_tiles_inside_a_wide_array(dataflow):
    """One result per tile is read long before the rest of the array's width has passed."""
    array = ArrayParams(rows=1, cols=20, dataflow=dataflow)
    params = engine_params([1, 1, 1], rows=18, array=array)
    check(params)
    check(params, frames=2)


# --------------------------------------------------------------------------------------------------- networks


@BOTH
@pytest.mark.parametrize(("size", "rows"), [((1, 8), 1), ((3, 2), 5), ((4, 4), 1)])
def test_three_layers(dataflow, size, rows):
    array = ArrayParams(rows=size[0], cols=size[1], dataflow=dataflow, acc_bits=24)
    params = engine_params([12, 9, 6, 10], rows=rows, array=array)
    check(params)
    check(params, frames=3, stall=0.3)


@BOTH
def test_frames_back_to_back(dataflow):
    """Counters add up, whatever runs at the same time."""
    for layers in ([5, 4], [5, 4, 3]):
        array = ArrayParams(rows=2, cols=2, dataflow=dataflow)
        check(engine_params(layers, rows=2, array=array), frames=5)


@BOTH
def test_zeros_need_not_be_sent(dataflow):
    rng = np.random.default_rng(0)
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow)
    params = engine_params([6, 4], rows=2, array=array)
    stages = random_stages(params, rng)
    x = random_frames(params, rng, 4) * (rng.random((4, 12)) < 0.3)
    x[1] = 0
    dut = SystolicEngine(params, images(params, stages))
    received, _, _ = play(dut, frame_tokens(x, sparse=True), 4, 8)
    assert received == frame_tokens(run(params, stages, x).sent[:, 0])


def test_clear_sets_counters_to_zero():
    params = engine_params([2, 2], array=ArrayParams(rows=1, cols=1))
    dut = SystolicEngine(params, {})

    async def bench(ctx):
        ctx.set(dut.o.ready, 1)
        await send_tokens(ctx, dut.i, frame_tokens([[1, 2]]))
        await ctx.tick().until(~dut.busy)
        await ctx.tick()
        before = {name: ctx.get(dut.counters[name]) for name in layout.counter_names(params)}
        assert before == frame_counters(params)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert not any(ctx.get(dut.counters[name]) for name in layout.counter_names(params))

    simulate(dut, bench)


@BOTH
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_shape(dataflow, data):
    size = st.integers(1, 4)
    array = ArrayParams(rows=data.draw(size), cols=data.draw(size), dataflow=dataflow, acc_bits=24)
    dims = data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    params = engine_params(dims, rows=data.draw(st.integers(1, 6)), array=array, raw=data.draw(st.booleans()))
    check(params, seed=data.draw(st.integers(0, 99)))


@pytest.mark.slow
@BOTH
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_shape_at_length(dataflow, data):
    size = st.integers(1, 6)
    array = ArrayParams(
        rows=data.draw(size),
        cols=data.draw(size),
        dataflow=dataflow,
        act=IntFormat(bits=data.draw(st.integers(2, 8)), signed=data.draw(st.booleans())),
        weight_bits=data.draw(st.integers(2, 8)),
        acc_bits=24,
        product_registers=data.draw(st.integers(0, 3)),
    )
    dims = data.draw(st.lists(st.integers(1, 14), min_size=2, max_size=4))
    params = engine_params(dims, rows=data.draw(st.integers(1, 9)), array=array, raw=data.draw(st.booleans()))
    stall = data.draw(st.sampled_from([0.0, 0.4]))
    check(params, seed=data.draw(st.integers(0, 99)), stall=stall, frames=data.draw(st.integers(1, 2)))


# --------------------------------------------------------------------------------------------------- writable


@BOTH
def test_memories_without_image_hold_the_layers_and_zero_weights(dataflow):
    params = engine_params([3, 2], array=ArrayParams(rows=2, cols=2, dataflow=dataflow), writable=True)
    received, counters, _ = play(SystolicEngine(params, {}), frame_tokens([[1, 2, 3]]), 1, 2)
    assert received == frame_tokens([[0, 0]])
    assert counters == frame_counters(params)


@BOTH
def test_writable_engine_runs_other_layers(dataflow):
    """Built for two layers, configured over the port for smaller ones, then for those it was built for."""
    rng = np.random.default_rng(4)
    array = ArrayParams(rows=2, cols=3, dataflow=dataflow)
    built = engine_params([9, 8, 7], rows=4, array=array, writable=True)
    first_region = 2
    dut = SystolicEngine(built, {}, first_region=first_region)
    for sizes, rows in (([5, 4], 3), ([7, 8, 2], 1), ([9, 8, 7], 4)):
        params = engine_params(sizes, rows=rows, array=array)
        stages = random_stages(params, rng)
        x = random_frames(params, rng, 2)
        words = images(built, stages, layers=params.layers)
        writes = [
            (first_region + number, index, word)
            for number, shape in enumerate(layout.memories(built))
            for index, word in config_writes(shape, words[shape.name])
        ]
        received, counters, _ = play(dut, frame_tokens(x), 2, params.output.addresses, configure=writes)
        assert received == frame_tokens(run(params, stages, x).sent[:, 0])
        expected = {name: 2 * count for name, count in frame_counters(params).items()}
        assert {**counters, "array_cycles": 0} == {**expected, "array_cycles": 0}


# ----------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("dataflow", "mnk", "most"),
    [
        (Dataflow.OS, (8, 8, 8), 32),
        (Dataflow.OS, (64, 64, 64), 4120),
        (Dataflow.OS, (128, 10, 784), 25112),
        (Dataflow.OS, (100, 50, 70), 6394),
        (Dataflow.WS, (64, 64, 64), 4130),
        (Dataflow.WS, (100, 50, 70), 6345),
    ],
)
def test_gemm_cycles_beat_the_peers(dataflow, mnk, most):
    m, n, k = mnk
    params = engine_params([k, n], rows=m, array=ArrayParams(rows=8, cols=8, dataflow=dataflow))
    assert array_cycles(params) <= most


# ------------------------------------------------------------------------------------------------------ errors


def test_stage_that_could_overflow_is_refused():
    params = engine_params([4, 1], array=ArrayParams(rows=1, cols=1, acc_bits=17))
    fits = Stage(
        name="fc", synapses=Dense(weight=np.array([[-128, -128, -128, -127]]), bias=np.array([0])), neuron=Accumulator()
    )
    assert run(params, [fits], np.full((1, 4), -128)).sent.tolist() == [[[65408]]]
    wide = replace(fits, synapses=Dense(weight=np.full((1, 4), -128), bias=np.array([0])))
    with pytest.raises(InputError, match="stage 'fc' needs an accumulator of 18 bits, this array has 17"):
        run(params, [wide], np.full((1, 4), -128))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [[[1, 2]]]}, r"weights of layer 0 must have shape \(1, 3\)"),
        ({"weights": [[[1, 2, 8]]]}, "weights of layer 0 must be from -8 to 7"),
        ({"biases": [[1, 2]]}, "layer 0 needs 1 biases and multipliers, not 2 and 1"),
        ({"biases": [[1 << 31]]}, "biases of layer 0 must be from -2147483648 to 2147483647"),
        ({"biases": []}, "biases of 0 layers given, but there are 1 layers"),
        ({"multipliers": [None]}, "layer 0 needs multipliers and a clamp, or neither"),
        ({"multipliers": [[1 << 16]]}, "multipliers of layer 0 must be from 0 to 65535"),
        ({"shifts": [32]}, "shift of layer 0 must be from 0 to 31, not 32"),
        (
            {"weights": [[[1] * 9]], "layers": [DenseLayer(rows=1, inputs=9, outputs=1, clamp=(0, 1))]},
            "layer 0 is too large for this engine: inputs would be 8, but 3 is the largest",
        ),
        (
            {"weights": [[[1] * 4]], "layers": [DenseLayer(rows=1, inputs=4, outputs=1, clamp=(0, 1))]},
            "memory weights has 3 words, but the layers need 4",
        ),
    ],
)
def test_images_that_do_not_fit_are_refused(change, message):
    array = ArrayParams(rows=1, cols=1, weight_bits=4)
    params = engine_params([3, 1], array=array, raw=False, writable=True)
    given = {"weights": [[[1, 2, 3]]], "biases": [[0]], "multipliers": [[1]], "shifts": [0]}
    layout.pack(params, **given)
    with pytest.raises(InputError, match=message):
        layout.pack(params, **(given | change))
