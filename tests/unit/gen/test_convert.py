"""ANN to SNN: the converted network computes in rates what the ANN computes in activations."""

import json

import nir
import numpy as np
import pytest
from support.command_line import tospike

from tospike.examples import __file__ as examples
from tospike.gen.convert import CONVERSION_KEY, ConvertOptions, convert
from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.nir.importer import import_nir, read_options
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import Encoding, InputError, Readout, Reset
from tospike.sim import accelerator
from tospike.sim.network import (
    Activation,
    AveragePool2d,
    Conv2d,
    Dense,
    InputSpec,
    MaxPool2d,
    Network,
    QuantGrid,
    Stage,
    Window,
)
from tospike.sim.network.reference import run_float
from tospike.sim.over_time import float_predictions, golden_predictions

DIGITS = examples.replace("__init__.py", "digits_ann.onnx")


def dense(name, outputs, inputs, *, relu=True, seed=0, **activation):
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs)
    return Stage(name=name, synapses=Dense(weight=weight, bias=bias), neuron=Activation(relu=relu, **activation))


def ann(*stages, inputs):
    return Network(name="ann", input=InputSpec(inputs=inputs), stages=stages)


def image_network(*, relu=True, padding=(1, 1, 1, 1), pool=AveragePool2d):
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(3, 1, 3, 3)), rng.normal(size=3)
    conv = Conv2d(shape=(1, 4, 4), weight=weight, bias=bias, padding=padding)
    pooled = pool(shape=conv.output_shape, window=Window(kernel=(2, 2), stride=(2, 2)))
    return ann(
        Stage(name="conv", synapses=conv, neuron=Activation(relu=relu)),
        Stage(name="pool", synapses=pooled, neuron=Activation(relu=False)),
        dense("fc", 2, pooled.outputs, relu=False),
        inputs=16,
    )


def written(tmp_path, converted):
    path = tmp_path / "snn.nir"
    path.write_bytes(converted.to_bytes())
    return path


@pytest.mark.parametrize("network", [ann(dense("a", 9, 5), dense("b", 3, 9, relu=False), inputs=5), image_network()])
def test_many_steps_compute_the_ann(tmp_path, network):
    x = np.random.default_rng(2).random((20, network.input.inputs))
    steps = 800
    path = written(tmp_path, convert(network, x, ConvertOptions(steps=steps, percentile=100.0)))
    snn = import_nir(path)
    assert snn.input.encoding is Encoding.DIRECT and snn.input.steps == steps and snn.readout is Readout.MEMBRANE
    wanted = run_float(network, x).outputs
    assert np.abs(run_float(snn, x).outputs / steps - wanted).max() < 0.02 * np.abs(wanted).max()


@pytest.mark.parametrize(("initial", "worst"), [(0.0, 1.0), (0.5, 0.5)])
def test_half_a_threshold_at_the_start_halves_the_error(tmp_path, initial, worst):
    """Of one layer: rates are cut off to multiples of 1 / T, or rounded to them."""
    steps, weight = 10, np.eye(1)
    network = ann(
        Stage(name="a", synapses=Dense(weight=weight, bias=np.zeros(1)), neuron=Activation(relu=True)),
        Stage(name="b", synapses=Dense(weight=weight, bias=np.zeros(1)), neuron=Activation(relu=False)),
        inputs=1,
    )
    x = np.linspace(0, 1, 1001)[:, None]
    snn = import_nir(
        written(tmp_path, convert(network, x, ConvertOptions(steps=steps, percentile=100, initial=initial)))
    )
    error = np.abs(run_float(snn, x).outputs / steps - x).max() * steps
    assert worst - 0.02 <= error <= worst + 1e-6


def test_a_count_is_the_rate_of_the_last_layer(tmp_path):
    network = ann(dense("a", 9, 5), dense("b", 3, 9, relu=False), inputs=5)
    x = np.random.default_rng(3).random((30, 5))
    converted = convert(network, x, ConvertOptions(steps=400, percentile=100, readout=Readout.COUNT))
    counts = run_float(import_nir(written(tmp_path, converted)), x).outputs
    wanted = np.maximum(run_float(network, x).outputs, 0)
    assert np.abs(counts * converted.scales["b"] / 400 - wanted).max() < 0.03 * wanted.max()


def test_a_clipped_relu_is_what_a_spike_per_step_stands_for():
    network = ann(dense("a", 9, 5, maximum=0.25), dense("b", 3, 9, relu=False), inputs=5)
    x = np.random.default_rng(3).random((30, 5))
    assert convert(network, x, ConvertOptions()).scales == {"a": 0.25, "b": 1.0}


def test_the_file_states_its_options(tmp_path):
    network = ann(dense("a", 9, 5), dense("b", 3, 9, relu=False), inputs=5)
    options = ConvertOptions(steps=7, percentile=99.0, initial=0.25)
    converted = convert(network, np.random.default_rng(3).random((30, 5)), options)
    path = written(tmp_path, converted)
    assert read_options(path) == options.nir
    assert (options.nir.steps, options.nir.initial, options.nir.reset) == (7, 0.25, Reset.SUBTRACT)
    made = nir.read(path).metadata[CONVERSION_KEY]
    assert made["percentile"] == 99.0 and made["scale_a"] == converted.scales["a"]
    assert converted.to_bytes() == path.read_bytes()


@pytest.mark.parametrize("readout", ["membrane", "count"])
def test_accuracy_over_time_is_that_of_networks_with_so_many_steps(tmp_path, readout):
    data = load_data("digits")
    path = written(
        tmp_path, convert(load_network(DIGITS), data.train_x, ConvertOptions(steps=6, readout=Readout(readout)))
    )
    x = data.x[:60]
    floats, prepared = float_predictions(import_nir(path), x), prepare(path, data, ModelOptions())
    golden = golden_predictions(prepared.design, prepared.integers(x))
    assert floats.shape == golden.shape == (60, 6)
    for steps in (1, 4, 6):
        fewer = prepare(path, data, ModelOptions(steps=steps, state_bits=20))
        assert (run_float(fewer.network, x).predictions == floats[:, steps - 1]).all()
        assert (accelerator.run(fewer.design, fewer.integers(x)).predictions == golden[:, steps - 1]).all()


def refused(network, message):
    with pytest.raises(InputError, match=message):
        convert(network, np.ones((4, network.input.inputs)), ConvertOptions())


def test_what_has_no_spiking_counterpart_is_refused():
    refused(image_network(pool=MaxPool2d), "stage 'pool' is MaxPool2d: spikes have no maximum: train .* average pools")
    refused(image_network(relu=False), "stage 'conv' has no ReLU")
    refused(image_network(padding=(1, 1, 0, 0)), "padded by 1 above and 0 below, 1 left and 0 right, which NIR cannot")
    refused(ann(*image_network().stages[:2], inputs=16), "the last stage, 'pool', has no weights")
    grid = QuantGrid(scale=np.array(0.1), qmin=0, qmax=3)
    refused(ann(dense("a", 2, 3, grid=grid), dense("b", 2, 2), inputs=3), "was trained with quantisers")
    never = Stage(name="a", synapses=Dense(weight=-np.ones((2, 3)), bias=np.zeros(2)), neuron=Activation(relu=True))
    refused(ann(never, dense("b", 2, 2), inputs=3), "stage 'a' is 0 for all calibration samples")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be"),
        ({"percentile": 0.0}, "percentile must be a number above 0 and at most 100"),
        ({"initial": 1.0}, "initial must be"),
        ({"readout": Readout.SPIKES}, "read out by membrane or count, not spikes"),
        ({"calibration_samples": 0}, "calibration-samples must be"),
    ],
)
def test_bad_options(changes, message):
    with pytest.raises(InputError, match=message):
        _ = ConvertOptions(**changes).nir


def test_command(tmp_path):
    out, curve, plot = tmp_path / "s.nir", tmp_path / "c.json", tmp_path / "c.svg"
    options = ("--to", "snn", "--steps", "8", "--out", out, "--curve", curve, "--plot", plot)
    result = tospike("convert", DIGITS, *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "percentile" in result.stdout
    said = json.loads(curve.read_text())
    assert said["backend"] == "golden" and said["samples"] == 449 and len(said["accuracy"]) == 8
    assert said["accuracy"][-1] > 0.97 and said["ann_accuracy"] > 0.98
    assert "SNN" in plot.read_text()
    tospike("evaluate", out, "--json", "e.json", cwd=tmp_path)
    assert json.loads((tmp_path / "e.json").read_text())["accuracy"] == said["accuracy"][-1]
