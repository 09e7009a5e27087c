"""Operators on integers (QLinearConv and the like): the float network and the integers give what onnxruntime gives."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.emit.folder import build as build_verilog
from tospike.gen.emit.memory_init import pack
from tospike.gen.onnx.importer import import_onnx
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.accelerator import run as run_golden
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers
from tospike.tb.replay.replay import replay

RNG = np.random.default_rng(16)
OURS = ("QGemm", "QLinearAdd", "QLinearMul", "QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearConcat")
OURS += ("QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax")
TYPES = {np.uint8: TensorProto.UINT8, np.int8: TensorProto.INT8, np.float32: TensorProto.FLOAT}


class File:
    """A network on integers, an operator at a time."""

    def __init__(self, shape, kind=np.uint8, given=None):
        self.kind, self.nodes, self.constants = kind, [], {}
        self.centre = 0 if kind == np.int8 else 128
        self.shape, self.input = shape, given or kind
        self.tensor = self.codes("x", 0.011, self.centre + 3)
        if self.input == np.float32:
            self.node("QuantizeLinear", ["x", *self.tensor[1:]], "xq")
            self.tensor = ("xq", *self.tensor[1:])

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def codes(self, name, scale, zero):
        odd = scale * (1 + 0.01 * np.sin(1e4 * scale))  # simple ratios of scales would make every other value a tie
        return name, self.constant(np.float32(odd)), self.constant(np.array(zero, self.kind))

    def weights(self, *shape, kind=np.int8, zero=0, scales=None):
        low, high = (0, 256) if kind == np.uint8 else (-128, 128)
        scale = np.float32(0.0131713) if scales is None else np.asarray(scales, np.float32)
        w = RNG.integers(low, high, shape).astype(kind)
        return [self.constant(v) for v in (w, scale, np.full(scale.shape, zero, kind))]

    def node(self, kind, inputs, output, **attributes):
        domain = "com.microsoft" if kind in OURS else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"n_{output}", domain=domain, **attributes))

    def add(self, kind, *more, scale=0.05, zero=None, first=None, **attributes):
        """Add an operator, whose integers have this scale and zero point."""
        output = self.codes(f"t{len(self.nodes)}", scale, self.centre + 5 if zero is None else zero)
        inputs = [*(first or self.tensor), *more]
        bias = [inputs.pop()] if kind in ("QLinearConv", "QGemm") and len(inputs) % 3 else []
        tail = [*bias, *output[1:]] if kind == "QGemm" else [*output[1:], *bias]
        self.node(kind, [*tail, *inputs] if kind == "QLinearConcat" else [*inputs, *tail], output[0], **attributes)
        self.tensor = output
        return self

    def same(self, kind, *more, **attributes):
        """Add an operator that only moves or selects integers."""
        self.node(kind, [self.tensor[0], *more], f"t{len(self.nodes)}", **attributes)
        self.tensor = (f"t{len(self.nodes) - 1}", *self.tensor[1:])
        return self

    def model(self, output=None):
        info = helper.make_tensor_value_info
        name, kind = output or (self.tensor[0], TYPES[self.kind])
        graph = helper.make_graph(
            self.nodes,
            "g",
            [info("x", TYPES[self.input], ("batch", *self.shape))],
            [info(name, kind, None)],
            initializer=[numpy_helper.from_array(value, key) for key, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def image(kind, weights=np.int8, zero=0, *, given=None):
    """Convolutions, a pool, a sum of two branches, a mean, a dense layer: what quantize_static makes of a ResNet."""
    file = File((2, 6, 6), kind, given)
    bias = file.constant(RNG.integers(-900, 900, 4).astype(np.int32))
    scales = None if zero else RNG.uniform(0.004, 0.02, 4)
    first = file.weights(4, 2, 3, 3, kind=weights, zero=zero, scales=scales)
    file.add("QLinearConv", *first, bias, scale=0.061, zero=file.centre - 40, pads=[1, 1, 1, 1])
    file.same("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    branch = file.tensor
    file.add("QLinearConv", *file.weights(4, 1, 3, 3, kind=weights, zero=zero), scale=0.061, pads=[1, 1, 1, 1], group=4)
    file.add("QLinearAdd", *branch, scale=0.09)
    file.add("QLinearGlobalAveragePool", scale=0.043)
    file.same("Flatten")
    dense = file.weights(5, 4, kind=weights, zero=zero)
    return file.add("QGemm", *dense, file.constant(RNG.integers(-99, 99, 5).astype(np.int32)), scale=0.087, transB=1)


def run_onnx(model, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"x": x})[0].reshape(len(x), -1)


def samples(file, count=120):
    if file.input == np.float32:
        return RNG.uniform(-1.6, 1.6, (count, *file.shape)).astype(np.float32)
    info = np.iinfo(file.input)
    return RNG.integers(info.min, info.max + 1, (count, *file.shape)).astype(file.input)


def check(tmp_path, file, output=None):
    """The file's outputs by the float network and by the integers, equal to onnxruntime's."""
    model, x = file.model(output), samples(file)
    onnx.save(model, tmp_path / "net.onnx")
    network, flat = import_onnx(tmp_path / "net.onnx"), x.reshape(len(x), -1)
    expected = run_onnx(model, x)
    (got,) = network.answers.arrays(run_float(network, flat).outputs).values()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got.reshape(len(x), -1), expected)
    quantized = quantize(network, flat)
    inputs = encode(quantized.network.input, flat)
    real = quantized.real_outputs(run_integers(quantized.network, inputs))
    (integers,) = network.answers.arrays(real).values()
    np.testing.assert_array_equal(integers.reshape(len(x), -1), expected)
    # float32 rounds one sum in some millions across a tie, which no multiplier reproduces
    assert sum(report.inexact_channels for report in quantized.stages) <= 2
    return quantized, inputs


@pytest.mark.parametrize("given", [None, np.float32])
@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_images(tmp_path, kind, given):
    check(tmp_path, image(kind, given=given))


@pytest.mark.parametrize("zero", [7, 128, 200])
def test_unsigned_weights(tmp_path, zero):
    quantized, _ = check(tmp_path, image(np.uint8, np.uint8, zero))
    assert plan(quantized.network).params.engines[0].array.weight_bits == (8 if zero == 128 else 9)


def test_the_hardware_computes_it(tmp_path):
    quantized, inputs = check(tmp_path, image(np.uint8, np.uint8, 100))
    design = plan(quantized.network)
    assert design.params.engines[0].requantize.multiplier_bits > 18
    contents = pack(design)
    verilog, _, _ = build_verilog(design.params, contents)
    expected, got = run_golden(design, inputs[:2]), replay(verilog, design.params, inputs[:2])
    np.testing.assert_array_equal(got.outputs, expected.outputs)
    np.testing.assert_array_equal(got.cycles, expected.cycles)


def dense(*more, kind=np.uint8):
    """A QLinearMatMul and further nodes."""
    file = File((9,), kind)
    file.add("QLinearMatMul", *file.weights(9, 6, scales=RNG.uniform(0.004, 0.02, 6)), scale=0.031)
    for make in more:
        make(file)
    return file


def _add_bias(file):
    constant = file.constant(RNG.integers(0, 256, 6).astype(file.kind))
    scale, zero = file.tensor[1], file.constant(np.array(9, file.kind))
    file.add("QLinearAdd", constant, scale, zero, scale=0.05)


def _multiply(file):
    constant = [file.constant(v) for v in (np.array(200, file.kind), np.float32(0.01), np.array(20, file.kind))]
    file.add("QLinearMul", *constant, scale=0.043)


@pytest.mark.parametrize("more", [(), (_add_bias,), (_multiply,)])
def test_dense(tmp_path, more):
    check(tmp_path, dense(*more))


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
@pytest.mark.parametrize("answer", ["QLinearSigmoid", "QLinearSoftmax"])
def test_answers(tmp_path, kind, answer):
    file = dense(kind=kind)
    attributes = {"axis": 1, "opset": 13} if answer == "QLinearSoftmax" else {}
    file.add(answer, scale=1 / 256, zero=0 if kind == np.uint8 else -128, **attributes)
    model, x = file.model(), samples(file)
    onnx.save(model, tmp_path / "net.onnx")
    network = import_onnx(tmp_path / "net.onnx")
    (got,) = network.answers.arrays(run_float(network, x).outputs).values()
    assert got.dtype == file.kind
    assert np.abs(got.astype(int) - run_onnx(model, x)).max() <= 1  # exp in other libraries


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_a_sigmoid_between_layers_is_exact(tmp_path, kind):
    """Its integers index a table."""
    file = File((9,), kind)
    file.add("QLinearMatMul", *file.weights(9, 6), scale=0.043)
    file.add("QLinearSigmoid", scale=1 / 256, zero=0 if kind == np.uint8 else -128)
    check(tmp_path, file.add("QLinearMatMul", *file.weights(6, 3), scale=0.01))


def test_real_outputs_of_a_product(tmp_path):
    """Without a scale of the result, QGemm gives real values, and a DequantizeLinear of integers does."""
    file = File((9,))
    bias = file.constant(RNG.integers(-99, 99, 5).astype(np.int32))
    file.node("QGemm", [*file.tensor, *file.weights(5, 9), bias], "y", transB=1, alpha=0.75)
    model, x = file.model(("y", TensorProto.FLOAT)), samples(file)
    onnx.save(model, tmp_path / "net.onnx")
    network = import_onnx(tmp_path / "net.onnx")
    np.testing.assert_allclose(run_float(network, x).outputs, run_onnx(model, x), rtol=1e-5)

    file = image(np.uint8)
    file.node("DequantizeLinear", list(file.tensor), "y")
    check(tmp_path, file, ("y", TensorProto.FLOAT))


def test_concatenation_and_mean(tmp_path):
    """Parts are requantised before they are joined, so that no level is lost; pools may have ties."""
    file = File((2, 6, 6))
    start = file.tensor
    file.add("QLinearConv", *file.weights(3, 2, 3, 3), scale=0.061, pads=[1, 1, 1, 1])
    left = file.tensor
    file.add("QLinearConv", *file.weights(2, 2, 1, 1), scale=0.047, first=start)
    file.add("QLinearConcat", *left, scale=0.067, axis=1)
    file.add("QLinearAveragePool", scale=0.041, kernel_shape=[2, 2], strides=[2, 2])
    file.same("Flatten").add("QLinearMatMul", *file.weights(45, 4), scale=0.3)
    check(tmp_path, file)


def test_a_dequantizer_with_another_scale(tmp_path):
    """Then the integers represent other values: a factor and a shift."""
    file = dense()
    other = [file.constant(np.float32(0.4)), file.constant(np.uint8(90))]
    file.node("DequantizeLinear", [file.tensor[0], *other], "d")
    file.node("MatMul", ["d", file.constant(RNG.normal(size=(6, 3)).astype(np.float32))], "y")
    model, x = file.model(("y", TensorProto.FLOAT)), samples(file)
    onnx.save(model, tmp_path / "net.onnx")
    got = run_float(import_onnx(tmp_path / "net.onnx"), x).outputs
    np.testing.assert_allclose(got, run_onnx(model, x), rtol=1e-4, atol=1e-3)


def test_a_cast_input_of_integers(tmp_path):
    """Bytes that a Cast turns into real values, as image classifiers take them."""
    file = File((9,))
    file.node("Cast", ["x"], "f", to=TensorProto.FLOAT)
    file.node("Div", ["f", file.constant(np.float32(255))], "u")
    file.node("MatMul", ["u", file.constant(RNG.normal(size=(9, 3)).astype(np.float32))], "y")
    model, x = file.model(("y", TensorProto.FLOAT)), samples(file)
    onnx.save(model, tmp_path / "net.onnx")
    network = import_onnx(tmp_path / "net.onnx")
    np.testing.assert_allclose(run_float(network, x).outputs, run_onnx(model, x), rtol=1e-5, atol=1e-5)


def _dynamic(file):
    file.node("MatMulInteger", [file.tensor[0], file.weights(9, 4)[0]], "y")
    return file


def _two_scales(file):
    scale = file.constant(np.full(9, 0.01, np.float32) + np.arange(9, dtype=np.float32))
    file.node("QLinearMatMul", ["x", scale, file.tensor[2], *file.weights(9, 4), *file.tensor[1:]], "y")
    return file


def _branches(file):
    file.node("QLinearMatMul", [*file.tensor, *file.tensor, *file.tensor[1:]], "y")
    return file


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_dynamic, r"node 'n_y' \(MatMulInteger\) quantises each sample with a scale of its own"),
        (_two_scales, r"node 'n_y' \(QLinearMatMul\) quantises activations per channel"),
        (_branches, r"node 'n_y' \(QLinearMatMul\) multiplies two tensors that depend on the input"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, make, message):
    file = make(File((9,)))
    onnx.save(file.model(("y", TensorProto.UINT8)), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=message) as caught:
        import_onnx(tmp_path / "net.onnx")
    assert "\n" not in str(caught.value)
