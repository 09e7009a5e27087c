"""Float ONNX networks with convolutions, pools and branches: the same results as onnx.reference and onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from support.paths import SHARED

from tospike.gen.data.datasets import load_data
from tospike.gen.onnx.importer import import_onnx
from tospike.hw.params import InputError
from tospike.sim.network import Add, Conv2d, Dense, MaxPool2d
from tospike.sim.network.reference import run_float

DATA = SHARED / "data"
RNG = np.random.default_rng(17)
IMAGE = (2, 6, 7)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", **attributes)


def build(nodes, *, shape=IMAGE, output="y", **weights):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", *shape))],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def load(tmp_path, model):
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    return import_onnx(path)


def conv(**attributes):
    return build([node("Conv", "x w b", "y", **attributes)], w=normal(4, 2, 3, 3), b=normal(4))


STATISTICS = {"g": normal(4), "s": normal(4), "m": normal(4), "v": np.abs(normal(4)) + 0.1}

MODELS = {
    "conv": conv(),
    "stride": conv(strides=[2, 1]),
    "pads": conv(pads=[1, 0, 2, 1]),
    "same upper": conv(auto_pad="SAME_UPPER", strides=[2, 2]),
    "same lower": conv(auto_pad="SAME_LOWER", strides=[2, 2]),
    "valid": conv(auto_pad="VALID"),
    "depthwise": build([node("Conv", "x w", "y", group=2, pads=[1, 1, 1, 1])], w=normal(4, 1, 3, 3)),
    "bn": build(
        [node("Conv", "x w", "c"), node("BatchNormalization", "c g s m v", "n", epsilon=1e-3), node("Relu", "n", "y")],
        w=normal(4, 2, 3, 3),
        **STATISTICS,
    ),
    "bn before": build(
        [node("BatchNormalization", "x g s m v", "n"), node("Relu", "n", "r"), node("Conv", "r w", "y")],
        w=normal(4, 2, 3, 3),
        **{name: array[:2] for name, array in STATISTICS.items()},
    ),
    "arithmetic": build(
        [
            node("Sub", "x mean", "a"),
            node("Div", "a std", "b"),
            node("Conv", "b w", "c", pads=[1, 1, 1, 1]),
            node("Mul", "c gain", "d"),
            node("Sub", "one d", "y"),
        ],
        mean=np.float32(0.4),
        std=np.array([0.3], np.float32),
        gain=normal(4, 1, 1),
        one=np.float32(1),
        w=normal(4, 2, 3, 3),
    ),
    "per channel before": build(
        [node("Mul", "x k", "a"), node("Conv", "a w", "y", pads=[1, 1, 1, 1])],
        k=normal(1, 2, 1, 1),
        w=normal(4, 2, 3, 3),
    ),
    "max": build([node("MaxPool", "x", "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])]),
    "average": build([node("AveragePool", "x", "y", kernel_shape=[2, 3], strides=[2, 1])]),
    "padded average": build(
        [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)]
    ),
    "relu behind max": build(
        [node("Conv", "x w", "c"), node("MaxPool", "c", "p", kernel_shape=[2, 2]), node("Relu", "p", "y")],
        w=normal(4, 2, 3, 3),
    ),
    "global": build(
        [
            node("Conv", "x w", "c"),
            node("Clip", "c low high", "r"),
            node("GlobalAveragePool", "r", "p"),
            node("Flatten", "p", "f"),
            node("Dropout", "f", "d"),
            node("Gemm", "d v", "y", transB=1),
        ],
        w=normal(4, 2, 3, 3),
        v=normal(3, 4),
        low=np.float32(0),
        high=np.float32(0.8),
    ),
    "residual": build(
        [
            node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
            node("Relu", "c", "r"),
            node("Add", "r x", "s"),
            node("Relu", "s", "t"),
            node("Conv", "t w", "u", pads=[1, 1, 1, 1]),
            node("Sub", "t u", "y"),
        ],
        w=normal(2, 2, 3, 3),
    ),
    "shared before relu": build(  # the sums go two ways: the ReLU must not reach the addition
        [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Relu", "c", "r"), node("Add", "r c", "y")],
        w=normal(2, 2, 3, 3),
    ),
    "shared behind flatten": build(
        [node("Conv", "x w", "c"), node("Flatten", "c", "f"), node("Relu", "f", "r"), node("Add", "r f", "y")],
        w=normal(2, 2, 3, 3),
    ),
    "nodes that nothing uses": build([node("Relu", "x", "u"), node("Conv", "x w", "y")], w=normal(4, 2, 3, 3)),
    "image from a vector": build(
        [node("Reshape", "x s", "i"), node("Conv", "i w", "y")],
        shape=(84,),
        s=np.array([-1, *IMAGE]),
        w=normal(4, 2, 3, 3),
    ),
    "shape of the input": build(
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "b"),
            node("Unsqueeze", "b axes", "u"),
            node("Concat", "u rest", "t", axis=0),
            node("Reshape", "x t", "f"),
            node("Transpose", "w", "wt", perm=[1, 0]),
            node("MatMul", "f wt", "y"),
        ],
        zero=np.int64(0),
        axes=np.array([0]),
        rest=np.array([-1]),
        w=normal(5, 84),
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("judge", ["onnx.reference", "onnxruntime"])
def test_float_results_agree(tmp_path, name, judge):
    model = MODELS[name]
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
    x = normal(3, *shape)
    if judge == "onnxruntime":
        runtime = pytest.importorskip("onnxruntime", reason="onnxruntime (extra dev) is not installed")
        session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    else:
        session = ReferenceEvaluator(model)
    (expected,) = session.run(None, {"x": x})
    got = run_float(load(tmp_path, model), x.reshape(3, -1)).outputs
    np.testing.assert_allclose(got, expected.reshape(3, -1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kinds", "sources"),
    [
        ("bn", [Conv2d], [()]),
        ("bn before", [Conv2d, Conv2d], [(), ()]),
        ("arithmetic", [Conv2d], [()]),
        ("relu behind max", [Conv2d, MaxPool2d], [(), ()]),
        ("residual", [Conv2d, Add, Conv2d, Add], [(), (0, -1), (), (1, 2)]),
        ("shared before relu", [Conv2d, Conv2d, Add], [(), (), (1, 0)]),
        ("shape of the input", [Dense], [()]),
    ],
)
def test_what_is_folded(tmp_path, name, kinds, sources):
    network = load(tmp_path, MODELS[name])
    assert [type(stage.synapses) for stage in network.stages] == kinds
    assert [stage.sources for stage in network.stages] == sources


def test_input_scaling_is_not_a_layer(tmp_path):
    spec = load(tmp_path, MODELS["arithmetic"]).input
    assert (spec.scale, spec.offset) == (pytest.approx(0.3), pytest.approx(0.4))


W = normal(4, 2, 3, 3)
HIDDEN = node("Conv", "x w", "c")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (build([node("Conv", "x w", "y", dilations=[9, 1])], w=W), r"'n_y' \(Conv\): a window of \(19, 3\) is larger"),
        (
            build([node("Conv", "x w", "y", group=2)], w=normal(4, 2, 3, 3)),
            r"\(Conv\) has weights .* in 2 groups for 2",
        ),
        (
            build([node("Conv", "x w", "y")], w=normal(4, 3, 3, 3)),
            r"'n_y' \(Conv\) has weights of shape \(4, 3, 3, 3\) in 1 groups for 2 channels",
        ),
        (build([node("Conv", "x w", "y")], w=normal(4, 2, 9, 3)), r"'n_y' \(Conv\): a window of \(9, 3\) is larger"),
        (build([node("Conv", "x w", "y")], w=normal(4, 2, 3)), "has a kernel of 1 dimensions"),
        (build([node("Conv", "x w", "y")], w=W, shape=(84,)), r"gets a tensor of shape \(1, 84\), not \(1, channels"),
        (build([HIDDEN, node("Mul", "c x", "y")], w=W), "multiplies or divides two branches"),
        (build([HIDDEN, node("Add", "c x", "y")], w=W), r"adds tensors of shapes \(1, 4, 4, 5\) and \(1, 2, 6, 7\)"),
        (build([HIDDEN, node("Div", "one c", "y")], w=W, one=np.float32(1)), "divides by data or by zero"),
        (
            build([HIDDEN, node("Reshape", "c s", "y")], w=W, s=np.array([-1, 8, 2, 4])),
            r"to \[-1, 8, 2, 4\]: only another",
        ),
        (
            build([node("BatchNormalization", "x g s m v", "y")], **STATISTICS),
            r"'n_y' \(BatchNormalization\) has statistics of other shapes than \(2,\)",
        ),
        (
            build([node("Conv", "x w", "y")], w=W, shape=(2, "h", 7)),
            "input 'x' has no static shape .*: export it with fixed sizes",
        ),
        (build([HIDDEN, node("Sin", "c", "y")], w=W), r"'n_y' \(Sin\) is not supported: no layer computes it"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, model, message):
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, model)
    assert "net.onnx: " in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.skipif(not (DATA / "onnx").is_dir(), reason="no networks in ../shared/data")
def test_a_trained_cnn_agrees_with_onnxruntime():
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime (extra dev) is not installed")
    path = DATA / "onnx" / "mnist_cnn_sinabs.onnx"
    x = load_data(f"mnist:{DATA / 'mnist'}").x[:200]
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"image": x.reshape(-1, 1, 28, 28)})
    np.testing.assert_allclose(run_float(import_onnx(path), x).outputs, expected, atol=1e-6)
