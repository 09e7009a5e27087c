"""The class by the first spike: float, golden model and RTL."""

from pathlib import Path

import numpy as np
import pytest

from tospike.examples import __file__ as examples
from tospike.gen.convert import ConvertOptions, convert
from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import (
    AcceleratorParams,
    HostInput,
    HostOutput,
    InputError,
    NeuronKind,
    Readout,
    SpikingParams,
)
from tospike.sim import accelerator
from tospike.sim.network import Decoding, Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

DIGITS = examples.replace("__init__.py", "digits_ann.onnx")


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    path = tmp_path_factory.mktemp("first") / "snn.nir"
    options = ConvertOptions(steps=12, readout=Readout.COUNT)
    path.write_bytes(convert(load_network(DIGITS), load_data("digits").train_x, options).to_bytes())
    return path


def test_rtl_answers_with_the_first_spike_and_stops_the_clock(counting):
    data = load_data("digits")
    first = prepare(counting, data, ModelOptions(decoding=Decoding.FIRST_SPIKE))
    result = evaluate(first, data, Backend.RTL, samples=12)
    assert result.mismatches == 0
    counted = prepare(counting, data, ModelOptions())
    x = data.x[:12]
    spikes = accelerator.spike_trains(first.design, first.integers(x))[-1]
    when = spikes.any(axis=2).argmax(axis=1)
    classes = [int(np.flatnonzero(train[step])[0]) for train, step in zip(spikes, when, strict=True)]
    answers = accelerator.run(first.design, first.integers(x))
    assert answers.outputs[:, 0].tolist() == classes and when.max() < 11
    assert (answers.cycles < accelerator.run(counted.design, counted.integers(x)).cycles).all()


def test_float_decides_alike(counting):
    data = load_data("digits")
    network = prepare(counting, data, ModelOptions(decoding=Decoding.FIRST_SPIKE)).network
    run = run_float(network, data.x[:50])
    wanted = accelerator.first_spikes(run.stages[-1].outputs)
    assert run.predictions.tolist() == wanted.tolist()
    assert np.mean(run.predictions == data.y[:50]) > 0.6


def test_nothing_spikes_is_class_0():
    assert accelerator.first_spikes(np.zeros((2, 3, 4))).tolist() == [0, 0]
    assert accelerator.first_spikes(np.array([[[0, 0, 0], [0, 2, 1], [1, 0, 0]]])).tolist() == [1]
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=100.0)
    stage = Stage(name="a", synapses=Dense(weight=np.ones((3, 2)), bias=np.zeros(3)), neuron=neuron)
    spec = InputSpec(inputs=2, steps=4)
    network = Network(name="n", input=spec, stages=(stage,), readout=Readout.COUNT, decoding=Decoding.FIRST_SPIKE)
    assert run_float(network, np.ones((1, 4, 2))).predictions.tolist() == [0]


def test_what_cannot_decide_by_a_spike_is_refused(counting):
    data = load_data("digits")
    snn = examples.replace("__init__.py", "digits_snn.nir")
    with pytest.raises(InputError, match="does not spike, as --decoding first-spike requires"):
        prepare(Path(snn), data, ModelOptions(decoding=Decoding.FIRST_SPIKE))
    with pytest.raises(InputError, match="leave --argmax out"):
        _ = prepare(counting, data, ModelOptions(decoding=Decoding.FIRST_SPIKE, argmax=True)).design
    engine = SpikingParams(inputs=1, neurons=1, readout=Readout.COUNT)
    with pytest.raises(InputError, match="first-spike needs spikes"):
        AcceleratorParams(name="a", engines=(engine,), host_input=HostInput.TOKENS, host_output=HostOutput.FIRST_SPIKE)
