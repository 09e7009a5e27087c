"""Small networks with every kind of layer, as exporters of many versions write them; float is onnxruntime's."""

import numpy as np
import pytest
from onnx import TensorProto
from support.onnx_graphs import graph, load, node, run_onnx

from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers

RNG = np.random.default_rng(52)


def w(*shape):
    return (RNG.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def f32(*values):
    return np.array(values, np.float32)


def i64(*values):
    return np.array(values, np.int64)


def dense(source, values, outputs=3):
    """The end of a network: whatever comes, flattened, and a dense layer."""
    return [node("Flatten", source, "flat"), node("MatMul", "flat last", "y")], {"last": w(values, outputs)}


def case(nodes, shape, values=None, *, source="t", opset=13, batch="batch", kind=TensorProto.FLOAT, **constants):
    """Nodes up to ``t``, followed by a dense layer of its ``values`` unless they end in ``y`` themselves."""
    more, weights = dense(source, values) if values else ([], {})
    return graph([*nodes, *more], shape, opset=opset, batch=batch, kind=kind, **constants, **weights), shape


CONV = node("Conv", "x k", "c")
RELU = node("Relu", "c", "r")
K3, K1 = w(4, 3, 3, 3), w(4, 3, 1, 1)
IMAGE = (3, 6, 6)

POOLS = {
    "global average": case([CONV, RELU, node("GlobalAveragePool", "r", "t")], IMAGE, 4, k=K3),
    "global maximum": case([CONV, node("GlobalMaxPool", "c", "t")], IMAGE, 4, k=K3),
    "ReduceMax, opset 11": case([CONV, node("ReduceMax", "c", "t", axes=[2, 3])], IMAGE, 4, opset=11, k=K3),
    "ReduceMax, opset 18": case([CONV, node("ReduceMax", "c a", "t")], IMAGE, 4, opset=18, k=K3, a=i64(-2, -1)),
    "ReduceMax, channels last": case(
        [CONV, node("Transpose", "c", "h", perm=[0, 2, 3, 1]), node("ReduceMax", "h", "t", axes=[1, 2])],
        *(IMAGE, 4),
        k=K3,
    ),
    "ReduceMean over rows": case([CONV, node("ReduceMean", "c", "t", axes=[2])], IMAGE, 16, k=K3),
    "ReduceMean over channels": case([CONV, node("ReduceMean", "c", "t", axes=[1])], IMAGE, 16, k=K3),
    "ReduceSum": case([CONV, RELU, node("ReduceSum", "r a", "t", keepdims=0)], IMAGE, 4, k=K3, a=i64(2, 3)),
    "without the pads in the mean": case(
        [CONV, node("AveragePool", "c", "t", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], IMAGE, 16, k=K3
    ),
    "with the pads in the mean": case(
        [CONV, node("AveragePool", "c", "t", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, count_include_pad=1)],
        *(IMAGE, 16),
        k=K3,
    ),
    "SAME, without the pads in the mean": case(
        [CONV, node("AveragePool", "c", "t", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")],
        *(IMAGE, 16),
        k=K3,
    ),
    "maximum over the edge": case(
        [
            node("Conv", "x k", "c", pads=[1] * 4),
            node("MaxPool", "c", "t", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        ],
        *(IMAGE, 36),
        k=K3,
    ),
    "mean over the edge": case(
        [
            node("Conv", "x k", "c", pads=[1] * 4),
            node("AveragePool", "c", "t", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        ],
        *(IMAGE, 36),
        opset=19,
        k=K3,
    ),
    "no window begins beyond the edge": case(
        [CONV, node("MaxPool", "c", "t", kernel_shape=[1, 1], strides=[3, 3], ceil_mode=1)], IMAGE, 16, k=K3
    ),
    "a mean of its own scale, then a convolution": case(
        [
            CONV,
            node("AveragePool", "c", "p", kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1]),
            node("Conv", "p k2", "t", pads=[1] * 4),
        ],
        *(IMAGE, 32),
        k=K3,
        k2=w(2, 4, 3, 3),
    ),
}
SIGNALS = {
    "Conv1d": case(
        [
            node("Conv", "x k", "c", strides=[2], pads=[1, 2]),
            RELU,
            node("MaxPool", "r", "t", kernel_shape=[2], strides=[2]),
        ],
        *((2, 19), 20),
        k=w(4, 2, 3),
    ),
    "Conv1d, dilated": case([node("Conv", "x k", "t", dilations=[3])], (2, 12), 24, k=w(4, 2, 3)),
    "AveragePool, global": case(
        [
            node("Conv", "x k", "c", auto_pad="SAME_LOWER"),
            node("AveragePool", "c", "p", kernel_shape=[3], pads=[1, 1], strides=[2]),
            node("GlobalAveragePool", "p", "t"),
        ],
        *((2, 12), 4),
        k=w(4, 2, 4),
    ),
    "Unsqueeze in front": case(
        [node("Unsqueeze", "x a", "u"), node("Conv", "u k", "c"), node("Squeeze", "c s", "t")],
        *((12,), 10),
        a=i64(1),
        k=w(1, 1, 3),
        s=i64(1),
    ),
    "channels last": case(
        [
            node("Transpose", "x", "h", perm=[0, 2, 1]),
            node("Conv", "h k", "c"),
            node("Transpose", "c", "t", perm=[0, 2, 1]),
        ],
        *((12, 2), 40),
        k=w(4, 2, 3),
    ),
    "as an image of one column": case(
        [
            node("Unsqueeze", "x", "u", axes=[3]),
            node("Conv", "u k", "c"),
            RELU,
            node("Squeeze", "r", "s", axes=[3]),
            node("ReduceMean", "s", "t", axes=[2], keepdims=0),
        ],
        *((2, 12), 4),
        opset=11,
        k=w(4, 2, 3, 1),
    ),
}
CONVOLUTIONS = {
    "two groups": case([node("Conv", "x k", "t", group=2)], (4, 5, 5), 54, k=w(6, 2, 3, 3)),
    "three groups, strided": case(
        [node("Conv", "x k b", "t", group=3, strides=[2, 1], pads=[1] * 4)], (6, 5, 5), 45, k=w(3, 2, 3, 3), b=w(3)
    ),
    "dilated": case([node("Conv", "x k", "t", dilations=[2, 3], pads=[2, 3, 2, 3])], IMAGE, 144, k=K3),
    "depthwise, dilated": case([node("Conv", "x k", "t", group=3, dilations=[2, 2])], IMAGE, 12, k=w(3, 1, 3, 3)),
    "zeros around it": case(
        [node("Pad", "x p", "q"), node("Conv", "q k", "t")], IMAGE, 168, k=K3, p=i64(0, 0, 1, 0, 0, 0, 2, 2)
    ),
    "zeros around it, opset 10": case(
        [node("Pad", "x", "q", pads=[0, 0, 1, 1, 0, 0, 1, 1]), node("Conv", "q k", "t")], IMAGE, 144, opset=10, k=K3
    ),
    "zeros around channels last": case(
        [node("Pad", "x p", "q"), node("Transpose", "q", "h", perm=[0, 3, 1, 2]), node("Conv", "h k", "t")],
        *((6, 6, 3), 144),
        k=K3,
        p=i64(0, 1, 1, 0, 0, 1, 1, 0),
    ),
    "zeros around positive values, then a maximum": case(
        [CONV, RELU, node("Pad", "r p", "q"), node("MaxPool", "q", "t", kernel_shape=[3, 3], strides=[2, 2])],
        *(IMAGE, 16),
        k=K3,
        p=i64(0, 0, 1, 1, 0, 0, 1, 1),
    ),
    "zeros around values of both signs, then a maximum": case(
        [CONV, node("Pad", "c p", "q"), node("MaxPool", "q", "t", kernel_shape=[3, 3], strides=[2, 2])],
        *(IMAGE, 16),
        k=K3,
        p=i64(0, 0, 1, 1, 0, 0, 1, 1),
    ),
    "zeros around it, then a mean": case(
        [CONV, node("Pad", "c p", "q"), node("AveragePool", "q", "t", kernel_shape=[2, 2], strides=[2, 2])],
        *(IMAGE, 36),
        k=K3,
        p=i64(0, 0, 1, 1, 0, 0, 1, 1),
    ),
    "another constant around it": case(
        [CONV, node("Pad", "c p v", "q"), node("Conv", "q k2", "t")],
        *(IMAGE, 50),
        k=K3,
        p=i64(0, 0, 1, 1, 0, 0, 2, 2),
        v=np.float32(0.75),
        k2=w(2, 4, 3, 3),
    ),
    "cropped": case([CONV, node("Pad", "c p", "t")], IMAGE, 24, k=K3, p=i64(0, 0, -1, 0, 0, 0, 0, -2)),
    "channels of zeros": case(
        [CONV, node("Pad", "c p", "q"), node("Relu", "q", "t")], IMAGE, 112, k=K3, p=i64(0, 1, 0, 0, 0, 2, 0, 0)
    ),
    "one tap on each position": case(
        [node("MatMul", "x m", "d"), node("Add", "d b", "e"), node("Relu", "e", "t")], (5, 6), 20, m=w(6, 4), b=w(4)
    ),
}
CHANNELS = {
    "every other position": case(
        [CONV, node("Slice", "c s e a d", "q"), node("Conv", "q k1", "t")],
        *(IMAGE, 8),
        k=K3,
        s=i64(0, 0),
        e=i64(2**31, 2**31),
        a=i64(2, 3),
        d=i64(2, 2),
        k1=w(2, 4, 1, 1),
    ),
    "a window": case(
        [CONV, node("Slice", "c", "q", starts=[1, 1], ends=[3, -1], axes=[2, 3]), node("Conv", "q k1", "t")],
        *(IMAGE, 8),
        opset=9,
        k=K3,
        k1=w(2, 4, 1, 1),
    ),
    "reversed": case(
        [CONV, node("Slice", "c s e a d", "t")],
        *(IMAGE, 64),
        k=K3,
        s=i64(-1),
        e=i64(-(2**31)),
        a=i64(1),
        d=i64(-1),
    ),
    "halves of the channels": case(
        [
            CONV,
            node("Split", "c", "a b", axis=1),
            node("Conv", "b kb", "d", pads=[1] * 4),
            node("Concat", "a d", "t", axis=1),
        ],
        *(IMAGE, 64),
        k=K3,
        kb=w(2, 2, 3, 3),
    ),
    "parts of the channels, added": case(
        [
            CONV,
            node("Split", "c n", "a b", axis=1),
            node("Relu", "a", "ra"),
            node("Conv", "ra k1", "d"),
            node("Add", "d b", "t"),
        ],
        *(IMAGE, 48),
        k=K3,
        n=i64(1, 3),
        k1=w(3, 1, 1, 1),
    ),
    "shuffled": case(
        [
            CONV,
            node("Reshape", "c s", "g"),
            node("Transpose", "g", "h", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "h u", "q"),
            node("Conv", "q k2", "t", group=4),
        ],
        *(IMAGE, 16),
        k=K3,
        s=i64(-1, 2, 2, 4, 4),
        u=i64(-1, 4, 4, 4),
        k2=w(4, 1, 3, 3),
    ),
    "chosen": case([CONV, node("Gather", "c i", "q", axis=1), RELU], IMAGE, 48, source="q", k=K3, i=i64(2, 0, -1)),
    "space to depth": case(
        [node("SpaceToDepth", "x", "s", blocksize=2), node("Conv", "s k", "t")], IMAGE, 4, k=w(4, 12, 3, 3)
    ),
    "joined": case(
        [CONV, RELU, node("Conv", "x k5", "d"), node("Concat", "r d", "j", axis=1), node("Conv", "j k1", "t")],
        *(IMAGE, 48),
        k=K3,
        k5=w(2, 3, 3, 3),
        k1=w(3, 6, 1, 1),
    ),
    "joined pools": case(
        [
            CONV,
            node("MaxPool", "c", "p", kernel_shape=[3, 3], pads=[1] * 4),
            node("AveragePool", "c", "a", kernel_shape=[2, 2], auto_pad="SAME_UPPER", count_include_pad=1),
            node("Concat", "p a c", "j", axis=1),
            node("Conv", "j k1", "t"),
        ],
        *(IMAGE, 48),
        k=K3,
        k1=w(3, 12, 1, 1),
    ),
    "joined vectors": case(
        [
            node("MatMul", "x a", "p"),
            node("Relu", "p", "r"),
            node("MatMul", "x b", "q"),
            node("Concat", "q r x", "t", axis=-1),
        ],
        *((5,), 14),
        a=w(5, 4),
        b=w(5, 5),
    ),
    "joined in height": case(
        [CONV, node("Conv", "x k5", "d"), node("Concat", "c d", "j", axis=2), node("Conv", "j k1", "t")],
        *(IMAGE, 64),
        k=K3,
        k5=w(4, 3, 3, 3),
        k1=w(2, 4, 1, 1),
    ),
}
VALUES = {
    "a factor for each": case(
        [CONV, RELU, node("Mul", "r m", "q"), node("Add", "q a", "t")], IMAGE, 64, k=K3, m=w(4, 4, 4), a=w(1, 4, 4, 4)
    ),
    "a mean image": case([node("Sub", "x m", "q"), node("Conv", "q k", "t")], IMAGE, 64, k=K3, m=w(1, 3, 6, 6)),
    "a vector's": case([node("Sub", "x m", "q"), node("Div", "q s", "t")], (6,), 6, m=w(6), s=f32(1, 2, 3, 4, 5, 6)),
    "batch normalisation after Flatten": case(
        [CONV, RELU, node("Flatten", "r", "f"), node("BatchNormalization", "f g b m v", "t")],
        *(IMAGE, 64),
        k=K3,
        g=w(64),
        b=w(64),
        m=w(64),
        v=w(64) ** 2,
    ),
    "bounds": case([CONV, node("Clip", "c lo hi", "t")], IMAGE, 64, k=K3, lo=f32(-0.25), hi=f32(0.5)),
    "bounds, opset 9": case([CONV, node("Clip", "c", "t", min=0.1, max=0.5)], IMAGE, 64, opset=9, k=K3),
    "negative bounds": case([CONV, node("Clip", "c", "t", min=-0.5, max=-0.1)], IMAGE, 64, opset=9, k=K3),
    "a lower bound": case([CONV, node("Clip", "c lo", "t")], IMAGE, 64, k=K3, lo=np.float32(-0.25)),
    "Min and Max": case(
        [CONV, node("Min", "c hi", "d"), node("Max", "lo d", "t")], IMAGE, 64, k=K3, lo=f32(-0.25), hi=f32(0.5)
    ),
    "bounds of a padded image": case(
        [CONV, node("Pad", "c p", "q"), node("Clip", "q lo hi", "t")],
        *(IMAGE, 144),
        k=K3,
        p=i64(0, 0, 1, 1, 0, 0, 1, 1),
        lo=f32(0.1),
        hi=f32(0.5),
    ),
    "HardSigmoid": case([CONV, node("HardSigmoid", "c", "t", alpha=1 / 6)], IMAGE, 64, k=K3),
    "LeakyRelu": case([CONV, node("LeakyRelu", "c", "t", alpha=0.1)], IMAGE, 64, k=K3),
    "LeakyRelu of the input": case([node("LeakyRelu", "x", "t", alpha=0.3)], (6,), 6),
    "LeakyRelu after a pool": case(
        [CONV, node("MaxPool", "c", "p", kernel_shape=[2, 2]), node("LeakyRelu", "p", "t")], IMAGE, 36, k=K3
    ),
    "PRelu": case([CONV, node("PRelu", "c s", "t")], IMAGE, 64, k=K3, s=f32(0.1, -0.5, 0, 1.5).reshape(4, 1, 1)),
    "Abs": case([node("MatMul", "x m", "q"), node("Abs", "q", "t")], (6,), 4, m=w(6, 4)),
    "Neg, Sum, Dropout": case(
        [CONV, node("Neg", "c", "n"), node("Relu", "n", "r"), node("Dropout", "r", "d"), node("Sum", "d c d", "t")],
        *(IMAGE, 64),
        k=K3,
    ),
    "a residual of channels": case(
        [CONV, node("Conv", "x k1", "d"), node("GlobalAveragePool", "d", "p"), node("Add", "c p", "t")],
        *(IMAGE, 64),
        k=K3,
        k1=K1,
    ),
}
GEMMS = {
    "alpha, beta, transB": case(
        [node("Gemm", "x m b", "t", alpha=0.5, beta=2.0, transB=1)], (6,), 4, m=w(4, 6), b=w(1, 4)
    ),
    "a scalar bias": case([node("Gemm", "x m b", "t")], (6,), 4, m=w(6, 4), b=np.float32(0.3)),
    "the weights on the left": case(
        [node("MatMul", "m x", "d"), node("Add", "d b", "r"), node("Relu", "r", "t")], (6, 1), 4, m=w(4, 6), b=w(4, 1)
    ),
    "weights of three dimensions": case([node("MatMul", "x m", "t")], (5, 6), 20, m=w(1, 6, 4)),
    "a vector of weights": case([node("MatMul", "x m", "d"), node("Relu", "d", "t")], (5, 6), 5, m=w(6)),
}
SHAPES = {
    "Shape, Gather, Concat, Reshape": case(
        [
            CONV,
            node("Shape", "c", "sh"),
            node("Gather", "sh zero", "n", axis=0),
            node("Unsqueeze", "n", "nn", axes=[0]),
            node("Concat", "nn rest", "to", axis=0),
            node("Reshape", "c to", "f"),
            node("MatMul", "f v", "y"),
        ],
        IMAGE,
        opset=11,
        k=K3,
        zero=np.int64(0),
        rest=i64(-1),
        v=w(64, 3),
    ),
    "Shape, Slice": case(
        [
            CONV,
            node("Shape", "c", "sh", end=1),
            node("Concat", "sh rest", "to", axis=0),
            node("Reshape", "c to", "f"),
            node("MatMul", "f v", "y"),
        ],
        IMAGE,
        opset=15,
        k=K3,
        rest=i64(64),
        v=w(64, 3),
    ),
    "Reshape by a computed constant": case(
        [
            node("Identity", "to0", "to"),
            node("Reshape", "x to", "i"),
            node("Conv", "i k", "t"),
        ],
        *((75,), 36),
        to0=i64(0, 3, 5, -1),
        k=K3,
    ),
    "Cast, Identity": case(
        [
            node("Cast", "x", "f", to=TensorProto.FLOAT),
            node("Div", "f s", "d"),
            node("Identity", "d", "i"),
            node("MatMul", "i m", "t"),
        ],
        *((6,), 4),
        kind=TensorProto.UINT8,
        s=np.float32(255),
        m=w(6, 4),
    ),
    "channels last throughout": case(
        [
            node("Transpose", "x", "h", perm=[0, 3, 1, 2]),
            node("Conv", "h k", "c"),
            node("Transpose", "c", "n", perm=[0, 2, 3, 1]),
            node("Mul", "n g", "m"),
            node("Add", "m b", "a"),
            node("Relu", "a", "r"),
            node("Transpose", "r", "h2", perm=[0, 3, 1, 2]),
            node("MaxPool", "h2", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Transpose", "p", "t", perm=[0, 2, 3, 1]),
        ],
        *((6, 6, 3), 16),
        k=K3,
        g=w(4),
        b=w(4),
    ),
}
CASES = POOLS | SIGNALS | CONVOLUTIONS | CHANNELS | VALUES | GEMMS | SHAPES
NO_HARDWARE = {
    "a mean of its own scale, then a convolution",
    "a mean image",
}
"""Networks that no engine runs; the float network is the file's nevertheless."""


def inputs(model, shape, count=24):
    values = RNG.normal(size=(count, *shape))
    kind = model.graph.input[0].type.tensor_type.elem_type
    return (values * 40 + 100).clip(0, 255).astype(np.uint8) if kind == TensorProto.UINT8 else values.astype(np.float32)


@pytest.mark.parametrize("name", CASES)
def test_float_is_onnxruntime(tmp_path, name):
    model, shape = CASES[name]
    x, network = inputs(model, shape), load(tmp_path, model)
    expected = np.concatenate([run_onnx(model, sample[None])["y"] for sample in x])
    found = network.answers.arrays(run_float(network, x.reshape(len(x), -1)).outputs)["y"]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_integers_are_close(tmp_path, name):
    model, shape = CASES[name]
    network, x = load(tmp_path, model), inputs(model, shape, 64).reshape(64, -1)
    quantized = quantize(network, x)
    integers = run_integers(quantized.network, encode(quantized.network.input, x))
    logits = run_float(network, x).outputs
    error = quantized.real_outputs(integers) - logits
    assert np.sqrt(np.mean(error**2)) < 0.03 * np.sqrt(np.mean(logits**2))
    if name in NO_HARDWARE:
        with pytest.raises(InputError, match="no engine puts the values of a vector at the places of an image"):
            plan(quantized.network)
    else:
        plan(quantized.network)


BATCHES = {
    "no batch": graph(
        [node("MatMul", "x m", "d"), node("Relu", "d", "r"), node("MatMul", "r v", "y")],
        (6,),
        batch=None,
        m=w(6, 4),
        v=w(4, 3),
    ),
    "no batch, an image": graph(
        [
            node("Unsqueeze", "x a", "u"),
            node("Conv", "u k", "c"),
            node("Reshape", "c f", "r"),
            node("Gemm", "r v", "g"),
            node("Squeeze", "g", "y"),
        ],
        IMAGE,
        batch=None,
        a=i64(0),
        k=K3,
        f=i64(1, -1),
        v=w(64, 3),
    ),
    "no batch, weights on the left": graph(
        [node("MatMul", "m x", "d"), node("Add", "d b", "y")], (6,), batch=None, m=w(4, 6), b=w(4)
    ),
    "Flatten of axis 0": graph(
        [node("Flatten", "x", "f", axis=0), node("MatMul", "f m", "y")], (1, 2, 3), batch=1, m=w(6, 3)
    ),
    "Flatten of axis 0, no batch": graph(
        [node("Flatten", "x", "f", axis=0), node("Gemm", "f m", "y")], (2, 3), batch=None, m=w(6, 3)
    ),
    "a batch of one": graph(
        [CONV, node("Reshape", "c f", "r"), node("MatMul", "r v", "y")], IMAGE, batch=1, k=K3, f=i64(-1), v=w(64, 3)
    ),
    "a batch of four": graph(
        [CONV, node("Reshape", "c f", "r"), node("MatMul", "r v", "y")], IMAGE, batch=4, k=K3, f=i64(4, -1), v=w(64, 3)
    ),
    "a batch of four, its shape computed": graph(
        [
            CONV,
            node("Shape", "c", "s"),
            node("Slice", "s b e", "n"),
            node("Concat", "n m", "f", axis=0),
            node("Reshape", "c f", "r"),
            node("MatMul", "r v", "y"),
        ],
        IMAGE,
        batch=4,
        k=K3,
        b=i64(0),
        e=i64(1),
        m=i64(-1),
        v=w(64, 3),
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_batches_and_none(tmp_path, name):
    model = BATCHES[name]
    dims = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x, network = RNG.normal(size=dims).astype(np.float32), load(tmp_path, model)
    expected = run_onnx(model, x)["y"]
    found = run_float(network, x.reshape(-1, network.input.inputs)).outputs
    assert network.input.inputs == (np.prod(dims) if "four" not in name else 108)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=0, atol=2e-6 * np.abs(expected).max())
    values = network.answers.values(found, is_alone=x.shape == network.input.whole_shape)
    assert values["y"].shape == expected.shape


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            [CONV, node("Conv", "c k2", "y", dilations=[9, 9])],
            {"k2": w(2, 4, 2, 2)},
            r"n_y' \(Conv\): a window of .* larger",
        ),
        (
            [CONV, node("MaxPool", "c", "y", kernel_shape=[2, 2], dilations=[2, 2])],
            {},
            r"n_y' \(MaxPool\) has dilations \(2, 2\)",
        ),
        (
            [CONV, node("Pad", "c p", "y", mode="reflect")],
            {"p": i64(0, 0, 1, 1, 0, 0, 1, 1)},
            r"\(Pad\) pads by reflect",
        ),
        (
            [CONV, node("Softmax", "c", "s"), node("Conv", "s k1", "y")],
            {"k1": w(2, 4, 1, 1)},
            r"n_s' \(Softmax\) is not the last",
        ),
        (
            [
                *[CONV, node("Sigmoid", "c", "s"), node("Conv", "c k1", "d")],
                *[node("Mul", "d s", "m"), node("Conv", "m k1", "y")],
            ],
            {"k1": w(4, 4, 1, 1)},
            r"n_m' \(Mul\) multiplies or divides two branches",
        ),
        ([CONV, node("LRN", "c", "y", size=3)], {}, r"node 'n_y' \(LRN\) is not supported"),
        ([CONV, node("Max", "c x", "y")], {}, r"\(Max\) compares 2 branches"),
        ([CONV, node("PRelu", "c s", "y")], {"s": w(4, 4, 4)}, r"\(PRelu\) has a slope for each value"),
        (
            [CONV, node("Concat", "c o", "y", axis=1)],
            {"o": np.ones((1, 1, 4, 4), np.float32)},
            r"joins the constant 'o', which is not 0",
        ),
        (
            [CONV, node("Clip", "c lo hi", "y")],
            {"lo": f32(0.5), "hi": f32(0.5)},
            r"n_y' leaves no values between 0.5 and 0.5",
        ),
        ([CONV, node("Cast", "c", "y", to=TensorProto.INT64)], {}, r"\(Cast\) casts to int64"),
        (
            [CONV, node("Expand", "c s", "e"), node("Conv", "e k1", "y")],
            {"s": i64(1, 4, 2000, 2000), "k1": w(2, 4, 1, 1)},
            ".",
        ),
    ],
)
def test_what_no_layer_computes_is_refused(tmp_path, nodes, constants, message):
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, graph(nodes, IMAGE, k=K3, **constants))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "m t", "y")],
        [node("ReduceMean", "x", "r", axes=[0]), node("MatMul", "r v", "y")],
        [node("Reshape", "x s", "r"), node("MatMul", "r q", "y")],
    ],
)
def test_what_mixes_samples_has_no_batch(tmp_path, nodes):
    """Then the first axis of the input is one of the sample's, as the hardware takes one sample at a time."""
    used = {name for each in nodes for name in each.input}
    constants = {"m": w(5, 6), "v": w(6, 3), "s": i64(2, 12), "q": w(12, 3)}
    model = graph(nodes, (6,), batch=4, **{name: value for name, value in constants.items() if name in used})
    network, x = load(tmp_path, model), RNG.normal(size=(4, 6)).astype(np.float32)
    found = network.answers.values(run_float(network, x.reshape(1, -1)).outputs, is_alone=True)["y"]
    assert network.input.shape == network.input.whole_shape == (4, 6)
    np.testing.assert_allclose(found, run_onnx(model, x)["y"], rtol=1e-5, atol=1e-5)


def test_what_mixes_the_samples_of_any_batch_is_refused(tmp_path):
    model = graph([CONV, node("Concat", "c c", "t", axis=0), node("Conv", "t k1", "y")], IMAGE, k=K3, k1=w(2, 4, 1, 1))
    with pytest.raises(InputError, match=r"\(Conv\) gets a tensor of shape \(2, 4, 4, 4\)"):
        load(tmp_path, model)
