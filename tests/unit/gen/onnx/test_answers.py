"""What files compute from the outputs of the last layer: probabilities, labels, another layout; as onnxruntime does."""

import numpy as np
import pytest
from onnx import TensorProto
from support.onnx_graphs import graph, load, node, run_onnx

from tospike.hw.params import InputError
from tospike.sim.network.reference import run_float

RNG = np.random.default_rng(53)
W = RNG.normal(size=(5, 3)).astype(np.float32)
ONE = RNG.normal(size=(5, 1)).astype(np.float32)
K = RNG.normal(size=(4, 2, 3, 3)).astype(np.float32)
LOGITS = node("MatMul", "x w", "l")
LABEL = ("label", TensorProto.INT64)


def values(count=17, shape=(5,)):
    return RNG.normal(size=(count, *shape)).astype(np.float32)


def found_in(tmp_path, model, x):
    network = load(tmp_path, model)
    run = run_float(network, x.reshape(len(x), -1))
    return network, run, network.answers.values(run.outputs)


TAILS = {
    "Softmax": ([LOGITS, node("Softmax", "l", "y")], {}),
    "Softmax, opset 11": ([LOGITS, node("Softmax", "l", "y")], {"opset": 11}),
    "LogSoftmax": ([LOGITS, node("LogSoftmax", "l", "y", axis=1)], {}),
    "Sigmoid": ([LOGITS, node("Sigmoid", "l", "y")], {}),
    "Tanh": ([LOGITS, node("Tanh", "l", "y")], {}),
    "Softmax, Identity, Cast": (
        [LOGITS, node("Softmax", "l", "s"), node("Identity", "s", "i"), node("Cast", "i", "y", to=TensorProto.DOUBLE)],
        {"outputs": (("y", TensorProto.DOUBLE),)},
    ),
    "ArgMax": ([LOGITS, node("ArgMax", "l", "y", axis=1)], {"outputs": (("y", TensorProto.INT64),)}),
    "ArgMax, one dimension": (
        [LOGITS, node("Softmax", "l", "s"), node("ArgMax", "s", "y", axis=-1, keepdims=0)],
        {"outputs": (("y", TensorProto.INT64),)},
    ),
    "TopK": (
        [LOGITS, node("TopK", "l one", "v label")],
        {"outputs": ("v", LABEL), "one": np.array([1])},
    ),
    "logits and probabilities": ([LOGITS, node("Softmax", "l", "y")], {"outputs": ("l", "y")}),
    "reshaped": (
        [LOGITS, node("Softmax", "l", "s"), node("Reshape", "s to", "y")],
        {"to": np.array([-1, 3, 1, 1])},
    ),
    "above a threshold": (
        [LOGITS, node("Greater", "l half", "g"), node("Cast", "g", "y", to=TensorProto.FLOAT)],
        {"half": np.float32(0.5)},
    ),
    "scaled": ([LOGITS, node("Tanh", "l", "t"), node("Mul", "t two", "y")], {"two": np.float32(2)}),
    "scikit-learn": (
        [
            node("Cast", "x", "f", to=TensorProto.FLOAT),
            node("MatMul", "f w", "l"),
            node("Softmax", "l", "probabilities"),
            node("ArgMax", "probabilities", "at", axis=1),
            node("ArrayFeatureExtractor", "classes at", "key"),
            node("Reshape", "key flat", "keys"),
            node("Cast", "keys", "label", to=TensorProto.INT64),
        ],
        {"outputs": (LABEL, "probabilities"), "classes": np.array([4, 7, 9], np.int32), "flat": np.array([-1])},
    ),
}


@pytest.mark.parametrize("name", TAILS)
def test_a_file_returns_what_onnxruntime_does(tmp_path, name):
    nodes, more = TAILS[name]
    model, x = graph(nodes, (5,), w=W, **more), values()
    expected = run_onnx(model, x)
    network, run, found = found_in(tmp_path, model, x)
    assert len(network.stages) == 1 and list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].shape == value.shape and found[key].dtype == value.dtype
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6)
    # the network's own outputs stay the logits, and the class is theirs
    np.testing.assert_allclose(run.outputs, x.astype(np.float64) @ W, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(run.predictions, (x @ W).argmax(axis=1))


def test_a_single_output_decides_by_its_sign(tmp_path):
    model, x = graph([LOGITS, node("Sigmoid", "l", "y")], (5,), w=ONE), values()
    network, run, found = found_in(tmp_path, model, x)
    assert network.classes == 2
    np.testing.assert_allclose(found["y"], run_onnx(model, x)["y"], rtol=1e-5)
    np.testing.assert_array_equal(run.predictions, found["y"][:, 0] > 0.5)
    assert set(run.predictions.tolist()) == {0, 1}


def test_two_classes_of_scikit_learn(tmp_path):
    nodes = [
        LOGITS,
        node("Sigmoid", "l", "p"),
        node("Sub", "one p", "n"),
        node("Concat", "n p", "both", axis=1),
        node("ArgMax", "both", "at", axis=1),
        node("ArrayFeatureExtractor", "classes at", "key"),
        node("Reshape", "key flat", "label"),
        node("ZipMap", "both", "scores", classlabels_strings=["no", "yes"]),
    ]
    constants = {"one": np.float32(1), "classes": np.array(["no", "yes"], dtype=object), "flat": np.array([-1])}
    outputs = (("label", TensorProto.STRING), ("scores", 0))
    model, x = graph(nodes, (5,), w=ONE, outputs=outputs, **constants), values()
    expected = run_onnx(model, x)
    _, run, found = found_in(tmp_path, model, x)
    assert found["label"].tolist() == expected["label"].tolist()
    np.testing.assert_array_equal(run.predictions == 1, found["label"] == "yes")
    assert [list(row) for row in found["scores"]] == [["no", "yes"]] * len(x)
    for row, wanted in zip(found["scores"], expected["scores"], strict=True):
        assert row == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("transform", ["SOFTMAX", "LOGISTIC", "NONE"])
def test_linear_classifiers(tmp_path, transform):
    options = {"coefficients": W.T.reshape(-1).tolist(), "intercepts": [0.1, -0.2, 0.3], "classlabels_ints": [2, 5, 8]}
    nodes = [
        node("Scaler", "x", "z", offset=[0.1] * 5, scale=[1.0, 2.0, 0.5, 1.5, 1.0]),
        node("LinearClassifier", "z", "label scores", post_transform=transform, **options),
    ]
    model, x = graph(nodes, (5,), outputs=(LABEL, "scores")), values()
    expected = run_onnx(model, x)
    _, run, found = found_in(tmp_path, model, x)
    np.testing.assert_array_equal(found["label"], expected["label"])
    np.testing.assert_allclose(found["scores"], expected["scores"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.array([2, 5, 8])[run.predictions], expected["label"])


def test_linear_regressors(tmp_path):
    options = {"coefficients": W.T[:2].reshape(-1).tolist(), "intercepts": [0.5, 1.0], "targets": 2}
    model, x = graph([node("LinearRegressor", "x", "y", **options)], (5,)), values()
    np.testing.assert_allclose(found_in(tmp_path, model, x)[2]["y"], run_onnx(model, x)["y"], rtol=1e-5, atol=1e-6)


IMAGES = {
    "channels last": [node("Transpose", "c", "y", perm=[0, 2, 3, 1])],
    "softmax over channels": [node("Softmax", "c", "y", axis=1)],
    "larger": [node("DepthToSpace", "c", "y", blocksize=2)],
    "a class for each position": [node("ArgMax", "c", "y", axis=1)],
}


@pytest.mark.parametrize("batch", ["batch", 1, 3])
@pytest.mark.parametrize("name", IMAGES)
def test_images_in_the_files_layout(tmp_path, name, batch):
    kind = TensorProto.INT64 if "class" in name else TensorProto.FLOAT
    model = graph([node("Conv", "x k", "c"), *IMAGES[name]], (2, 6, 5), batch=batch, outputs=(("y", kind),), k=K)
    x = values(7, (2, 6, 5))
    size = batch if isinstance(batch, int) else 7
    given = np.concatenate([x, x[-1:], x[-1:]])[: -(-7 // size) * size]
    parts = [run_onnx(model, given[at : at + size])["y"] for at in range(0, len(given), size)]
    expected = np.concatenate(parts)[:7]
    found = found_in(tmp_path, model, x)[2]["y"]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_softmax_over_all_later_axes_before_opset_13(tmp_path):
    model, x = (
        graph([node("Conv", "x k", "c"), node("Softmax", "c", "y")], (2, 6, 5), opset=11, k=K),
        values(4, (2, 6, 5)),
    )
    np.testing.assert_allclose(found_in(tmp_path, model, x)[2]["y"], run_onnx(model, x)["y"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            [LOGITS, node("Softmax", "l", "s"), node("Sub", "one s", "y")],
            {"one": np.float32(1)},
            "output 'y' does not choose the class of the largest of the network's 3 outputs",
        ),
        (
            [LOGITS, node("Softmax", "l", "s"), node("Slice", "s a b c", "t"), node("ArgMax", "t", "y", axis=1)],
            {"a": np.array([1]), "b": np.array([3]), "c": np.array([1])},
            "output 'y' does not choose the class",
        ),
        ([LOGITS, node("Softmax", "l", "y", axis=0)], {}, "does not choose the class"),
        (
            [LOGITS, node("Softmax", "l", "s"), node("MatMul", "s v", "y")],
            {"v": np.ones((3, 2), np.float32)},
            r"node 'n_s' \(Softmax\) is not the last node, but node 'n_y' \(MatMul\) takes its result",
        ),
        (
            [LOGITS, node("Softmax", "l", "s"), node("Reshape", "s q", "y")],
            {"q": np.array([-1, 2, 2])},
            "the nodes after the last layer cannot be computed",
        ),
        (
            [node("MatMul", "x v", "h"), node("Relu", "h", "r"), node("MatMul", "r u", "l"), node("Softmax", "h", "y")],
            {"v": np.ones((5, 4), np.float32), "u": np.ones((4, 2), np.float32), "outputs": ("l", "y")},
            r"output '[ly]' is not the result of the last layer alone",
        ),
    ],
)
def test_what_is_refused(tmp_path, nodes, constants, message):
    used = {name for each in nodes for name in each.input}
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, graph(nodes, (5,), **constants, **({"w": W} if "w" in used else {})))
    assert "\n" not in str(caught.value)
