"""MLPerf Tiny's networks as they are: float is onnxruntime's, integers are close, RTL equals the golden model."""

import numpy as np
import onnxruntime
import pytest
from support.paths import SHARED

import tospike

ONNX = SHARED / "data" / "onnx"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not ONNX.is_dir(), reason="no networks in ../shared/data")]


def samples(name):
    """(N, ...) inputs in the range that the network was trained on, and labels."""
    if name == "mlperf_tiny_resnet8":
        archive = np.load(SHARED / "data" / "cifar10" / "cifar10_jpeg.npz")
        chosen = [np.flatnonzero(archive["test"] == part)[:256] for part in (True, False)]
        return (*((archive["x"][at], archive["y"][at]) for at in chosen),)
    x = np.random.default_rng(0).normal(size=(512, 49, 10, 1)) * 20
    y = np.zeros(256, dtype=np.int64)
    return (x[:256].astype(np.float32), y), (x[256:].astype(np.float32), y)


@pytest.mark.parametrize("name", ["mlperf_tiny_resnet8", "mlperf_tiny_kws_dscnn"])
def test_the_network_as_exported(name):
    (x, y), (train_x, train_y) = samples(name)
    path = ONNX / f"{name}.onnx"
    network = tospike.load(path, data={"x": x, "y": y, "train_x": train_x, "train_y": train_y})
    session = onnxruntime.InferenceSession(path)
    given = session.get_inputs()[0]
    whole = x if x.shape[1:] == tuple(given.shape[1:]) else x.transpose(0, 2, 3, 1)
    (expected,) = session.run(None, {given.name: whole.astype(np.float32)})
    (found,) = network.reference().values()
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)

    design, reference = network.compile(), network.evaluate()
    golden = design.evaluate()
    error = design.prepared.quantized.real_outputs(golden.outputs) - reference.outputs
    assert np.sqrt(np.mean(error**2)) < 0.025 * np.sqrt(np.mean(reference.outputs**2))
    assert abs(golden.accuracy - reference.accuracy) <= 0.01
    assert design.simulate(network.data.x[:2]).equals_golden
