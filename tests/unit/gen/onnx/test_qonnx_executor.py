"""QONNX's own executor, in an environment of its own, against the float network and the integers: every rounding mode.

The environment is made in TOSPIKE_FRAMEWORKS, by default below the temporary folder, and kept there.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.paths import TESTS

from tospike.gen.onnx.importer import import_onnx
from tospike.gen.quantize.network import quantize
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers

PLACE = Path(os.environ.get("TOSPIKE_FRAMEWORKS", Path(tempfile.gettempdir()) / "tospike-frameworks")) / "qonnx"
DOMAIN = "qonnx.custom_op.general"
MODES = ("ROUND", "HALF_EVEN", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
RNG = np.random.default_rng(3)


def node(kind, inputs, output, **attributes):
    domain = DOMAIN if kind in ("Quant", "Trunc") else ""
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", domain=domain, **attributes)


def quant(inputs, output, mode="ROUND", signed=1, narrow=0):
    return node("Quant", inputs, output, rounding_mode=mode, signed=signed, narrow=narrow)


def normal(*shape, size):
    return RNG.normal(size=shape).astype(np.float32) * np.float32(size)


def build(nodes, shape, version=1, **constants):
    info = helper.make_tensor_value_info
    floats = {key: np.float32(value) if np.ndim(value) == 0 else value for key, value in constants.items()}
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", TensorProto.FLOAT, (1, *shape))],
        [info("y", TensorProto.FLOAT, (1, 5))],
        initializer=[numpy_helper.from_array(np.asarray(value), name) for name, value in floats.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def quantised(mode, signed):
    """Weights, biases of 16 bits and activations of 4 bits."""
    nodes = [quant("x s z b", "q", mode), quant("w ws z b", "wq", mode), quant("bb bs z b16", "bq", mode)]
    nodes += [node("Gemm", "q wq bq", "h", transB=1), node("Identity" if signed else "Relu", "h", "r")]
    nodes += [quant("r hs z b", "a", mode, signed), quant("v ws z b", "vq", mode), node("MatMul", "a vq", "y")]
    constants = {"s": 0.13, "z": 0, "b": 4, "ws": 0.1137, "b16": 16, "bs": 0.13 * 0.1137, "hs": 0.25}
    constants |= {"w": normal(8, 12, size=0.4), "bb": normal(8, size=1), "v": normal(8, 5, size=0.4)}
    return build(nodes, (12,), **constants)


def truncated(mode, version):
    """Sums of 2 x 2 values of 4 bits, whose 6 bits are truncated to 4."""
    nodes = [quant("x s z b8", "q", signed=0), quant("w ws z b4", "wq", narrow=1)]
    nodes += [node("Conv", "q wq", "c", pads=[1, 1, 1, 1]), node("Relu", "c", "r"), quant("r s z b4", "a", signed=0)]
    nodes += [node("AveragePool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]), node("Mul", "p four", "m")]
    more = {} if version == 1 else {"signed": 0, "narrow": 0}
    inputs = "m s z b6 b4" if version == 1 else "m s z b6 s4 b4"
    nodes += [node("Trunc", inputs, "t", rounding_mode=mode, **more), node("Reshape", "t sizes", "f")]
    nodes += [quant("v ws z b4", "vq", narrow=1), node("MatMul", "f vq", "y")]
    constants = {"s": 0.13, "z": 0, "b8": 8, "b6": 6, "b4": 4, "ws": 0.1137, "four": 4, "s4": 4 * np.float32(0.13)}
    constants |= {"w": normal(4, 2, 3, 3, size=0.3), "v": normal(64, 5, size=0.3), "sizes": np.array([1, 64])}
    return build(nodes, (2, 8, 8), version, **constants)


def models():
    for mode in MODES:
        yield f"quant {mode}", quantised(mode, 0), True
        yield f"quant signed {mode}", quantised(mode, 1), mode not in ("UP", "DOWN")
        for version in (1, 2):
            yield f"trunc {version} {mode}", truncated(mode, version), mode not in ("ROUND", "HALF_EVEN")


def python():
    """The Python of an environment with QONNX, made unless it is there."""
    found, done = PLACE / "bin" / "python", PLACE / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
        pip = [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "qonnx==1.0.0"]
        made = subprocess.run(pip, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"pip has no qonnx: {made.stderr.strip().splitlines()[-1:]}")
        done.touch()
    return found


@pytest.mark.slow
def test_every_level_is_that_of_qonnx(tmp_path):
    cases = list(models())
    for name, model, _ in cases:
        onnx.save(model, tmp_path / f"{name}.onnx")
        shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim][1:]
        np.savez(tmp_path / f"{name}.npz", x=RNG.uniform(-1, 2.5, (40, *shape)).astype(np.float32))
    script = TESTS / "frameworks" / "qonnx_execute.py"
    subprocess.run([python(), script, tmp_path], check=True, capture_output=True, timeout=900)
    for name, _, has_integers in cases:
        expected = np.load(tmp_path / f"{name}.out.npz")["y"]
        x = np.load(tmp_path / f"{name}.npz")["x"].reshape(len(expected), -1)
        network = import_onnx(tmp_path / f"{name}.onnx")
        off = [np.abs(run_float(network, x).outputs - expected) > 1e-4]
        if has_integers:  # the others are refused, or have ties that no multiplier reproduces
            made = quantize(network, x)
            got = made.real_outputs(run_integers(made.network, encode(made.network.input, x)))
            off.append(np.abs(got - expected) > made.stages[-1].unit / 2 + 1e-4)
        # a sum of 0 becomes 1 if float32 makes it more than 0 and the mode rounds up: that happens in a sample of 40
        directed = name.split()[-1] in ("FLOOR", "CEIL", "UP", "DOWN")
        assert max(part.mean() for part in off) <= (0.05 if directed else 0), name
