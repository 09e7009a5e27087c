"""Quantisers level for level: against onnxruntime, and against QONNX's definition written down here."""

from dataclasses import replace

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tospike.gen.onnx.graph import Graph
from tospike.gen.onnx.grids import linear, quant
from tospike.gen.onnx.importer import import_onnx
from tospike.gen.quantize.requantizer import thresholds
from tospike.hw.params import IntFormat
from tospike.sim.encoders.encoding import encode_float, quantize_input
from tospike.sim.network import GridRounding, QuantGrid

RNG = np.random.default_rng(29)
KINDS = {
    "uint8": (np.uint8, (0, 3, 127, 128, 255)),
    "int8": (np.int8, (0, 3, -7, -128, 127)),
    "int16": (np.int16, (0, 5, -3, 32767)),
    "uint16": (np.uint16, (0, 5, 32768)),
    "int4": (ml_dtypes.int4, (0, 3, -8)),
    "uint4": (ml_dtypes.uint4, (0, 3, 15)),
}
SCALES = np.float32([1 / 16, 2 / 255, 1 / 255, 0.1, 1.0, 0.0078431, 3e-5, 1e5, 0.3183])


def graph_of(nodes, constants, shape=(4,), opset=21, domains=()):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", *shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def probes(scale):
    """Ties and their neighbours, pixels, and what saturates, in float32."""
    ties = (np.arange(-600, 600, dtype=np.float32) / 2) * np.float32(scale)
    pixels = np.arange(256, dtype=np.float32) / np.float32(255)
    far = np.float32([0.0, -0.0, 1e30, -1e30, 3e38, -3e38, 1e-40, -1e-40])
    wild = RNG.normal(0, 1e4, 500).astype(np.float32) * np.float32(scale)
    near = np.concatenate([np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf))])
    return np.concatenate([ties, near, pixels, far, wild])


@pytest.mark.parametrize("kind", KINDS)
def test_linear_levels_are_those_of_onnxruntime(kind):
    dtype, zeros = KINDS[kind]
    for scale in SCALES:
        x = probes(scale)[None]
        for zero in zeros:
            nodes = [
                helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
                helper.make_node("DequantizeLinear", ["q", "one", "none"], ["y"]),
            ]
            constants = {"s": scale, "z": np.array(zero, dtype), "one": np.float32(1), "none": np.array(0, dtype)}
            model = graph_of(nodes, constants, (x.size,))
            (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
            grid = linear(nodes[0], Graph(proto=model), x.shape).grid()
            np.testing.assert_array_equal(grid.levels(x), expected, err_msg=f"{kind}, scale {scale}, zero {zero}")


PREPARED = {
    "as they are": [],
    "multiplied": [("Mul", 1 / 255)],
    "divided": [("Div", 255)],
    "normalised": [("Div", 255), ("Sub", 0.1307), ("Div", 0.3081)],
    "from -1 to 1": [("Mul", 2 / 255), ("Sub", 1)],
    "shifted": [("Add", -127.5), ("Div", 127.5)],
}


@pytest.mark.parametrize("name", PREPARED)
def test_all_pixels_are_rounded_as_onnxruntime_rounds_them(tmp_path, name):
    """The file's own arithmetic before the quantiser is in float32, too, one operator after another."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    pixels = np.arange(256, dtype=np.float32)[None]
    nodes = [
        helper.make_node(kind, [f"x{number or ''}", f"c{number}"], [f"x{number + 1}"])
        for number, (kind, _) in enumerate(PREPARED[name])
    ]
    constants = {f"c{number}": np.float32(value) for number, (_, value) in enumerate(PREPARED[name])}
    nodes += [
        helper.make_node("QuantizeLinear", [f"x{len(nodes) or ''}", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("MatMul", ["d", "w"], ["y"]),
    ]
    for scale in (1 / 255, 2 / 255, 4 / 255, 1 / 127, 1 / 128, 0.01, 1.0):
        for zero in (0, 3, 128):
            given = {"s": np.float32(scale), "z": np.uint8(zero), "w": np.eye(256, dtype=np.float32)}
            model = graph_of(nodes, constants | given, (256,), opset=17)
            (expected,) = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": pixels})
            onnx.save(model, tmp_path / "net.onnx")
            spec = import_onnx(tmp_path / "net.onnx").input
            wanted = np.rint(expected / np.float32(scale)) + zero
            np.testing.assert_array_equal(np.rint(encode_float(spec, pixels) / np.float32(scale)) + zero, wanted)
            levels = replace(spec, format=IntFormat(bits=8, signed=False))
            np.testing.assert_array_equal(quantize_input(levels, pixels), wanted)


def test_constants_per_axis_are_those_of_onnxruntime():
    w = (RNG.integers(-300, 300, (3, 5, 2)) / 2).astype(np.float32)
    for axis, size in ((0, 3), (1, 5), (-1, 2)):
        scale = np.float32([1 / 16, 0.1, 1, 2 / 255, 0.5])[:size]
        nodes = [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=axis),
            helper.make_node("DequantizeLinear", ["q", "one", "none"], ["y"]),
        ]
        zero = np.int8([3, -5, 0, 127, 1])[:size]
        constants = {"s": scale, "z": zero, "one": np.float32(1), "none": np.int8(0)}
        model = graph_of(nodes, constants, (5, 2))
        (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": w})
        quantizer = linear(nodes[0], Graph(proto=model), w.shape)
        np.testing.assert_array_equal(quantizer.levels(w.astype(np.float64)), expected)


def qonnx(x, scale, zero, bits, signed, narrow, rounding):
    """https://github.com/fastmachinelearning/qonnx/blob/main/docs/qonnx-custom-ops/intquant_v1.md, in float32."""
    y = x / np.float32(scale) + np.float32(zero)
    low = -(2.0 ** (bits - 1)) + narrow if signed else 0.0
    high = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1 - narrow
    y = np.clip(y, np.float32(low), np.float32(high))
    return {
        "ROUND": np.round,
        "CEIL": np.ceil,
        "FLOOR": np.floor,
        "UP": lambda v: np.sign(v) * np.ceil(np.abs(v)),
        "DOWN": np.fix,
        "HALF_UP": lambda v: np.sign(v) * np.floor(np.abs(v) + np.float32(0.5)),
        "HALF_DOWN": lambda v: np.sign(v) * np.ceil(np.abs(v) - np.float32(0.5)),
    }[rounding](y)


@pytest.mark.parametrize("rounding", ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
@pytest.mark.parametrize("bits", [2, 2.3, 3.5, 4, 8])
def test_quant_is_what_qonnx_defines(rounding, bits):
    for signed, narrow, zero, scale in [(1, 0, 0, 0.1), (1, 1, 0, 1 / 16), (0, 0, 3, 0.3), (0, 1, 0, 2 / 255)]:
        node = helper.make_node(
            "Quant", ["x", "s", "z", "b"], ["y"], signed=signed, narrow=narrow, rounding_mode=rounding
        )
        model = graph_of([node], {"s": np.float32(scale), "z": np.float32(zero), "b": np.float32(bits)})
        x = probes(scale)
        x = x[np.abs(x) < 1e20]
        expected = qonnx(x, scale, zero, float(np.float32(bits)), signed, narrow, rounding)
        quantizer = quant(node, Graph(proto=model))
        np.testing.assert_array_equal(quantizer.levels(x), expected)
        np.testing.assert_array_equal(quantizer.grid().levels(x), expected)


@pytest.mark.parametrize("rounding", GridRounding)
@pytest.mark.parametrize(("zero", "after"), [(0, 0), (3, 3), (3, 0), (-2, -2), (-1, 4), (0.25, 0)])
@pytest.mark.parametrize("single", [False, True])
def test_thresholds_and_moved_grids_follow_the_rounding(rounding, zero, after, single):
    grid = QuantGrid(
        scale=np.asarray(0.75), qmin=-6, qmax=9, zero_point=zero, after=after, rounding=rounding, single=single
    )
    acc = np.arange(-400, 400)
    unit, bias = np.array([0.375, 0.1875, 0.0371]), np.array([3.0, 0.5, -7.3])
    values = unit[:, None] * (acc + bias[:, None])
    for by in (0, 1, 6):
        moved = grid.moved(by)
        np.testing.assert_array_equal(moved.levels(values), grid.levels(values) + by)
        np.testing.assert_array_equal(moved.nearest(values), grid.nearest(values))
        steps = thresholds(unit, bias, moved, moved.qmin, moved.qmax)
        reached = moved.qmin + (acc[None, :, None] >= steps[:, None, :]).sum(axis=2)
        np.testing.assert_array_equal(reached, moved.levels(values))


def test_thresholds_where_float32_decides():
    """Sums so large that float32 rounds them onto a tie, or off it."""
    grid = QuantGrid(scale=np.float32(2 / 255), qmin=0, qmax=255, zero_point=3, after=3, single=True)
    for unit in (1 / 255, float(np.float32(1 / 255)), 0.1 / 255, 1e-6 / 3):
        centre = np.rint((np.arange(0, 252) - 0.5) * float(grid.scale) / unit).astype(np.int64)
        acc = (centre[:, None] + np.arange(-3, 4)).ravel()
        steps = thresholds(np.array([unit]), np.zeros(1), grid, 0, 255)[0]
        np.testing.assert_array_equal((acc[:, None] >= steps).sum(axis=1), grid.levels(acc * unit))


def test_centre_is_where_half_up_rounding_would_have_its_zero():
    for rounding, offset in [("half-even", 0), ("ties-up", 0), ("floor", -0.5), ("ceil", 0.5)]:
        grid = QuantGrid(scale=np.asarray(0.5), qmin=0, qmax=15, zero_point=4, after=4, rounding=GridRounding(rounding))
        assert grid.centre == 4 + offset


def test_a_zero_point_may_be_left_out():
    node = helper.make_node("QuantizeLinear", ["x", "s"], ["y"], output_dtype=TensorProto.INT8)
    model = graph_of([node], {"s": np.float32(0.5)})
    grid = linear(node, Graph(proto=model), (1, 4)).grid()
    assert (grid.qmin, grid.qmax, grid.zero_point) == (-128, 127, 0)
    plain = helper.make_node("QuantizeLinear", ["x", "s"], ["y"])
    assert linear(plain, Graph(proto=onnx.ModelProto.FromString(model.SerializeToString())), (1, 4)).grid().qmax == 255
