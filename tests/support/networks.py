"""Small trained networks as files, an ANN and an SNN."""

import nir
import numpy as np
from onnx import helper
from support.command_line import write_onnx

from tospike.gen.nir.options import METADATA_KEY, NirOptions


def write_networks(folder, seed=1):
    rng = np.random.default_rng(seed)
    hidden, last = rng.normal(size=(5, 6)).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w1"], ["y"]),
    ]
    write_onnx(folder / "a.onnx", nodes, {"w0": hidden.T.copy(), "w1": last.T.copy()}, inputs=6, outputs=3)
    graph = nir.NIRGraph.from_list(
        nir.Linear(weight=hidden),
        nir.LIF(tau=np.full(5, 4e-4), r=np.full(5, 4.0), v_leak=np.zeros(5), v_threshold=np.full(5, 0.6)),
        nir.Linear(weight=last),
        nir.LI(tau=np.full(3, 4e-4), r=np.full(3, 4.0), v_leak=np.zeros(3)),
    )
    graph.metadata = {METADATA_KEY: NirOptions(dt=1e-4).describe()}
    nir.write(folder / "s.nir", graph)
    x = rng.random((30, 6)).astype(np.float32)
    y = np.argmax(np.maximum(x @ hidden.T, 0) @ last.T, axis=1)
    np.savez(folder / "d.npz", x=x, y=y)
