"""Functions between layers: the float network is onnxruntime's, the integers are within the bound, RTL = golden."""

import numpy as np
import pytest
from support.onnx_graphs import graph, load, node, run_onnx

from tospike.gen.emit.folder import build as build_verilog
from tospike.gen.emit.memory_init import pack
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.activations.function_table import index_grid, table_of
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.accelerator import run as run_golden
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Activation, Pointwise, QuantGrid
from tospike.sim.network.reference import run_float
from tospike.tb.replay.replay import replay

RNG = np.random.default_rng(21)
NUMBERS = {f"n{value}": np.float32(value) for value in (0, 0.5, 1, 2, 3, 6)}
NUMBERS |= {"root2": np.float32(2**0.5), "cubic": np.float32(0.044715), "factor": np.float32((2 / np.pi) ** 0.5)}
FUNCTIONS = {
    "sigmoid": [node("Sigmoid", "a", "f")],
    "tanh": [node("Tanh", "a", "f")],
    "elu": [node("Elu", "a", "f", alpha=0.7)],
    "selu": [node("Selu", "a", "f")],
    "celu": [node("Celu", "a", "f", alpha=2.0)],
    "softplus": [node("Softplus", "a", "f")],
    "softsign": [node("Softsign", "a", "f")],
    "exp": [node("Exp", "a", "f")],
    "hard swish": [node("HardSwish", "a", "f")],
    "hard swish of a HardSigmoid": [node("HardSigmoid", "a", "s", alpha=1 / 6), node("Mul", "a s", "f")],
    "hard swish, in parts": [
        *[node("Add", "a n3", "p"), node("Clip", "p n0 n6", "c")],
        *[node("Mul", "a c", "m"), node("Div", "m n6", "f")],
    ],
    "silu": [node("Sigmoid", "a", "s"), node("Mul", "a s", "f")],
    "mish, in parts": [node("Softplus", "a", "s"), node("Tanh", "s", "t"), node("Mul", "a t", "f")],
    "gelu": [node("Gelu", "a", "f")],
    "gelu by tanh": [node("Gelu", "a", "f", approximate="tanh")],
    "gelu, in parts": [
        *[node("Div", "a root2", "d"), node("Erf", "d", "e"), node("Add", "e n1", "o")],
        *[node("Mul", "a o", "m"), node("Mul", "m n0.5", "f")],
    ],
    "gelu by tanh, in parts": [
        *[node("Pow", "a n3", "p"), node("Mul", "p cubic", "q"), node("Add", "a q", "r"), node("Mul", "r factor", "s")],
        *[node("Tanh", "s", "t"), node("Add", "t n1", "u"), node("Mul", "a u", "z"), node("Mul", "z n0.5", "f")],
    ],
    "square": [node("Mul", "a a", "f")],
    "after a ReLU, doubled": [node("Relu", "a", "r"), node("Tanh", "r", "t"), node("Mul", "t n2", "f")],
    "a product of two": [node("Tanh", "a", "t"), node("Sigmoid", "a", "s"), node("Mul", "t s", "f")],
    "of one slope": [node("PRelu", "a n0.5", "p"), node("Sigmoid", "p", "f")],
    "bounded": [node("Tanh", "a", "t"), node("Max", "t n0", "m"), node("Min", "n0.5 m", "f")],
}


def w(*shape):
    return RNG.normal(size=shape).astype(np.float32) / np.sqrt(np.prod(shape[1:])).astype(np.float32)


def dense(nodes):
    weights = {"w": 2 * w(12, 6).T, "b": w(12), "v": w(5, 12).T}
    return graph([node("Gemm", "x w b", "a"), *nodes, node("MatMul", "f v", "y")], (6,), opset=20, **weights, **NUMBERS)


def image(nodes):
    weights = {"w": 2 * w(5, 3, 3, 3), "b": w(5), "v": w(4, 5, 4, 4)}
    convolution = node("Conv", "x w b", "a", pads=[1, 1, 1, 1])
    return graph([convolution, *nodes, node("Conv", "f v", "y")], (3, 4, 4), opset=20, **weights, **NUMBERS)


@pytest.mark.parametrize("make", [dense, image])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_network_is_that_of_onnxruntime(tmp_path, make, name):
    model = make(FUNCTIONS[name])
    network = load(tmp_path, model)
    x = RNG.normal(size=(200, network.input.inputs)).astype(np.float32)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
    expected = run_onnx(model, x.reshape(-1, *shape))["y"].reshape(len(x), -1)
    found = run_float(network, x).outputs
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())
    assert len(network.stages) == 2, "the function needs no stage of its own"

    quantized = quantize(network, x)
    design = plan(quantized.network, PlanOptions(rows=2, cols=3))
    inputs = encode(quantized.network.input, x)
    error = quantized.real_outputs(run_golden(design, inputs).outputs) - found
    assert np.sqrt((error**2).mean()) < 0.1 * np.sqrt((found**2).mean())


@pytest.mark.parametrize("make", [dense, image])
def test_the_hardware_computes_it(tmp_path, make):
    """All counters, too; with a function in each layer that may have one."""
    model = make(FUNCTIONS["silu"])
    network = load(tmp_path, model)
    quantized = quantize(network, RNG.normal(size=(200, network.input.inputs)))
    design = plan(quantized.network, PlanOptions(rows=2, cols=3))
    assert design.params.engines[0].tables == 1
    verilog, _, _ = build_verilog(design.params, pack(design))
    x = encode(quantized.network.input, 3 * RNG.normal(size=(4, network.input.inputs)))
    expected, got = run_golden(design, x), replay(verilog, design.params, x)
    for field in ("outputs", "cycles"):
        np.testing.assert_array_equal(getattr(got, field), getattr(expected, field))
    for name, values in expected.counters.items():
        assert got.counters[name] == values.sum(), name


@pytest.mark.parametrize("act_bits", [3, 8])
@pytest.mark.parametrize("program", ["x sigmoid", "x tanh", "x x 6 / 0.5 + 0 max 1 min *", "x x sigmoid *", "x x *"])
@pytest.mark.parametrize("reach", [(-1.0, 2.0), (-20.0, 9.0), (0.0, 3.0)])
def test_a_table_is_within_its_bound(program, act_bits, reach):
    """At every level, and for every sum between two of them and beyond."""
    neuron = Activation(relu=False, function=Pointwise(program=program))
    sums = np.linspace(*reach, 20001)
    values = neuron(sums)
    largest, signed = float(np.abs(values).max()), bool(values.min() < 0)
    top = (1 << (act_bits - signed)) - 1
    target = QuantGrid(scale=np.asarray(largest / top), qmin=-top - 1 if signed else 0, qmax=top)
    index = index_grid(neuron, target, reach, "s")
    table = table_of(neuron, index, target)
    assert table.shape == (256,)
    assert table.min() >= target.qmin and table.max() <= target.qmax
    level = index.levels(sums).astype(int)
    error = np.abs(target.scale * table[level - index.qmin] - values)
    slope = np.abs(np.diff(values)).max() / (sums[1] - sums[0])
    assert error.max() <= (float(target.scale) + slope * float(index.scale)) / 2 + 1e-9


def test_a_pool_changes_places_only_with_what_keeps_the_order(tmp_path):
    pool = node("MaxPool", "a", "m", kernel_shape=[2, 2], strides=[2, 2])
    for curve, stages in (([node("Tanh", "m", "f")], 3), ([node("Mul", "m m", "f")], 4)):
        weights = {"w": w(5, 3, 3, 3), "v": w(4, 5, 2, 2)}
        nodes = [node("Conv", "x w", "a", pads=[1, 1, 1, 1]), pool, *curve, node("Conv", "f v", "y")]
        model = graph(nodes, (3, 4, 4), **weights)
        network = load(tmp_path, model)
        assert len(network.stages) == stages
        x = RNG.normal(size=(20, 3, 4, 4)).astype(np.float32)
        expected = run_onnx(model, x)["y"].reshape(20, -1)
        np.testing.assert_allclose(run_float(network, x.reshape(20, -1)).outputs, expected, atol=1e-5)


def test_what_is_taken_inside_a_group_stays_on_its_own(tmp_path):
    """A ReLU that two layers take, one of them after a Tanh; and a Sigmoid beside a ReLU."""
    weights = {"w": w(6, 6), "v": w(6, 6), "u": w(6, 6)}
    for curve in (node("Tanh", "r", "t"), node("Sigmoid", "a", "t")):
        nodes = [node("MatMul", "x w", "a"), node("Relu", "a", "r"), curve, node("MatMul", "r v", "b")]
        model = graph([*nodes, node("MatMul", "t u", "c"), node("Add", "b c", "y")], (6,), **weights)
        network = load(tmp_path, model)
        x = RNG.normal(size=(20, 6)).astype(np.float32)
        np.testing.assert_allclose(run_float(network, x).outputs, run_onnx(model, x)["y"], atol=1e-5)


def test_after_the_last_layer(tmp_path):
    """What is no answer, such as a class's probability, is computed by hardware."""
    model = graph([node("MatMul", "x w", "a"), node("Elu", "a", "y")], (6,), w=w(6, 3))
    network = load(tmp_path, model)
    assert network.stages[0].neuron.function is not None
    quantized = quantize(network, RNG.normal(size=(99, 6)))
    assert plan(quantized.network).params.engines[0].tables == 1


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Div", "n1 a", "d"), node("Softplus", "d", "f")], r"node 'n_f' \(Function\) has no finite value"),
        (
            [node("Sigmoid", "x", "s"), node("Mul", "a s", "f")],
            r"node 'n_f' \(Mul\) multiplies or divides two",
        ),
    ],
)
def test_what_is_no_function_of_one_value_is_refused(tmp_path, nodes, message):
    weights = {"w": w(6, 6), "v": w(6, 3)}
    model = graph([node("MatMul", "x w", "a"), *nodes, node("MatMul", "f v", "y")], (6,), **weights, **NUMBERS)
    with pytest.raises(InputError, match=message):
        load(tmp_path, model)


@pytest.mark.parametrize(("engine", "kind"), [("event", "event"), ("delta", "event"), ("dataflow", "dataflow")])
def test_engines_without_tables_say_so(tmp_path, engine, kind):
    quantized = quantize(load(tmp_path, dense(FUNCTIONS["tanh"])), RNG.normal(size=(99, 6)))
    message = rf"layer 'n_a' has a function, which a table computes, and {kind} engines have none: .* --engine systolic"
    with pytest.raises(InputError, match=message):
        plan(quantized.network, PlanOptions(engine=Engine(engine)))


@pytest.mark.parametrize("program", ["", "x x", "x +", "x nan *", "x sinh", "x 1 2"])
def test_a_program_with_a_fault_is_refused(program):
    with pytest.raises(InputError, match="the function"):
        Pointwise(program=program)
