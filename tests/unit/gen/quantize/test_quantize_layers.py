"""Post-training quantisation of convolutions, pools and branches."""

from dataclasses import replace

import numpy as np
import pytest
from support.paths import SHARED

from tospike.gen.data.datasets import load_data
from tospike.gen.onnx.importer import import_onnx
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.scale import ScaleMethod
from tospike.hw.params import InputError, IntFormat
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import (
    Accumulator,
    Activation,
    Add,
    AveragePool2d,
    Conv2d,
    Dense,
    InputSpec,
    MaxPool2d,
    Network,
    QuantGrid,
    Stage,
    SumPool2d,
    Window,
)
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers, run_stages

DATA = SHARED / "data"
RNG = np.random.default_rng(29)
IMAGE = (4, 8, 8)
RELU, NONE = Activation(relu=True), Activation(relu=False)
HALVES = Window(kernel=(2, 2), stride=(2, 2))


def conv(*, groups=1, outputs=4, shape=IMAGE):
    weight = RNG.normal(0, 0.3, (outputs, shape[0] // groups, 3, 3)) * np.logspace(-1, 0, outputs)[:, None, None, None]
    bias = RNG.normal(0, 0.2, outputs)
    return Conv2d(shape=shape, weight=weight, bias=bias, padding=(1, 1, 1, 1), groups=groups)


def dense(outputs, inputs):
    return Dense(weight=RNG.normal(0, 0.3, (outputs, inputs)), bias=RNG.normal(0, 0.1, outputs))


def add(weight=(1.0, 1.0)):
    return Add(shape=IMAGE, weight=np.array(weight), bias=np.zeros(IMAGE[0]))


def network(branch=NONE):
    """A small residual network; ``branch`` is the activation on one side of the addition."""
    return Network(
        name="n",
        input=InputSpec(inputs=256),
        stages=(
            Stage(name="stem", synapses=conv(), neuron=Activation(relu=True, maximum=1.5)),
            Stage(name="branch", synapses=conv(), neuron=branch),
            Stage(name="join", synapses=add(), neuron=RELU, sources=(1, 0)),
            Stage(name="depthwise", synapses=conv(groups=4), neuron=RELU),
            Stage(name="max", synapses=MaxPool2d(shape=IMAGE, window=HALVES), neuron=NONE),
            Stage(name="mean", synapses=AveragePool2d(shape=(4, 4, 4), window=HALVES), neuron=NONE),
            Stage(name="fc", synapses=dense(5, 16), neuron=NONE),
        ),
    )


X = RNG.random((200, 256))


@pytest.mark.parametrize(("branch", "samples", "signed"), [(NONE, X, True), (RELU, X, False), (RELU, X - 0.5, True)])
def test_integers_follow_float(branch, samples, signed):
    trained = network(branch)
    quantized = quantize(trained, samples, QuantizeOptions(act_scale=ScaleMethod.MAX))
    integers = quantized.network
    assert integers.input.format == IntFormat(bits=8, signed=signed)
    got = run_integers(integers, encode(integers.input, samples)) * quantized.stages[-1].unit
    expected = run_float(trained, samples).outputs
    spread = expected.std()
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.05 * spread
    assert np.mean(got.argmax(axis=1) == expected.argmax(axis=1)) > 0.95


@pytest.mark.parametrize("bits", [2, 4, 5, 6, 8])
def test_trained_weights_become_narrower_if_asked(bits):
    """Weights on a 6-bit grid: kept as they are, unless fewer bits than they need are asked for."""
    rng = np.random.default_rng(3)
    integers = rng.integers(-31, 32, (5, 16))
    grid = QuantGrid(scale=np.asarray(0.05), qmin=-128, qmax=127)
    trained = Dense(weight=0.05 * integers, bias=np.zeros(5), grid=grid)
    stages = (Stage(name="fc", synapses=trained, neuron=RELU), Stage(name="out", synapses=dense(3, 5), neuron=NONE))
    given = Network(name="n", input=InputSpec(inputs=16), stages=stages)
    made = quantize(given, rng.random((50, 16)), QuantizeOptions(layers={"fc": {"weight_bits": bits}})).network
    weight = made.stages[0].synapses.weight
    if bits >= 6:
        assert np.array_equal(weight, integers)
    else:
        assert 0 < np.abs(weight).max() <= IntFormat(bits=bits, signed=True).max


def test_signed_residual_networks_use_all_levels_for_what_is_never_negative():
    """Of the operands of an addition, that one has half the scale of the other, so that both have the same range."""
    quantized = quantize(network(), X)
    stem, branch, join = quantized.stages[:3]
    assert quantized.network.input.format == IntFormat(bits=8, signed=True)
    assert (stem.zero, branch.zero, join.zero) == (-128, 0, -128)
    assert branch.unit == 2 * stem.unit
    assert quantized.network.stages[2].synapses.weight.tolist() == [2, 1]
    levels = encode(quantized.network.input, X)
    assert (levels.min(), levels.max()) == (-128, 127)
    spec = quantized.network.input
    assert np.abs(levels * spec.scale + spec.offset - X).max() <= spec.scale / 2 + 1e-9


def test_biases_make_up_for_rounded_weights_in_residual_networks():
    """The mean of each logit is the float network's, however coarse the weights are."""
    trained = network()
    quantized = quantize(trained, X, QuantizeOptions(layers={"fc": {"weight_bits": 2}}))
    integers = quantized.network
    logits = quantized.real_outputs(run_integers(integers, encode(integers.input, X)))
    error = np.abs(logits.mean(axis=0) - run_float(trained, X).outputs.mean(axis=0)).max()
    rounded = integers.stages[-1].synapses.weight * quantized.stages[-1].weight_scale
    inputs = run_float(trained, X).stages[-2].outputs.mean(axis=0)
    alone = np.abs((trained.stages[-1].synapses.weight - rounded) @ inputs).max()
    assert error < 0.1 * alone


def test_what_each_layer_becomes():
    quantized = quantize(network(RELU), X)
    kinds = [type(stage.synapses) for stage in quantized.network.stages]
    assert kinds == [Conv2d, Conv2d, Add, Conv2d, MaxPool2d, SumPool2d, Dense]
    stem, _, join, depthwise, pool, _, last = quantized.network.stages
    assert stem.neuron.multiplier.shape == (4,) and depthwise.synapses.groups == 4
    assert (np.abs(stem.synapses.weight).max(axis=(1, 2, 3)) >= 38).all()  # each channel has its own scale
    assert stem.neuron.clamp[0] == 0 and stem.neuron.clamp[1] <= 255
    assert join.synapses.weight.tolist() == [1, 1] and join.sources == (1, 0)
    assert isinstance(pool.neuron, Accumulator) and isinstance(last.neuron, Accumulator)
    reports = quantized.stages
    assert reports[0].unit == reports[1].unit  # what is added has one scale
    assert reports[5].largest == 4 * 255


def test_a_clipped_relu_ends_at_its_maximum():
    trained = network()
    wide = replace(trained.stages[0], neuron=Activation(relu=True, maximum=0.25))
    quantized = quantize(replace(trained, stages=(wide, *trained.stages[1:])), X)
    report, clamp = quantized.stages[0], quantized.network.stages[0].neuron.clamp
    assert clamp == (report.zero, report.zero + round(0.25 / report.unit))
    loose = quantize(trained, X, QuantizeOptions(act_scale=ScaleMethod.MAX)).network.stages[0].neuron.clamp
    assert loose[1] <= 127


@pytest.mark.parametrize(("kernel", "taps"), [((2, 2), 4), ((3, 3), 9), ((8, 8), 64)])
def test_the_rule_of_average_pooling(kernel, taps):
    """The sum, times a multiplier near 2**shift / (values * ratio of scales), rounded once."""
    pool = AveragePool2d(shape=IMAGE, window=Window(kernel=kernel, stride=kernel))
    stages = (
        Stage(name="pool", synapses=pool, neuron=RELU),
        Stage(name="fc", synapses=dense(3, pool.outputs), neuron=NONE),
    )
    quantized = quantize(Network(name="p", input=InputSpec(inputs=256), stages=stages), X)
    integers, n = quantized.network, quantized.network.stages[0].neuron
    exact = integers.input.scale / (taps * quantized.stages[0].unit)
    assert np.abs(n.multiplier / 2**n.shift / exact - 1).max() < 2**-15
    x = encode(integers.input, X)
    views = x.reshape(200, 4, 8, 8)[:, :, : 8 // kernel[0] * kernel[0], : 8 // kernel[1] * kernel[1]]
    sums = views.reshape(200, 4, 8 // kernel[0], kernel[0], 8 // kernel[1], kernel[1]).sum(axis=(3, 5))
    rounded = (sums * n.multiplier[0] + (1 << (n.shift - 1))) >> n.shift
    np.testing.assert_array_equal(run_stages(integers, x)[0], np.clip(rounded, *n.clamp).reshape(200, -1))


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(1, 8), (2, 8), (4, 4), (8, 1), (1, 1)])
def test_narrow_formats(weight_bits, act_bits):
    trained = network(RELU)
    quantized = quantize(trained, X, QuantizeOptions(weight_bits=weight_bits, act_bits=act_bits))
    integers = quantized.network
    assert integers.input.format == IntFormat(bits=act_bits, signed=False)
    weights = [s.synapses.weight for s in integers.stages if isinstance(s.synapses, Conv2d | Dense)]
    if weight_bits == 1:
        assert all(set(np.unique(w)) == {-1, 1} for w in weights)
    else:
        assert all(np.abs(w).max() == 2 ** (weight_bits - 1) - 1 for w in weights)
    for sent in run_stages(integers, encode(integers.input, X))[:-1]:
        assert sent.min() >= 0 and sent.max() < 2**act_bits
    if act_bits > 1:
        expected = run_float(trained, X).outputs
        got = run_integers(integers, encode(integers.input, X))
        assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > (0.9 if weight_bits == 4 else 0.5)


def test_activations_of_one_bit_have_no_sign():
    with pytest.raises(InputError, match="activations of 1 bit cannot be negative"):
        quantize(network(NONE), X, QuantizeOptions(act_bits=1))


def test_trained_scales_that_differ_are_added_by_weights():
    def grid(scale):
        return QuantGrid(scale=np.asarray(scale), qmin=0, qmax=15)

    stages = (
        Stage(name="a", synapses=conv(), neuron=Activation(relu=True, grid=grid(0.4))),
        Stage(name="b", synapses=conv(), neuron=Activation(relu=True, grid=grid(0.1))),
        Stage(name="c", synapses=add((1.0, -1.0)), neuron=NONE, sources=(0, 1)),
    )
    quantized = quantize(Network(name="t", input=InputSpec(inputs=256), stages=stages), X)
    assert quantized.network.stages[2].synapses.weight.tolist() == [4, -1]
    assert quantized.stages[2].unit * 2 ** quantized.stages[2].fraction_bits == pytest.approx(0.1)


def test_a_max_pool_only_selects():
    trained = network()
    late = replace(trained.stages[4], neuron=RELU)
    with pytest.raises(InputError, match="stage 'max' rounds or clips after a max-pool"):
        quantize(replace(trained, stages=(*trained.stages[:4], late, *trained.stages[5:])), X)


def test_wide_accumulators_are_refused():
    with pytest.raises(InputError, match=r"stage 'stem' can reach accumulators .* do not fit 16 bits"):
        quantize(network(), X, QuantizeOptions(acc_bits=16))


# ---------------------------------------------------------------------------------------------------- a real one


def accuracy_of_the_cnn(count, **options):
    network = import_onnx(DATA / "onnx" / "mnist_cnn_sinabs.onnx")
    data = load_data(f"mnist:{DATA / 'mnist'}")
    integers = quantize(network, data.train_x, QuantizeOptions(**options)).network
    outputs = run_integers(integers, encode(integers.input, data.x[:count]))
    return network, data, np.mean(outputs.argmax(axis=1) == data.y[:count])


@pytest.mark.skipif(not (DATA / "onnx").is_dir(), reason="no networks in ../shared/data")
def test_mnist_cnn_on_some_images():
    network, data, accuracy = accuracy_of_the_cnn(400, calibration_samples=256)
    expected = np.mean(run_float(network, data.x[:400], trace=False).predictions == data.y[:400])
    assert accuracy >= expected - 0.003


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "onnx").is_dir(), reason="no networks in ../shared/data")
def test_mnist_cnn():
    """8 bits keep the 97.88 % of the trained network, on all test images, within 0.3 points."""
    _, _, accuracy = accuracy_of_the_cnn(10_000)
    assert accuracy >= 0.9788 - 0.003
