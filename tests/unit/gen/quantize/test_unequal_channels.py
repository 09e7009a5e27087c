"""Channels of very different size: each keeps its bias, its weights as far as its output shows them, its multiplier."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.accelerator_bench import answers_of
from support.conv_engine import check as check_image
from support.delta_ann import check_rtl
from support.engine_bench import check_engine

from tospike.gen.emit.memory_init import pack
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize import ann as quantize_ann
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.requantizer import LEAST_MULTIPLIER
from tospike.gen.quantize.scale import ScaleMethod
from tospike.hw.params import InputError
from tospike.hw.systolic.engine import SystolicEngine
from tospike.sim import accelerator
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import (
    Activation,
    Add,
    Conv2d,
    Dense,
    InputSpec,
    Network,
    QuantGrid,
    Requantize,
    Stage,
    SumPool2d,
    Window,
)
from tospike.sim.network.layers import currents
from tospike.sim.network.reference import run_float
from tospike.sim.systolic import golden as systolic
from tospike.sim.systolic.layers import run_integers, run_stages
from tospike.sim.systolic.timing import frame_timing

RELU, NONE = Activation(relu=True), Activation(relu=False)
MAX = QuantizeOptions(act_scale=ScaleMethod.MAX, weight_scale=ScaleMethod.MAX)
SIZES = st.floats(-30, 10).map(lambda exponent: 10.0**exponent)
BIASES = st.one_of(st.just(0.0), SIZES, SIZES.map(lambda size: -size))
CHANNELS = st.lists(st.tuples(SIZES, BIASES), min_size=1, max_size=6)
SEEDS = st.integers(0, 99)


@pytest.fixture(autouse=True, scope="module")
def readers_without_biases():
    """Every channel keeps its bias, as before a padded convolution; `test_offsets.py` is about those that do not."""

    def nothing(network, ends, *, never_zero):
        return network, (0,) * len(network.stages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantize_ann, "move_offsets", nothing)
        yield


def unequal(rng, shape, sizes):
    """(channels, *shape) random weights, each channel's of its own size."""
    return rng.normal(size=(len(sizes), *shape)) * np.reshape(sizes, (-1,) + (1,) * len(shape))


def network_of(*stages, inputs, outputs, seed=0):
    """Hidden stages with a dense layer behind them."""
    rng = np.random.default_rng(seed)
    last = Dense(weight=rng.normal(size=(3, outputs)), bias=rng.normal(size=3))
    return Network(
        name="n", input=InputSpec(inputs=inputs), stages=(*stages, Stage(name="out", synapses=last, neuron=NONE))
    )


def dense_network(sizes, biases, *, seed=0, inputs=6, neuron=RELU, weight=None, grid=None):
    weight = unequal(np.random.default_rng(seed), (inputs,), sizes) if weight is None else weight
    stage = Stage(name="hidden", synapses=Dense(weight=weight, bias=np.array(biases), grid=grid), neuron=neuron)
    return network_of(stage, inputs=inputs, outputs=len(weight), seed=seed)


def separable_network(sizes, biases, seed=0):
    """A depthwise convolution and a pointwise one, as MobileNets have them; both with the same sizes of channels."""
    rng = np.random.default_rng(seed)
    channels = len(sizes)
    bias, shape = np.array(biases), (channels, 4, 4)
    depthwise = Conv2d(
        shape=shape, weight=unequal(rng, (1, 3, 3), sizes), bias=bias, padding=(1, 1, 1, 1), groups=channels
    )
    pointwise = Conv2d(shape=shape, weight=unequal(rng, (channels, 1, 1), sizes), bias=bias)
    clipped = Activation(relu=True, maximum=6.0)
    stages = (
        Stage(name="depthwise", synapses=depthwise, neuron=clipped),
        Stage(name="pointwise", synapses=pointwise, neuron=clipped),
    )
    return network_of(*stages, inputs=16 * channels, outputs=16 * channels, seed=seed)


def errors(network, quantized, x):
    """Of each stage by how much its results are off what its own integer inputs stand for: in levels, clamped, of a
    hidden one; of logits in real values."""
    integers = quantized.network
    inputs, unit = encode(integers.input, x), quantized.describe()["input"]["scale"]
    zero = -integers.input.offset / unit
    for stage, chosen, report, sent in zip(
        network.stages, integers.stages, quantized.stages, run_stages(integers, inputs), strict=True
    ):
        real = currents(stage.synapses, *[(inputs - zero) * unit] * (2 if isinstance(stage.synapses, Add) else 1))
        hidden = isinstance(chosen.neuron, Requantize)
        yield (
            sent - np.clip(real / report.unit + report.zero, *chosen.neuron.clamp)
            if hidden
            else sent * report.unit - real
        )
        inputs, unit, zero = sent, report.unit, report.zero


def bounds(stage, act, own_scales, constant):
    """(channels,) levels that ``docs/explanation/quantisation.md`` states; infinite where a factor is cut. The weights
    of ``constant`` channels are not rounded, if each channel has its own scale."""
    neuron = stage.neuron
    factor = neuron.multiplier / 2.0**neuron.shift
    weight = stage.synapses.weight.reshape(stage.synapses.channels, -1)
    rounded = weight.shape[1] * max(act.max, -act.min) * (~constant | (not own_scales))
    finer = 1 << neuron.fraction_bits  # the factor is that of a biased sum
    return np.where(neuron.multiplier < 65535, 1.5 + factor * (rounded * finer + 1) / 2, np.inf)


def check(network, x, options=MAX):
    """The stated bounds hold, and a channel that varies has a multiplier of 8 bits."""
    quantized = quantize(network, x, options)
    stages = quantized.network.stages
    *hidden, last = errors(network, quantized, x)
    act, unit = quantized.network.input.format, quantized.describe()["input"]["scale"]
    for off, stage, trained, report in zip(hidden, stages[:-1], network.stages, quantized.stages, strict=False):
        channels = stage.synapses.channels
        worst = np.abs(off).reshape(len(x), channels, -1).max(axis=(0, 2))
        span = np.abs(trained.synapses.weight.reshape(channels, -1)).sum(axis=1) * (act.max - act.min) * unit
        # a channel that varies may have weights that all become 0
        constant = ~stage.synapses.weight.reshape(channels, -1).any(axis=1) & (span <= report.unit / 64)
        assert (worst <= bounds(stage, act, options.per_channel, constant) + 1e-6).all()
        unit = report.unit
        varies = stage.synapses.weight.reshape(channels, -1).any(axis=1)
        assert (stage.neuron.multiplier[varies] >= LEAST_MULTIPLIER).all()
        assert (stage.neuron.multiplier < 65536).all()
    assert np.abs(last).max() <= quantized.stages[-1].logit_error * (1 + 1e-5) + 1e-12
    plan(quantized.network)
    return quantized


# ------------------------------------------------------------------------------------------------ any size of channel


@settings(max_examples=60, deadline=None)
@given(CHANNELS, SEEDS, st.booleans())
def test_dense_channels_of_any_size(channels, seed, relu):
    sizes, biases = zip(*channels, strict=True)
    network = dense_network(sizes, biases, seed=seed, neuron=Activation(relu=relu))
    check(network, np.random.default_rng(seed).random((50, 6)))


@settings(max_examples=30, deadline=None)
@given(CHANNELS, SEEDS)
@example([(10.0, 1.0)], 0)  # biases finer than sums
@example([(1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (10000.0, 0.0), (0.01, 0.0)], 0)  # weights that all become 0
def test_convolutions_of_any_size(channels, seed):
    sizes, biases = zip(*channels, strict=True)
    network = separable_network(sizes, biases, seed)
    check(network, np.random.default_rng(seed).random((20, 16 * len(sizes))))


@settings(max_examples=30, deadline=None)
@given(CHANNELS, SEEDS)
def test_one_scale_for_all_channels(channels, seed):
    sizes, biases = zip(*channels, strict=True)
    check(
        dense_network(sizes, biases, seed=seed),
        np.random.default_rng(seed).random((50, 6)),
        replace(MAX, per_channel=False),
    )


@settings(max_examples=30, deadline=None)
@given(CHANNELS, SEEDS)
def test_weights_of_one_bit(channels, seed):
    """Weights that are never 0 have small multipliers instead: a dead channel's bias comes through."""
    sizes, biases = zip(*channels, strict=True)
    network = dense_network(sizes, biases, seed=seed, weight=np.outer(sizes, [1, -1, 1, 1, -1, -1]))
    x = np.random.default_rng(seed).random((50, 6))
    quantized = quantize(network, x, replace(MAX, weight_bits=1))
    hidden, _ = errors(network, quantized, x)
    stage = quantized.network.stages[0]
    assert set(np.unique(stage.synapses.weight)) <= {-1, 1}
    exact = stage.neuron.multiplier < 65535
    factor = stage.neuron.multiplier / 2.0**stage.neuron.shift
    # a small multiplier is off by up to half of itself, and so is all that varies
    small = np.where(stage.neuron.multiplier < LEAST_MULTIPLIER, factor * 6 * 255, 0)
    assert (np.abs(hidden).max(axis=0) <= 1.5 + factor + small)[exact].all()


@settings(max_examples=60, deadline=None)
@given(CHANNELS, SEEDS, SIZES, st.sampled_from([(0, 3), (0, 255), (-8, 7)]), st.booleans())
def test_trained_quantisers_of_any_scale(channels, seed, scale, levels, has_weight_grid):
    """A trained level is met in every channel that the report does not count as inexact."""
    sizes, biases = zip(*channels, strict=True)
    weight = unequal(np.random.default_rng(seed), (6,), sizes)
    grid = None
    if has_weight_grid:
        grid = QuantGrid(scale=np.abs(weight).max(axis=1) / 7, qmin=-8, qmax=7)
        weight = np.rint(weight / grid.scale[:, None]) * grid.scale[:, None]
    neuron = Activation(relu=levels[0] == 0, grid=QuantGrid(scale=np.asarray(scale), qmin=levels[0], qmax=levels[1]))
    network = dense_network(sizes, biases, seed=seed, neuron=neuron, weight=weight, grid=grid)
    network = replace(network, input=replace(network.input, grid=QuantGrid(scale=np.asarray(1 / 15), qmin=0, qmax=15)))
    x = np.random.default_rng(seed).integers(0, 16, (100, 6)) / 15
    quantized = quantize(network, x)
    integers = quantized.network
    sent = run_stages(integers, encode(integers.input, x))[0]
    wanted = neuron.grid.levels(currents(network.stages[0].synapses, x))
    missed = np.ptp(sent - wanted, axis=0) != 0  # the integers may have been moved
    if has_weight_grid:
        assert missed.sum() <= quantized.stages[0].inexact_channels


@pytest.mark.parametrize("bias", [0.0, 1e-20, 3.0, -3.0, 1e9, -1e9])
def test_pools_and_additions_with_biases_of_any_size(bias):
    x = np.random.default_rng(1).random((50, 32))
    biases = np.array([bias, 0.1])
    pool = SumPool2d(shape=(2, 4, 4), window=Window(kernel=(2, 2), stride=(2, 2)), bias=biases)
    network = network_of(Stage(name="pool", synapses=pool, neuron=NONE), inputs=32, outputs=8)
    hidden, _ = errors(network, quantize(network, x, MAX), x)
    assert np.abs(hidden).max() <= 1.5
    add = Add(shape=(2, 4, 4), weight=np.array([1e-9, 2.0]), bias=biases)
    stage = Stage(name="add", synapses=add, neuron=NONE, sources=(-1, -1))
    network = network_of(stage, inputs=32, outputs=32)
    hidden, _ = errors(network, quantize(network, x, MAX), x)
    assert np.abs(hidden).max() <= 1.5
    nothing = network_of(replace(stage, synapses=replace(add, weight=np.zeros(2))), inputs=32, outputs=32)
    hidden, _ = errors(nothing, quantize(nothing, x, MAX), x)
    assert np.abs(hidden).max() <= 1.5


@pytest.mark.parametrize("bias", [0.5, 0.27, -0.4])
def test_a_bias_beside_few_large_steps_is_not_lost(bias):
    """Inputs of two values: a sum's unit is most of the output's range."""
    network = dense_network([1.0], [bias], inputs=1, weight=np.array([[1.0]]), neuron=NONE)
    network = replace(network, input=replace(network.input, grid=QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=1)))
    x = np.array([[0.0], [1.0]])
    quantized = quantize(network, x, MAX)
    hidden, _ = errors(network, quantized, x)
    assert np.abs(hidden).max() <= 1.5
    assert quantized.stages[0].fraction_bits > 0


# ------------------------------------------------------------------------------------------------------ constants


@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-45, 1e-38, 1e-30, 1e-20, 1e-12, 1e-8, 1e-6, 1e-5])
@pytest.mark.parametrize("bias", [0.0, 0.5, -0.5, 1e9])
def test_a_dead_channel_has_its_level_by_its_bias(size, bias):
    """What weight decay leaves of a channel: 971 channels of MLPerf Tiny's visual wake words are like that."""
    network = dense_network([size, 1.0], [bias, 0.0], neuron=Activation(relu=True, maximum=6.0))
    x = np.random.default_rng(0).random((100, 6))
    quantized = check(network, x)
    assert quantized.stages[0].constant_channels >= 1
    sent = run_stages(quantized.network, encode(quantized.network.input, x))[0][:, 0]
    assert np.ptp(sent) == 0
    assert sent[0] * quantized.stages[0].unit == pytest.approx(min(max(bias, 0), 6), abs=quantized.stages[0].unit)


@pytest.mark.parametrize("bits", [8, 1])
def test_all_channels_dead(bits):
    biases = np.array([0.3, 0.0, -0.2, 0.7])
    for sizes in ([0.0] * 4, [1e-30] * 4):
        network = dense_network(sizes, biases)
        x = np.random.default_rng(0).random((20, 6))
        quantized = quantize(network, x, QuantizeOptions(weight_bits=bits))
        sent = run_stages(quantized.network, encode(quantized.network.input, x))[0]
        off = sent * quantized.stages[0].unit - np.maximum(biases, 0)
        assert np.abs(off).max() <= quantized.stages[0].unit


@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-310])
def test_a_last_layer_without_weights_keeps_its_biases(size):
    network = dense_network([1.0, 1.0], [0.0, 0.0])
    last = Dense(weight=np.full((3, 2), size), bias=np.array([0.30001, 0.3, -0.2]))
    network = replace(network, stages=(network.stages[0], replace(network.stages[1], synapses=last)))
    x = np.random.default_rng(0).random((20, 6))
    quantized = quantize(network, x)
    logits = run_integers(quantized.network, encode(quantized.network.input, x)) * quantized.stages[-1].unit
    np.testing.assert_allclose(logits, np.broadcast_to(last.bias, logits.shape), atol=1e-4)


def test_a_huge_channel_is_a_step_and_leaves_the_others_their_bits():
    """Weights of 1e20 behind a ReLU6 are a comparator: 0 or 6."""
    rng = np.random.default_rng(3)
    network = dense_network([1e20, 1.0, 1e-2], [0.0, 0.5, 0.5], neuron=Activation(relu=True, maximum=6.0))
    x = rng.random((300, 6))
    quantized = quantize(network, x)
    sent = run_stages(quantized.network, encode(quantized.network.input, x))[0] * quantized.stages[0].unit
    wanted = run_float(network, x).stages[0].outputs
    assert np.mean(np.abs(sent[:, 0] - wanted[:, 0]) > 0.1) < 0.02
    assert np.abs(sent[:, 1:] - wanted[:, 1:]).max() < 0.15
    assert (quantized.network.stages[0].neuron.multiplier[1:] >= LEAST_MULTIPLIER).all()


def test_what_no_float_can_scale_is_refused_in_one_line():
    network = dense_network([1e300, 1.0], [0.0, 0.0])
    with pytest.raises(InputError, match=r"^network 'n' holds numbers that floating point cannot scale"):
        quantize(network, np.random.default_rng(0).random((20, 6)) * 1e10)


# ----------------------------------------------------------------------------------------------------- stored grids


@pytest.mark.parametrize("step", [1.0, 2.0**-7, 0.1])
def test_weights_on_a_grid_keep_it(step):
    rng = np.random.default_rng(5)
    weight = rng.integers(-100, 101, (4, 6))
    weight[0] = 0, 1, -1, 1, 0, 0
    network = dense_network([1.0] * 4, np.zeros(4), weight=(weight * step).astype(np.float32))
    quantized = quantize(network, rng.random((50, 6)))
    np.testing.assert_array_equal(quantized.network.stages[0].synapses.weight, weight)
    assert quantized.stages[0].weight_error < 1e-6
    assert quantized.stages[0].weight_scale == pytest.approx(step, rel=1e-6)


def test_integers_are_computed_exactly():
    """Integer weights, biases and inputs, whose largest is that of the format: golden is the arithmetic itself."""
    rng = np.random.default_rng(6)
    weight, bias = rng.integers(-7, 8, (5, 6)), rng.integers(-50, 50, 5)
    stage = Stage(name="only", synapses=Dense(weight=weight.astype(float), bias=bias.astype(float)), neuron=NONE)
    network = Network(name="n", input=InputSpec(inputs=6), stages=(stage,))
    x = rng.integers(0, 256, (200, 6))
    x[0] = 255
    quantized = quantize(network, x)
    got = run_integers(quantized.network, encode(quantized.network.input, x))
    np.testing.assert_array_equal(got, x @ weight.T + bias)
    assert quantized.stages[0].logit_error == 0 and quantized.stages[0].unit == 1


# ------------------------------------------------------------------------------------------------------ fine logits


def two_bit(bias):
    """Weights and inputs of 2 bits, sums from -3 to 3, and a bias that is no whole number, as Brevitas has it."""
    grid = QuantGrid(scale=np.asarray(1.0), qmin=-1, qmax=1)
    synapses = Dense(weight=np.eye(2), bias=np.array(bias), grid=grid)
    spec = InputSpec(inputs=2, grid=QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=3))
    return Network(name="two", input=spec, stages=(Stage(name="out", synapses=synapses, neuron=NONE),))


@pytest.mark.parametrize("bias", [(0.4, -0.4), (-0.4, 0.4), (0.1, 0.102), (0.5, 0.25), (0.0, 0.0)])
def test_biases_of_narrow_logits_are_not_lost(bias):
    x = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2).astype(float)
    quantized = quantize(two_bit(bias), x)
    report = quantized.stages[0]
    logits = run_integers(quantized.network, encode(quantized.network.input, x))
    reference = run_float(two_bit(bias), x)
    assert (logits.argmax(axis=1) == reference.predictions).all()
    assert np.abs(logits * report.unit - reference.outputs).max() <= report.logit_error + 1e-12
    assert report.logit_error <= 3 * 2.0**-12
    assert report.fraction_bits == {(0.5, 0.25): 2, (0.0, 0.0): 0}.get(bias, report.fraction_bits)
    assert report.fraction_bits > 0 or not any(bias)


def test_wide_logits_stay_whole():
    quantized = quantize(dense_network([1.0, 2.0], [0.1, 0.2]), np.random.default_rng(0).random((50, 6)))
    assert all(report.fraction_bits == 0 for report in quantized.stages)


def test_fraction_bits_leave_the_sums_their_room():
    network = two_bit((0.4, -0.4))
    x = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2).astype(float)
    narrow = quantize(network, x, QuantizeOptions(acc_bits=8)).stages[0]
    assert narrow.fraction_bits == 5 and narrow.bits <= 8
    assert narrow.logit_error == pytest.approx(0.2 / 32)


# --------------------------------------------------------------------------------------------------------------- RTL


UNEQUAL = dense_network([1e-30, 1e-4, 1.0, 1e10], [0.5, -0.2, 0.1, 1e8], neuron=Activation(relu=True, maximum=6.0))


def two_bit_layers():
    """A hidden layer before fine logits, both of 2-bit weights."""
    rng = np.random.default_rng(2)
    grids = {"grid": QuantGrid(scale=np.asarray(0.5), qmin=-1, qmax=1)}
    hidden = Dense(weight=rng.integers(-1, 2, (4, 6)) * 0.5, bias=rng.normal(size=4), **grids)
    last = Dense(weight=rng.integers(-1, 2, (3, 4)) * 0.5, bias=rng.normal(size=3), **grids)
    neuron = Activation(relu=True, grid=QuantGrid(scale=np.asarray(0.25), qmin=0, qmax=3))
    spec = InputSpec(inputs=6, grid=QuantGrid(scale=np.asarray(0.25), qmin=0, qmax=3))
    stages = Stage(name="hidden", synapses=hidden, neuron=neuron), Stage(name="out", synapses=last, neuron=NONE)
    return Network(name="layers", input=spec, stages=stages)


@pytest.mark.parametrize("network", [UNEQUAL, two_bit_layers()], ids=["unequal", "fine"])
@pytest.mark.parametrize("engine", [engine for engine in Engine if "ann" in engine.kinds])
def test_rtl_of_dense_layers_equals_golden(network, engine):
    x = np.random.default_rng(0).random((6, 6))
    looks = replace(network, input=replace(network.input, partial_inferences=2)) if engine is Engine.DELTA else network
    quantized = quantize(looks, x)
    assert any(report.fraction_bits or report.constant_channels for report in quantized.stages)
    design = plan(quantized.network, PlanOptions(cols=2, lanes=2, engine=engine))
    values = encode(quantized.network.input, x)
    if engine is Engine.SYSTOLIC:
        (params,) = design.params.engines
        golden = systolic.run(params, design.network.stages, values)
        assert (golden.sent[:, 0] == run_integers(quantized.network, values)).all()
        check_engine(SystolicEngine(params, pack(design)[0]), golden, frame_timing(params), values)
    elif engine is Engine.DATAFLOW:
        expected = accelerator.run(design, values)
        answers = answers_of(design, values)
        assert [cycles for _, cycles in answers] == expected.cycles.tolist()
        assert (np.array([words for words, _ in answers], np.uint32).astype(np.int32) == expected.outputs).all()
    else:
        check_rtl(design.params, design, values.reshape(3, 2, 6) if engine is Engine.DELTA else values)


def test_rtl_of_convolutions_equals_golden():
    network = separable_network([1e-30, 1e-5, 1.0], [0.5, 0.2, -0.1])
    quantized = quantize(network, np.random.default_rng(0).random((10, 48)))
    assert sum(report.constant_channels for report in quantized.stages) >= 2
    check_image(plan(quantized.network, PlanOptions(rows=2, cols=2)), frames=2)
