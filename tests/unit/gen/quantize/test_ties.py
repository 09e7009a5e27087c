"""Trained quantisers whose scales are powers of two have ties, which go to the even level: in integers and in RTL."""

import numpy as np
import pytest

from tospike.gen.emit.folder import build as build_verilog
from tospike.gen.emit.memory_init import pack
from tospike.gen.place.options import Engine, PlanOptions, Products
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import Rounding
from tospike.sim.accelerator import run as run_golden
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Activation, Conv2d, Dense, InputSpec, Network, QuantGrid, Stage
from tospike.sim.network.reference import run_float
from tospike.tb.replay.replay import replay

RNG = np.random.default_rng(4)
WEIGHTS = QuantGrid(scale=np.asarray(2.0**-3), qmin=-7, qmax=7)
INPUTS = QuantGrid(scale=np.asarray(2.0**-3), qmin=-128, qmax=127)


def dense(inputs, outputs):
    weight = RNG.integers(-7, 8, (outputs, inputs)) / 8
    return Dense(weight=weight, bias=RNG.integers(-40, 40, outputs) / 64, grid=WEIGHTS)


def conv(shape, outputs):
    weight = RNG.integers(-7, 8, (outputs, shape[0], 2, 2)) / 8
    return Conv2d(shape=shape, weight=weight, bias=RNG.integers(-40, 40, outputs) / 64, grid=WEIGHTS)


def network(*synapses, signed=False):
    """Layers whose activations have 16 levels, four steps of their sums apart: every fourth sum is a tie."""
    grid = QuantGrid(scale=np.asarray(2.0**-4), qmin=-8 if signed else 0, qmax=7 if signed else 15)
    neurons = [*[Activation(relu=not signed, grid=grid)] * (len(synapses) - 1), Activation(relu=False)]
    stages = [
        Stage(name=f"l{number}", synapses=each, neuron=neuron)
        for number, (each, neuron) in enumerate(zip(synapses, neurons, strict=True))
    ]
    spec = InputSpec(inputs=synapses[0].inputs, grid=INPUTS)
    return Network(name="ties", input=spec, stages=tuple(stages))


def mlp(**options):
    return network(dense(6, 8), dense(8, 8), dense(8, 3), **options)


def cnn(**options):
    return network(conv((2, 4, 4), 3), conv((3, 3, 3), 4), dense(16, 3), **options)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("make", [mlp, cnn])
def test_the_integers_are_exact(make, signed):
    trained = make(signed=signed)
    x = RNG.normal(size=(300, trained.input.inputs))
    quantized = quantize(trained, x, QuantizeOptions())
    assert [report.inexact_channels for report in quantized.stages] == [0, 0, 0]
    assert quantized.network.stages[0].neuron.rounding is Rounding.HALF_EVEN
    golden = run_golden(plan(quantized.network), encode(quantized.network.input, x)).outputs
    np.testing.assert_array_equal(quantized.real_outputs(golden), run_float(trained, x).outputs)


@pytest.mark.parametrize(
    "options",
    [
        *[{"engine": engine} for engine in (Engine.SYSTOLIC, Engine.EVENT, Engine.DATAFLOW)],
        {"engine": Engine.DATAFLOW, "products": Products.CONSTANTS},
    ],
)
def test_every_engine_rounds_so(options):
    trained = mlp()
    quantized = quantize(trained, RNG.normal(size=(99, trained.input.inputs)), QuantizeOptions())
    design = plan(quantized.network, PlanOptions(**options))
    verilog, _, _ = build_verilog(design.params, pack(design))
    x = RNG.normal(size=(5, trained.input.inputs))
    inputs = encode(design.network.input, x)
    expected, got = run_golden(design, inputs), replay(verilog, design.params, inputs)
    np.testing.assert_array_equal(quantized.real_outputs(expected.outputs), run_float(trained, x).outputs)
    np.testing.assert_array_equal(got.outputs, expected.outputs)
    np.testing.assert_array_equal(got.cycles, expected.cycles)
