"""What onnxruntime's quantize_static makes of a float network, in both of its formats; quantize_dynamic is refused."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from tospike.gen.onnx.importer import import_onnx
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers

RNG = np.random.default_rng(33)
node = helper.make_node


def normal(*shape):
    return (RNG.normal(size=shape) * np.prod(shape[1:]) ** -0.5).astype(np.float32)


def model(nodes, shape, opset, **constants):
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", TensorProto.FLOAT, ("batch", *shape))],
        [info("y", TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=10))


def images(opset):
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], name="conv1", pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"], name="relu1"),
        node("MaxPool", ["r"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p", "v", "d"], ["e"], name="conv2", pads=[1, 1, 1, 1], group=4),
        node("Relu", ["e"], ["s"], name="relu2"),
        node("GlobalAveragePool", ["s"], ["g"], name="mean"),
        node("Flatten", ["g"], ["f"], name="flat"),
        node("Gemm", ["f", "u", "h"], ["y"], name="fc", transB=1),
    ]
    constants = {"w": normal(4, 2, 3, 3), "b": normal(4, 9), "v": normal(4, 1, 3, 3), "d": normal(4, 9)}
    constants |= {"b": constants["b"][:, 0], "d": constants["d"][:, 0], "u": normal(5, 4), "h": normal(5, 9)[:, 0]}
    return model(nodes, (2, 8, 8), opset, **constants), (2, 8, 8)


def dense(opset):
    nodes = [
        node("MatMul", ["x", "w"], ["m"], name="mm1"),
        node("Add", ["m", "b"], ["a"], name="add1"),
        node("Relu", ["a"], ["r"], name="relu1"),
        node("MatMul", ["r", "v"], ["n"], name="mm2"),
        node("Softmax", ["n"], ["y"], name="softmax", axis=1),
    ]
    return model(nodes, (12,), opset, w=normal(12, 16), b=normal(16, 9)[:, 0], v=normal(16, 5)), (12,)


class Samples(CalibrationDataReader):
    def __init__(self, shape):
        self.batches = iter([{"x": uniform(32, shape)} for _ in range(4)])

    def get_next(self):
        return next(self.batches, None)


def uniform(count, shape):
    return RNG.uniform(-1.2, 2.2, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize(
    ("form", "activations", "weights", "per_channel"),
    [
        (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, False),
        (QuantFormat.QDQ, QuantType.QInt8, QuantType.QInt8, True),
        (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QUInt8, False),
        (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt4, False),
        (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QInt8, False),
        (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8, False),
        (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, True),
    ],
)
@pytest.mark.parametrize("make", [images, dense])
def test_quantize_static(tmp_path, make, form, activations, weights, per_channel):
    made, shape = make(21 if weights is QuantType.QInt4 else 13)
    onnx.save(made, tmp_path / "float.onnx")
    path = tmp_path / "net.onnx"
    quantize_static(
        tmp_path / "float.onnx",
        path,
        Samples(shape),
        quant_format=form,
        activation_type=activations,
        weight_type=weights,
        per_channel=per_channel,
    )
    network, x = import_onnx(path), uniform(200, shape)
    assert network.warnings == ()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    (expected,) = onnxruntime.InferenceSession(path, options).run(None, {"x": x})
    flat = x.reshape(len(x), -1)
    quantized = quantize(network, flat)
    integers = quantized.real_outputs(run_integers(quantized.network, encode(quantized.network.input, flat)))
    for outputs in (run_float(network, flat).outputs, integers):
        (got,) = network.answers.arrays(outputs).values()
        off = np.abs(got - expected) > 1e-4 * np.abs(expected).max()
        # an addition of two scales is off by a level now and then; QDQ's sums in float32 may be ties
        assert off.mean() <= 0.01


def test_quantize_dynamic_is_refused(tmp_path):
    made, _ = dense(13)
    onnx.save(made, tmp_path / "float.onnx")
    quantize_dynamic(tmp_path / "float.onnx", tmp_path / "net.onnx")
    with pytest.raises(InputError, match=r"\(DynamicQuantizeLinear\) quantises each sample with a scale of its own"):
        import_onnx(tmp_path / "net.onnx")
