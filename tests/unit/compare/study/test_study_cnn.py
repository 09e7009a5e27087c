"""A study of convolutional networks from end to end: conv engine against windows of events."""

import json

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.command_line import tospike

OPTIONS = ("--rows", 2, "--cols", 2, "--lanes", 2, "--rtl-samples", 2, "--no-synth", "--no-iso-accuracy")


@pytest.fixture
def files(tmp_path):
    """An ANN with a convolution and a pool, the SNN made of it, and 12 images in two classes."""
    rng = np.random.default_rng(4)
    weights = {"w0": rng.normal(size=(3, 1, 3, 3)), "w1": rng.normal(size=(12, 2))}
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("AveragePool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("MatMul", ["f", "w1"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    (tmp_path / "cnn.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    np.savez(tmp_path / "d.npz", x=rng.random((24, 36)), y=np.arange(24) % 2)
    result = tospike("convert", "cnn.onnx", "--data", "npz:d.npz", "--steps", 3, "--out", "cnn.nir", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    return tmp_path


@pytest.mark.slow
def test_both_sides_are_measured_and_judged(files):
    arguments = ("compare", "mine", "--pair", "--ann", "cnn.onnx", "--snn", "cnn.nir", "--data", "npz:d.npz")
    result = tospike(*arguments, *OPTIONS, cwd=files)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((files / "out" / "report.json").read_text())
    ann, snn = report["designs"]
    for design in (ann, snn):
        assert (design["rtl_samples"], design["mismatches"]) == (2, 0)
        assert design["counters_pj"]["total"] > 0 and design["energy_pj"]["total"] > 0
    assert ann["operations"]["mac"] > 0 and snn["operations"]["sop"] > 0
    assert report["matched_qnn"]["bits"] == 2 and report["verdict"]["sentence"].startswith("On mine, ")
    changes = {change["change"] for change in report["sensitivity"]}
    assert {"ANN: 4 columns", "SNN: 1 lane"} <= changes


def test_what_no_engine_can_run_is_refused_before_any_work(files):
    arguments = ("compare", "mine", "--pair", "--ann", "cnn.onnx", "--snn", "cnn.nir", "--data", "npz:d.npz")
    result = tospike(*arguments, "--engine", "event", cwd=files)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert not (files / "out" / "snn").exists()
