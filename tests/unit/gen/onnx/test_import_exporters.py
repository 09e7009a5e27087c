"""What exporters write around the layers: Keras' layout, torch's pools, Brevitas' biases; float is onnxruntime's."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.onnx.importer import import_onnx
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers

RNG = np.random.default_rng(41)
DOMAIN = "qonnx.custom_op.general"


def f32(*values):
    return np.array(values[0] if len(values) == 1 else values, np.float32)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def node(kind, inputs, output, **attributes):
    domain = DOMAIN if kind in ("Quant", "MultiThreshold") else ""
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", domain=domain, **attributes)


def build(nodes, shape, *, opset=13, batch="batch", **constants):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (batch, *shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def load(tmp_path, model):
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    return import_onnx(path)


def run_onnx(model, x):
    options = onnxruntime.SessionOptions()
    # optimised, a matrix product with dequantised weights quantises what it takes as well
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return np.concatenate([session.run(None, {"x": sample[None]})[0].reshape(1, -1) for sample in x])


def samples(shape, count=24):
    return RNG.random((count, *shape)).astype(np.float32)


def check(tmp_path, model, shape, *, softmax=False):
    network, x = load(tmp_path, model), samples(shape)
    flat = x.reshape(len(x), -1)
    got, expected = run_float(network, flat).outputs, run_onnx(model, x)
    np.testing.assert_array_equal(got.argmax(axis=1), expected.argmax(axis=1))
    if softmax:
        got = np.exp(got - got.max(axis=1, keepdims=True))
        got /= got.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    quantized = quantize(network, flat)
    integers = run_integers(quantized.network, encode(quantized.network.input, flat)) * quantized.stages[-1].unit
    logits = run_float(network, flat).outputs
    assert np.sqrt(np.mean((integers - logits) ** 2)) < 0.03 * np.abs(logits).max()
    return network


CONV = node("Conv", "t w", "c")
NHWC = node("Transpose", "x", "t", perm=[0, 3, 1, 2])
FROM_LAST = {"w": normal(4, 2, 3, 3), "v": normal(64, 3), "s": np.array([-1, 64])}
DENSE = [node("Reshape", "u s", "f"), node("MatMul", "f v", "y")]
KERAS = {
    "transposes": [NHWC, CONV, node("Relu", "c", "r"), node("Transpose", "r", "u", perm=[0, 2, 3, 1]), *DENSE],
    "with a bias behind the transpose": [
        NHWC,
        CONV,
        node("Transpose", "c", "a", perm=[0, 2, 3, 1]),
        node("Add", "a bias", "b"),
        node("Relu", "b", "u"),
        *DENSE,
    ],
    "normalised before the transpose": [
        node("Sub", "x mean", "m"),
        node("Mul", "m gain", "g"),
        node("Transpose", "g", "t", perm=[0, 3, 1, 2]),
        CONV,
        node("Relu", "c", "r"),
        node("Transpose", "r", "u", perm=[0, 2, 3, 1]),
        *DENSE,
    ],
    "there and back": [
        NHWC,
        CONV,
        node("Transpose", "c", "a", perm=[0, 2, 3, 1]),
        node("Transpose", "a", "b", perm=[0, 3, 1, 2]),
        node("Relu", "b", "r"),
        node("MaxPool", "r", "p", kernel_shape=[1, 1]),
        node("Transpose", "p", "u", perm=[0, 2, 3, 1]),
        *DENSE,
    ],
    "quantised before the transpose": [
        node("QuantizeLinear", "x qs qz", "q"),
        node("Transpose", "q", "qt", perm=[0, 3, 1, 2]),
        node("DequantizeLinear", "qt qs qz", "t"),
        CONV,
        node("Relu", "c", "r"),
        node("Transpose", "r", "u", perm=[0, 2, 3, 1]),
        *DENSE,
    ],
    "residual of channels last": [
        NHWC,
        CONV,
        node("Relu", "c", "r"),
        node("Conv", "r w1", "d"),
        node("Transpose", "r", "a", perm=[0, 2, 3, 1]),
        node("Transpose", "d", "b", perm=[0, 2, 3, 1]),
        node("Add", "a b", "u"),
        *DENSE,
    ],
}
KERAS_CONSTANTS = FROM_LAST | {
    "bias": normal(4),
    "mean": f32(0.4, 0.6),
    "gain": f32(2.0, 3.0),
    "qs": f32(1 / 255),
    "qz": np.uint8(0),
    "w1": normal(4, 4, 1, 1),
}


def constants_of(nodes, constants):
    used = {name for entry in nodes for name in entry.input}
    return {name: value for name, value in constants.items() if name in used}


@pytest.mark.parametrize("name", KERAS)
def test_channels_last(tmp_path, name):
    nodes = KERAS[name]
    network = check(tmp_path, build(nodes, (6, 6, 2), **constants_of(nodes, KERAS_CONSTANTS)), (6, 6, 2))
    assert len(network.input.order) == 72


@pytest.mark.parametrize(
    ("opset", "axis"), [(13, None), (13, 1), (13, -1), (11, None), (11, 1)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_softmax_leaves_the_logits(tmp_path, kind, opset, axis):
    given = {} if axis is None else {"axis": axis}
    nodes = [node("MatMul", "x w", "l"), node(kind, "l", "y", **given)]
    model, x = build(nodes, (5,), opset=opset, w=normal(5, 3)), samples((5,))
    got, expected = run_float(load(tmp_path, model), x).outputs, run_onnx(model, x)
    expected = np.log(expected) if kind == "Softmax" else expected
    shifted = got - np.log(np.exp(got).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(shifted, expected, rtol=1e-4, atol=1e-5)


def test_dense_layers_of_a_transposed_input(tmp_path):
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Flatten", "t", "f"), node("MatMul", "f w", "y")]
    assert not check(tmp_path, build(nodes, (4, 3), w=normal(12, 3)), (4, 3)).input.order


def test_the_mlperf_keyword_shape(tmp_path):
    """A Reshape in front makes an image with one channel, last."""
    nodes = [
        node("Reshape", "x s", "i"),
        node("Transpose", "i", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w", "c"),
        node("GlobalAveragePool", "c", "g"),
        node("Squeeze", "g axes", "q"),
        node("MatMul", "q v", "l"),
        node("Softmax", "l", "y"),
    ]
    constants = {"s": np.array([-1, 7, 5, 1]), "w": normal(4, 1, 3, 3), "axes": np.array([2, 3]), "v": normal(4, 3)}
    check(tmp_path, build(nodes, (35,), **constants), (35,), softmax=True)


POOLED = {
    "opset 18, negative axes": (18, [2, 6, 6], [node("ReduceMean", "c axes", "p", keepdims=1)], np.array([-1, -2])),
    "opset 18, no keepdims": (18, [2, 6, 6], [node("ReduceMean", "c axes", "p", keepdims=0)], np.array([2, 3])),
    "opset 13": (13, [2, 6, 6], [node("ReduceMean", "c", "p", axes=[3, 2])], None),
    "opset 13, no keepdims": (13, [2, 6, 6], [node("ReduceMean", "c", "p", axes=[-2, -1], keepdims=0)], None),
    "channels last": (
        13,
        [2, 6, 6],
        [node("Transpose", "c", "h", perm=[0, 2, 3, 1]), node("ReduceMean", "h", "p", axes=[1, 2], keepdims=0)],
        None,
    ),
    "height and width swapped": (
        13,
        [2, 6, 5],
        [node("Transpose", "c", "h", perm=[0, 3, 2, 1]), node("ReduceMean", "h", "p", axes=[1, 2])],
        None,
    ),
}


@pytest.mark.parametrize("name", POOLED)
def test_reduce_mean_is_a_global_average_pool(tmp_path, name):
    opset, shape, nodes, axes = POOLED[name]
    nodes = [
        node("Conv", "x w", "c0"),
        node("Relu", "c0", "c"),
        *nodes,
        node("Reshape", "p s", "f"),
        node("Gemm", "f v", "y", transB=1),
    ]
    constants = {"w": normal(4, 2, 3, 3), "s": np.array([1, 4]), "v": normal(3, 4)}
    constants |= {} if axes is None else {"axes": axes}
    check(tmp_path, build(nodes, shape, opset=opset, batch=1, **constants), shape)


def test_reduce_mean_of_the_input_with_channels_last(tmp_path):
    nodes = [node("ReduceMean", "x", "p", axes=[1, 2], keepdims=0), node("MatMul", "p v", "y")]
    check(tmp_path, build(nodes, (4, 5, 3), v=normal(3, 3)), (4, 5, 3))


@pytest.mark.parametrize("bound", [f32(6), f32([6]), f32([[6]]), f32(np.inf), f32(3.4028235e38)])
@pytest.mark.parametrize("low", [f32(0), f32([0])])
def test_clip_bounds_of_any_shape(tmp_path, low, bound):
    nodes = [node("MatMul", "x w", "m"), node("Clip", "m lo hi", "c"), node("MatMul", "c v", "y")]
    model = build(nodes, (5,), w=3 * normal(5, 4), lo=low, hi=bound, v=normal(4, 3))
    if bound.ndim > 1:  # which onnxruntime does not take
        assert load(tmp_path, model).stages[0].neuron.maximum == 6
        return
    check(tmp_path, model, (5,))


@pytest.mark.parametrize(
    ("kind", "zero", "low", "high"), [(np.uint8, 0, 0, 15), (np.int8, 0, -7, 7), (np.uint8, 3, 1, 60)]
)
def test_a_clip_of_integers_narrows_the_quantiser(tmp_path, kind, zero, low, high):
    """QCDQ, what Brevitas writes for fewer than 8 bits."""
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("Clip", "q lo hi", "c"),
        node("DequantizeLinear", "c s z", "d"),
        node("QuantizeLinear", "w ws wz", "wq"),
        node("Clip", "wq wl wh", "wc"),
        node("DequantizeLinear", "wc ws wz", "wd"),
        node("MatMul", "d wd", "y"),
    ]
    constants = {"s": f32(0.0625), "z": kind(zero), "lo": kind(low), "hi": kind(high), "w": normal(5, 3)}
    constants |= {"ws": f32(0.25), "wz": np.int8(0), "wl": np.int8(-7), "wh": np.int8(7)}
    network = check(tmp_path, build(nodes, (5,), **constants), (5,))
    assert (network.input.grid.qmin, network.input.grid.qmax) == (low, high)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_biases_of_any_number_of_bits(tmp_path, bits):
    """Brevitas' Int8Bias to Int32Bias; with scales that are powers of two the integers are exact."""
    nodes = [
        node("Quant", "x xs z b8", "xq"),
        node("Quant", "w ws z b8", "wq", narrow=1),
        node("Quant", "b bs z bits", "bq"),
        node("Gemm", "xq wq bq", "y", transB=1),
    ]
    scale = 2.0**-13 if bits > 8 else 2.0**-6
    constants = {"xs": f32(2**-6), "ws": f32(2**-7), "bs": f32(scale), "z": f32(0), "b8": f32(8), "bits": f32(bits)}
    w, b, x = normal(3, 5) / 3, normal(3), samples((5,))
    network = load(tmp_path, build(nodes, (5,), w=w, b=b, **constants))
    limit = 2.0 ** (bits - 1)
    bias = np.clip(np.rint(b / scale), -limit, limit - 1) * scale
    weight = np.clip(np.rint(w * 2**7), -127, 127) / 2**7
    expected = (np.rint(x * 2**6) / 2**6).astype(np.float64) @ weight.T.astype(np.float64) + bias
    np.testing.assert_array_equal(run_float(network, x).outputs, expected)
    quantized = quantize(network, x)
    integers = run_integers(quantized.network, encode(quantized.network.input, x))
    np.testing.assert_allclose(
        integers * quantized.stages[-1].unit, expected, atol=quantized.stages[-1].unit / 2 + 1e-9
    )


def weights_net(w, zero, scale=0.01, axis=0):
    nodes = [node("DequantizeLinear", "w s z", "d", axis=axis), node("MatMul", "x d", "y")]
    return build(nodes, (5,), w=w, s=f32(scale), z=zero)


@pytest.mark.parametrize("zero", [128, 120, 127, 140])
def test_unsigned_weights_become_signed_ones(tmp_path, zero):
    w = RNG.integers(zero - 100, zero + 100, (5, 4)).astype(np.uint8)
    network = check(tmp_path, weights_net(w, np.uint8(zero)), (5,))
    x = samples((5,))
    quantized = quantize(network, x)
    np.testing.assert_array_equal(quantized.network.stages[0].synapses.weight, w.astype(int).T - zero)


def test_zero_points_per_channel(tmp_path):
    w = RNG.integers(90, 160, (5, 4)).astype(np.uint8)
    model = weights_net(w, np.array([128, 100, 130, 127], np.uint8), scale=[0.01, 0.02, 0.03, 0.04], axis=1)
    check(tmp_path, model, (5,))


@pytest.mark.parametrize("zero", [0, 100, 127, 255])
def test_weights_of_nine_bits_are_exact(tmp_path, zero):
    """What onnxruntime's quantize_static makes of weight_type=QUInt8."""
    w = RNG.integers(0, 256, (5, 4)).astype(np.uint8)
    w[0], w[1] = 255, 0
    network = check(tmp_path, weights_net(w, np.uint8(zero)), (5,))
    assert network.warnings == ()
    quantized = quantize(network, samples((5,)))
    np.testing.assert_array_equal(quantized.network.stages[0].synapses.weight, w.astype(int).T - zero)
    assert plan(quantized.network).params.engines[0].array.weight_bits == 9


def test_a_mirrored_lowest_weight_is_exact(tmp_path):
    nodes = [node("DequantizeLinear", "w s", "d"), node("Conv", "x d", "c"), node("Mul", "c m", "y")]
    w = np.full((2, 1, 3, 3), -128, np.int8)
    model = build(nodes, (1, 4, 4), w=w, s=f32(0.1), m=f32([[[1]], [[-1]]]))
    assert check(tmp_path, model, (1, 4, 4)).warnings == ()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            weights_net(np.full((5, 4), 700, np.int16), np.int16(0)),
            r"node 'n_y' \(MatMul\) has unsupported weights: node 'n_d' \(DequantizeLinear\) has more than 8 bits",
        ),
        (
            build([node("QuantizeLinear", "x s", "q"), node("Relu", "q", "y")], (5,), s=f32(1)),
            r"node 'n_y' \(Relu\) takes the integers of a QuantizeLinear",
        ),
        (
            build(
                [node("MatMul", "x w", "m"), node("Softmax", "m", "p"), node("Relu", "p", "y")], (5,), w=normal(5, 3)
            ),
            r"node 'n_p' \(Softmax\) is not the last node",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, model, message):
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("at_input", [True, False])
def test_activations_of_16_bits_are_refused_by_their_place(tmp_path, at_input):
    """Float computes them as onnxruntime does; the hardware has no more than 8."""
    pair = [node("QuantizeLinear", "{} s z", "q"), node("DequantizeLinear", "q s z", "d")]
    pair[0].input[0] = "x" if at_input else "h"
    dense = node("MatMul", "d w" if at_input else "x w", "m" if at_input else "h")
    nodes = [*pair, dense] if at_input else [dense, *pair]
    nodes.append(node("MatMul", f"{'m' if at_input else 'd'} v", "y"))
    constants = {"s": f32(0.001), "z": np.int16(5), "w": normal(5, 4), "v": normal(4, 3)}
    model, x = build(nodes, (5,), opset=21, **constants), samples((5,))
    network = load(tmp_path, model)
    np.testing.assert_allclose(run_float(network, x).outputs, run_onnx(model, x), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match=f"{'the input' if at_input else 'stage .n_h.'} is quantised to 65536 levels"):
        quantize(network, x)
