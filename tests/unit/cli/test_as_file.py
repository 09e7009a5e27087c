"""``tospike evaluate --outputs FILE.npz --as-file``: what the ONNX file computes from the outputs."""

import numpy as np
import pytest
from onnx import TensorProto
from support.command_line import refused, tospike
from support.onnx_graphs import graph, node, run_onnx
from support.paths import EXAMPLES

RNG = np.random.default_rng(12)
NODES = [
    node("MatMul", "x w", "h"),
    node("Relu", "h", "r"),
    node("MatMul", "r v", "l"),
    node("Sigmoid", "l", "p"),
    node("Sub", "one p", "n"),
    node("Concat", "n p", "both", axis=1),
    node("ArgMax", "both", "at", axis=1),
    node("ArrayFeatureExtractor", "classes at", "key"),
    node("Reshape", "key flat", "label"),
]


@pytest.fixture
def files(tmp_path):
    """Two classes of one logit, as scikit-learn's converter writes them."""
    constants = {"one": np.float32(1), "classes": np.array(["no", "yes"], dtype=object), "flat": np.array([-1])}
    weights = {"w": RNG.normal(size=(6, 8)).astype(np.float32), "v": RNG.normal(size=(8, 1)).astype(np.float32)}
    model = graph(NODES, (6,), outputs=(("label", TensorProto.STRING), "both"), **weights, **constants)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    x = RNG.normal(size=(80, 6)).astype(np.float32)
    expected = run_onnx(model, x)
    np.savez(tmp_path / "d.npz", x=x, y=(expected["label"] == "yes").astype(int))
    return expected


@pytest.mark.parametrize("backend", ["float", "golden"])
def test_labels_and_probabilities(tmp_path, files, backend):
    base = ("evaluate", "net.onnx", "--data", "npz:d.npz", "--backend", backend)
    ran = tospike(*base, "--outputs", "o.npz", "--as-file", "--json", "o.json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = np.load(tmp_path / "o.npz")
    assert found.files == ["label", "both"]
    same = found["label"] == files["label"].astype(str)
    if backend == "float":
        np.testing.assert_allclose(found["both"], files["both"], rtol=1e-5, atol=1e-6)
        assert same.all()
    else:
        assert np.abs(found["both"] - files["both"]).max() < 0.05 and same.mean() > 0.9
    assert found["both"].dtype == np.float32
    # without --as-file they stay the logits
    tospike(*base, "--outputs", "l.npz", cwd=tmp_path)
    logits = np.load(tmp_path / "l.npz")["outputs"]
    assert logits.shape == (80, 1)
    np.testing.assert_array_equal(logits[:, 0] > 0, found["label"] == "yes")


def test_what_has_no_file_outputs_is_refused(tmp_path, files):
    base = ("evaluate", "net.onnx", "--data", "npz:d.npz")
    refused(tospike(*base, "--as-file", cwd=tmp_path), "--as-file is for --outputs FILE.npz: give both")
    refused_class = tospike(*base, "--argmax", cwd=tmp_path)
    assert refused_class.returncode == 2 and "a single output decides by its sign" in refused_class.stderr
    snn = ("evaluate", EXAMPLES / "digits_snn.nir", "--samples", "2", "--backend", "float")
    refused(tospike(*snn, "--outputs", "o.npz", "--as-file", cwd=tmp_path), "--as-file is for ONNX files")
    assert not (tmp_path / "o.npz").exists()
