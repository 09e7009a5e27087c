"""Small ONNX graphs, as exporters write them, and what onnxruntime computes for them."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.onnx.importer import import_onnx


def node(kind, inputs, outputs, **attributes):
    """A node whose inputs and outputs are words of a text; the ones of scikit-learn have their own domain."""
    domain = "ai.onnx.ml" if kind in SCIKIT_LEARN else ""
    names = outputs.split()
    return helper.make_node(kind, inputs.split(), names, name=f"n_{names[0]}", domain=domain, **attributes)


SCIKIT_LEARN = ("ArrayFeatureExtractor", "LinearClassifier", "LinearRegressor", "Scaler", "ZipMap")


def graph(nodes, shape, *, opset=13, batch="batch", outputs=("y",), kind=TensorProto.FLOAT, **constants):
    """A model with input x; batch ``None``: without one. Outputs are names, or pairs of a name and a type."""
    pairs = [(name, TensorProto.FLOAT) if isinstance(name, str) else name for name in outputs]
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "g",
        [info("x", kind, shape if batch is None else (batch, *shape))],
        [info(name, kind, None) if kind else onnx.ValueInfoProto(name=name) for name, kind in pairs],
        initializer=[numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8)


def load(tmp_path, model):
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    return import_onnx(path)


def run_onnx(model, x):
    """Return the outputs by name for one call of onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"x": x}), strict=True))
