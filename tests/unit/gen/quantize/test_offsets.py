"""What channels always send is in their readers' biases, so that it takes no levels from what varies."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from fuzz.onnx_networks import random_onnx
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.onnx.importer import import_onnx
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.offsets import move_offsets
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import (
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
from tospike.sim.systolic.layers import run_integers

RELU, NONE = Activation(relu=True), Activation(relu=False)
ENDS = (-1.0, 1.0)


def moved(network, ends=ENDS, **options):
    """The network with its offsets moved, which computes the same."""
    after, counts = move_offsets(network, ends, **options)
    x = np.random.default_rng(0).uniform(*ends, (50, network.input.inputs))
    wanted = run_float(network, x).outputs
    np.testing.assert_allclose(run_float(after, x).outputs, wanted, atol=2e-7 * np.abs(wanted).max())
    return after, counts


def golden(network, x, options=None):
    """Logits of the integer network, real values."""
    quantized = quantize(network, x, options)
    return run_integers(quantized.network, encode(quantized.network.input, x)) * quantized.stages[-1].unit


def network_of(*stages, inputs):
    return Network(name="n", input=InputSpec(inputs=inputs), stages=stages)


# --------------------------------------------------------------------------------------------------- the known case


@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-8, 1e-5, 1e-3, 1e-2])
@pytest.mark.parametrize("bias", [0.5, 5.0, 50.0, 500.0])
def test_a_constant_takes_no_levels_from_what_varies(size, bias):
    """A class that always has a logit of 1, by a channel that hardly moves, beside one that has x0 + x1."""
    first = Conv2d(shape=(1, 1, 2), weight=np.array([-size, 1.0]).reshape(2, 1, 1, 1), bias=np.array([bias, 0.0]))
    last = Dense(weight=np.array([[0.5 / bias, 0.5 / bias, 0, 0], [0, 0, 1, 1]]), bias=np.zeros(2))
    stages = Stage(name="conv", synapses=first, neuron=RELU), Stage(name="out", synapses=last, neuron=NONE)
    network = network_of(*stages, inputs=2)
    x = np.random.default_rng(0).random((200, 2)) * 0.9
    exact = run_float(network, x)
    assert 0.2 < exact.predictions.mean() < 0.8
    logits = golden(network, x)
    assert np.mean(logits.argmax(axis=1) == exact.predictions) >= 0.99
    assert np.abs(logits - exact.outputs).max() < 0.02
    assert quantize(network, x).stages[0].moved_channels == 1


# ---------------------------------------------------------------------------------------------------- who can take


def source(neuron=RELU, weight=1e-20, bias=50.0, padding=(0, 0, 0, 0)):
    """A convolution of two channels, (2, 4, 4): one hardly moves, one does."""
    kernels = np.array([-weight, 1.0]).reshape(2, 1, 1, 1)
    conv = Conv2d(shape=(1, 4, 4), weight=kernels, bias=np.array([bias, 0.1]), padding=padding)
    return Stage(name="source", synapses=conv, neuron=neuron)


def conv(shape, seed=1, **options):
    weight = np.random.default_rng(seed).normal(size=(3, shape[0], 2, 2))
    return Conv2d(shape=shape, weight=weight, bias=np.zeros(3), **options)


def dense(inputs, seed=2):
    return Stage(
        name="out",
        synapses=Dense(weight=np.random.default_rng(seed).normal(size=(3, inputs)), bias=np.zeros(3)),
        neuron=NONE,
    )


SHAPE = (2, 4, 4)
POOL = {"shape": SHAPE, "window": Window(kernel=(2, 2), stride=(2, 2))}
PADDED = {"shape": SHAPE, "window": Window(kernel=(2, 2), stride=(2, 2), padding=(1, 1, 1, 1))}
DEPTHWISE = Conv2d(shape=SHAPE, weight=np.arange(16.0).reshape(4, 1, 2, 2), bias=np.zeros(4), groups=2)


@pytest.mark.parametrize(
    "reader",
    [
        conv(SHAPE),
        conv(SHAPE, stride=(2, 1)),
        DEPTHWISE,
        MaxPool2d(**POOL),
        MaxPool2d(**PADDED),
        AveragePool2d(**POOL),
        SumPool2d(**POOL, bias=np.array([0.5, -1.0])),
    ],
    ids=lambda reader: type(reader).__name__,
)
@pytest.mark.parametrize("never_zero", [(), ("reader", "out")])
def test_readers_that_take_a_constant(reader, never_zero):
    stages = source(), Stage(name="reader", synapses=reader, neuron=NONE), dense(reader.outputs)
    after, counts = moved(network_of(*stages, inputs=16), never_zero=never_zero)
    first = after.stages[0].synapses
    assert counts[0] == 1 and not first.weight[0].any() and first.bias[0] == 0
    assert (first.weight[1] == source().synapses.weight[1]).all() and first.bias[1] == 0.1


@pytest.mark.parametrize(
    ("first", "reader"),
    [
        (source(), conv(SHAPE, padding=(1, 0, 0, 0))),
        (source(), AveragePool2d(**PADDED)),
        (source(), SumPool2d(**PADDED, bias=np.zeros(2))),
        (source(neuron=Activation(relu=True, grid=QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=255))), conv(SHAPE)),
        (source(weight=1.0, bias=6.5, neuron=Activation(relu=True, maximum=6.0)), conv(SHAPE)),  # clipped at times
    ],
    ids=["padded conv", "padded mean", "padded sum", "trained quantiser", "clipped"],
)
def test_what_cannot_be_moved_stays(first, reader):
    stages = first, Stage(name="reader", synapses=reader, neuron=RELU), dense(reader.outputs)
    after, counts = moved(network_of(*stages, inputs=16))
    assert counts[0] == 0 and after.stages[0] is first


def test_all_readers_must_take_it():
    """Two of them, one padded: nothing. Both unpadded, and one is a pool with readers of its own: all of it."""
    sum_of_two = Add(shape=(3,), weight=np.ones(2), bias=np.zeros(3))
    for padding, expected in (((1, 0, 1, 0), 0), ((0, 0, 0, 0), 1)):
        left = conv(SHAPE, seed=3)
        right = conv((2, 3, 3), seed=4, padding=padding)
        pool = MaxPool2d(shape=SHAPE, window=Window(kernel=(2, 2)))
        stages = (
            source(),
            Stage(name="left", synapses=left, neuron=RELU),
            Stage(name="pool", synapses=pool, neuron=NONE, sources=(0,)),
            Stage(name="right", synapses=right, neuron=RELU, sources=(2,)),
            Stage(name="l", synapses=dense(27).synapses, neuron=NONE, sources=(1,)),
            Stage(name="r", synapses=dense(right.outputs, 5).synapses, neuron=NONE, sources=(3,)),
            Stage(name="add", synapses=sum_of_two, neuron=NONE, sources=(4, 5)),
        )
        assert moved(network_of(*stages, inputs=16))[1][0] == expected


@pytest.mark.parametrize("weight", [(1.0, 1.0), (1.0, -0.5)])
def test_additions_take_it_on_either_side(weight):
    add = Add(shape=SHAPE, weight=np.array(weight), bias=np.zeros(2))
    stages = (
        source(),
        replace(source(weight=1e-3, bias=-7.0, neuron=NONE), sources=(-1,)),
        Stage(name="add", synapses=add, neuron=RELU, sources=(0, 1)),
        dense(32),
    )
    network = network_of(*stages, inputs=16)
    _, counts = moved(network)
    assert counts[:2] == (1, 1) and counts[2] == 1  # what the addition gets, it gives on
    twice = replace(network, stages=(stages[0], replace(stages[2], sources=(0, 0)), stages[3]))
    assert moved(twice)[1][0] == 1
    x = np.random.default_rng(0).random((50, 16))
    error = golden(network, x) - run_float(network, x).outputs
    assert np.abs(error).max() < 0.02 * np.ptp(run_float(network, x).outputs)


@pytest.mark.parametrize(
    ("neuron", "bias", "weight"),
    [
        (NONE, -50.0, 1e-20),
        (NONE, 50.0, 0.5),
        (NONE, -50.0, 0.5),
        (RELU, 3.0, 2.0),
        (Activation(relu=True, maximum=6.0), 3.0, 2.0),
        (Activation(relu=True, maximum=6.0), 500.0, 2.0),  # 6
        (Activation(relu=False, maximum=6.0), -500.0, 2.0),
        (RELU, -500.0, 2.0),  # 0
    ],
)
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 1, 1, 1)])
def test_channels_that_never_reach_0(neuron, bias, weight, padding):
    first = source(neuron=neuron, weight=weight, bias=bias, padding=padding)
    after, _ = moved(network_of(first, dense(first.synapses.outputs), inputs=16))
    x = np.random.default_rng(1).uniform(*ENDS, (200, 16))
    sent = run_float(after, x).stages[0].outputs.reshape(200, 2, -1)[:, 0]
    assert np.abs(sent).max() <= 2 * weight


def test_an_addition_of_what_is_not_negative_stays_so():
    """A bias below 0 would make all activations signed."""
    add = Add(shape=SHAPE, weight=np.ones(2), bias=np.array([2.0, 0.0]))
    stages = (
        source(padding=(0, 0, 0, 0)),
        Stage(name="padded", synapses=conv(SHAPE, padding=(1, 0, 0, 0)), neuron=RELU),
        Stage(name="add", synapses=add, neuron=NONE, sources=(0, 0)),
        Stage(name="a", synapses=dense(36).synapses, neuron=NONE, sources=(1,)),
        Stage(name="b", synapses=dense(32).synapses, neuron=NONE, sources=(2,)),
        Stage(name="end", synapses=Add(shape=(3,), weight=np.ones(2), bias=np.zeros(3)), neuron=RELU, sources=(3, 4)),
    )
    after, counts = moved(network_of(*stages, inputs=16))
    assert counts[0] == 0 and counts[2] == 1
    assert (after.stages[2].synapses.bias == 0).all()


def test_a_weight_that_reads_a_constant_does_not_set_the_scale():
    """A small constant that is multiplied by much is a bias: the other weights keep their bits."""
    first = Dense(weight=np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), bias=np.array([1e-3, 0.0, 0.0]))
    last = Dense(weight=np.array([[1000.0, 0.1, 0.0], [0.0, 0.9, 1.1]]), bias=np.zeros(2))
    stages = Stage(name="first", synapses=first, neuron=RELU), Stage(name="out", synapses=last, neuron=NONE)
    network = network_of(*stages, inputs=2)
    x = np.random.default_rng(0).random((100, 2))
    assert np.abs(golden(network, x) - run_float(network, x).outputs).max() < 0.02
    kept = moved(network, never_zero={"out"})[0].stages[1].synapses
    assert (kept.weight == last.weight).all()
    golden(network, x, QuantizeOptions(weight_bits=1))


def test_constants_go_through_several_layers():
    """A layer of nothing but constants makes the next one constant, and so on to the end."""
    rng = np.random.default_rng(3)
    stages = [
        Stage(
            name=f"s{i}",
            synapses=Dense(weight=rng.normal(size=(4, 4)) * (1e-30 if i == 0 else 1.0), bias=rng.normal(size=4) + 20),
            neuron=RELU if i < 3 else NONE,
        )
        for i in range(4)
    ]
    network = network_of(*stages, inputs=4)
    after, _ = moved(network)
    assert not any(stage.synapses.weight.any() for stage in after.stages)
    x = rng.random((20, 4))
    np.testing.assert_allclose(golden(network, x), run_float(network, x).outputs, rtol=1e-3)


def test_a_network_without_offsets_is_left_as_it_is():
    rng = np.random.default_rng(4)
    weights = [
        Dense(weight=rng.normal(size=(outputs, inputs)), bias=rng.normal(size=outputs) * 0.1)
        for inputs, outputs in ((6, 5), (5, 3))
    ]
    stages = tuple(Stage(name=str(i), synapses=w, neuron=RELU) for i, w in enumerate(weights))
    after, counts = moved(network_of(*stages, inputs=6))
    assert counts == (0, 0) and all(one is other for one, other in zip(after.stages, stages, strict=True))


@pytest.mark.parametrize("end", [np.inf, np.nan, 1e308])
def test_what_is_not_finite_is_not_moved(end):
    stages = source(weight=1.0), dense(32)
    after, counts = move_offsets(network_of(*stages, inputs=16), (-end, end))
    assert after.stages[0] is stages[0] and counts == (0, 0)


def test_integers_are_refused():
    network = network_of(source(), dense(32), inputs=16)
    integers = quantize(network, np.random.default_rng(0).random((20, 16))).network
    with pytest.raises(InputError, match=r"^stage 'source' is quantised: give the network as trained"):
        quantize(integers, np.zeros((2, 16)))


# -------------------------------------------------------------------------------------------- against onnxruntime


def dead(model, rng):
    """Leaves channels of convolutions and dense layers dead, with large biases."""
    arrays = {one.name: numpy_helper.to_array(one).copy() for one in model.graph.initializer}
    for node in model.graph.node[:-1]:
        if node.op_type not in ("Conv", "Gemm") or len(node.input) < 3:
            continue
        weight, bias = arrays[node.input[1]], arrays[node.input[2]]
        rows = weight.T if weight.ndim == 2 and not any(a.name == "transB" for a in node.attribute) else weight
        which = rng.random(len(bias)) < 0.5
        rows[which] *= rng.choice([0, 1e-20, 1e-3])
        bias[which] = rng.choice([5, 50, -5], which.sum())
    for one in model.graph.initializer:
        one.CopyFrom(numpy_helper.from_array(arrays[one.name], one.name))


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_compute_the_same(seed, tmp_path):
    model, x = random_onnx(seed)
    dead(model, np.random.default_rng(seed))
    onnx.save(model, tmp_path / "net.onnx")
    (expected,) = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(None, {"x": x})
    network, flat = import_onnx(tmp_path / "net.onnx"), x.reshape(len(x), -1)
    inputs = encode(network.input, flat)
    after, _ = move_offsets(network, (float(inputs.min()), float(inputs.max())))
    size = np.abs(expected).max()
    np.testing.assert_allclose(run_float(after, flat).outputs, expected.reshape(len(x), -1), atol=1e-5 * size)


def chain(rng):
    """An ONNX network of unpadded layers, in each of which half of the channels hardly move."""
    nodes, arrays, last, number = [], {}, "x", 0

    def add(kind, *operands, **attributes):
        nonlocal last
        nodes.append(helper.make_node(kind, [last, *operands], [f"t{len(nodes)}"], **attributes))
        last = nodes[-1].output[0]

    def put(kind, weight, gain, *, is_last=False, **attributes):
        """Readers of channels that sent a constant have weights that make about 1 of it."""
        nonlocal number
        number += 1
        channels = len(weight)
        bias, now = rng.normal(size=channels) * 0.1, np.ones(channels)
        weight *= np.reshape(1 / np.repeat(gain, weight.shape[1] // len(gain)), (1, -1, *[1] * (weight.ndim - 2)))
        if not is_last:
            still = np.arange(channels) % 2 == 0
            weight[still] *= rng.choice([0, 1e-20, 1e-9])
            now[still] = bias[still] = 10.0 ** rng.uniform(-0.5, 3, still.sum())
        arrays[f"w{number}"], arrays[f"b{number}"] = weight, bias
        add(kind, f"w{number}", f"b{number}", **attributes)
        return now

    gain = put("Conv", rng.normal(size=(6, 2, 2, 2)) / 2, np.ones(2))
    add("Relu")
    add(str(rng.choice(["MaxPool", "AveragePool"])), kernel_shape=[2, 2], strides=[1, 1])
    gain = put("Conv", rng.normal(size=(6, 6, 2, 2)) / 3, gain)
    add("Relu")
    add("Flatten")
    gain = put("Gemm", rng.normal(size=(8, 6 * 4)) / 4, gain, transB=1)
    add("Relu")
    put("Gemm", rng.normal(size=(4, 8)) / 2, gain, is_last=True, transB=1)
    info = helper.make_tensor_value_info
    tensors = [numpy_helper.from_array(np.float32(values), name) for name, values in arrays.items()]
    ends = [info("x", TensorProto.FLOAT, (None, 2, 5, 5))], [info(last, TensorProto.FLOAT, (None, 4))]
    graph = helper.make_graph(nodes, "chain", *ends, initializer=tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("seed", range(12))
def test_integers_follow_onnxruntime_beside_constants(seed, tmp_path):
    rng = np.random.default_rng(seed)
    onnx.save(chain(rng), tmp_path / "net.onnx")
    x = rng.random((200, 2, 5, 5)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(None, {"x": x})
    logits = golden(import_onnx(tmp_path / "net.onnx"), x.reshape(200, -1))
    span = np.ptp(expected, axis=0).max() or np.abs(expected).max()  # some are constant altogether
    assert np.sqrt(np.mean(np.square(logits - expected))) < 0.02 * span
