"""The command line as a user types it, and the one line that bad input gets."""

import os
import subprocess
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper


def tospike(*args, cwd, env=None, timeout=300):
    return subprocess.run(
        [sys.executable, "-m", "tospike", *map(str, args)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def refused(result, *words):
    """One line on stderr that has the words, exit status 2, no traceback."""
    assert result.returncode == 2, result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in lines[0], lines[0]


def write_onnx(path, nodes, weights, inputs=64, outputs=10):
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
