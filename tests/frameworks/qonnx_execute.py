"""Run QONNX's executor on every NAME.onnx of a folder, on the inputs of NAME.npz; write its outputs to NAME.out.npz."""

import sys
from pathlib import Path

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    model = ModelWrapper(str(path)).transform(InferShapes())
    rows = np.load(path.with_suffix(".npz"))["x"]
    np.savez(
        path.with_suffix(".out.npz"), y=np.concatenate([execute_onnx(model, {"x": row[None]})["y"] for row in rows])
    )
