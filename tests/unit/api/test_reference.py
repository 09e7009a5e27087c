"""``Network.reference``: what the network's ONNX file returns."""

import numpy as np
import pytest
from onnx import TensorProto
from support.onnx_graphs import graph, node, run_onnx
from support.paths import EXAMPLES

import tospike
from tospike.hw.params import InputError

RNG = np.random.default_rng(8)
W = RNG.normal(size=(6, 3)).astype(np.float32)
TAIL = [node("Softmax", "l", "p"), node("ArgMax", "p", "label", axis=1, keepdims=0)]
OUTPUTS = (("label", TensorProto.INT64), "p")


def saved(tmp_path, model):
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def compared(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape and found[name].dtype == value.dtype
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


def test_label_and_probabilities_without_data(tmp_path):
    model = graph([node("MatMul", "x w", "l"), *TAIL], (6,), outputs=OUTPUTS, w=W)
    x = RNG.normal(size=(5, 6)).astype(np.float32)
    network = tospike.load(saved(tmp_path, model))
    compared(network.reference(x), run_onnx(model, x))
    with pytest.raises(InputError, match="net has no data: give samples"):
        network.reference()
    with pytest.raises(InputError, match=r"x must be \(samples, 6\), not \(5, 5\)"):
        network.reference(x[:, :5])
    with pytest.raises(InputError, match="x contains NaN"):
        network.reference(x * np.nan)


@pytest.mark.parametrize(("batch", "shape"), [(None, (6,)), (1, (1, 6)), (4, (4, 6))])
def test_the_shape_that_the_file_states(tmp_path, batch, shape):
    tail = [node("Softmax", "l", "p", axis=-1)]
    model = graph([node("MatMul", "x w", "l"), *tail], (6,), batch=batch, outputs=("p",), w=W)
    network, x = tospike.load(saved(tmp_path, model)), RNG.normal(size=(9, 6)).astype(np.float32)
    expected = run_onnx(model, x[:4].reshape(-1)[: np.prod(shape)].reshape(shape))
    compared(network.reference(x[:4].reshape(-1)[: np.prod(shape)].reshape(shape)), expected)
    found = network.reference(x)["p"]
    assert found.shape == (9, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_data_of_the_network():
    network = tospike.load(EXAMPLES / "digits_ann.onnx", data="digits")
    found = network.reference()
    np.testing.assert_allclose(next(iter(found.values())), network.evaluate().outputs, rtol=1e-5, atol=1e-5)


def test_an_snn_has_none():
    with pytest.raises(InputError, match="is not an ONNX file"):
        tospike.load(EXAMPLES / "digits_snn.nir", data="digits").reference()
