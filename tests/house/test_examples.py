import json
from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES, SHARED

from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.nir.importer import read_options
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import Reset
from tospike.sim.accelerator import run
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

DATA = SHARED / "data"
MNIST = DATA / "mnist"
NIR = DATA / "nir"
FSDD = DATA / "fsdd"
DESCRIPTION = json.loads((EXAMPLES / "digits.json").read_text())


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.nir")), ids=lambda path: path.stem)
def test_nothing_about_our_own_networks_is_guessed(path):
    assert load_network(path).warnings == ()


def accuracy(name):
    data = load_data("digits")
    return np.mean(run_float(load_network(EXAMPLES / name), data.x).predictions == data.y)


@pytest.mark.parametrize(("kind", "least"), [("ann", 0.98), ("snn", 0.98)])
def test_float_accuracy_is_as_stated(kind, least):
    stated = DESCRIPTION[kind]
    assert accuracy(stated["file"]) == pytest.approx(stated["float_accuracy"])
    assert stated["float_accuracy"] >= least


def test_both_have_the_same_shape():
    ann, snn = (load_network(EXAMPLES / DESCRIPTION[kind]["file"]) for kind in ("ann", "snn"))
    shapes = [[s.synapses.weight.shape for s in network.stages] for network in (ann, snn)]
    assert shapes == [[(32, 64), (10, 32)]] * 2


def test_the_snn_file_states_how_to_run_it():
    options = read_options(EXAMPLES / "digits_snn.nir")
    assert options == NirOptions.from_description(DESCRIPTION["snn"]["options"])
    data = load_data("digits")
    wrong = load_network(EXAMPLES / "digits_snn.nir", nir=replace(options, reset=Reset.ZERO, steps=2))
    assert np.mean(run_float(wrong, data.x).predictions == data.y) < 0.9


def test_activity_of_the_snn_is_as_stated():
    data = load_data("digits")
    network = load_network(EXAMPLES / "digits_snn.nir")
    hidden = run_float(network, data.x).stages[0].outputs.sum() / len(data.x)
    # Float32 in training against float64 here: a membrane at the threshold may differ.
    assert hidden == pytest.approx(DESCRIPTION["snn"]["hidden_spikes_per_sample"], abs=0.02)
    events = encode(network.input, data.x).sum() / len(data.x)
    assert events == pytest.approx(DESCRIPTION["snn"]["input_spikes_per_sample"])


NEURONS = json.loads((EXAMPLES / "digits_neurons.json").read_text())["networks"]


@pytest.mark.parametrize("name", NEURONS)
def test_neurons_that_no_framework_exports_are_as_stated(name):
    stated = NEURONS[name]
    assert accuracy(stated["file"]) == pytest.approx(stated["float_accuracy"])
    assert min(stated["float_accuracy"], stated["validation_accuracy"]) >= 0.97


def test_their_files_state_the_neurons():
    neurons = {name: load_network(EXAMPLES / stated["file"]).stages[0].neuron for name, stated in NEURONS.items()}
    assert len(np.unique(neurons["sliding"].taps, axis=0)) > 1
    assert neurons["noisy"].noise is not None
    assert len(np.unique(neurons["heterogeneous"].decay)) == 32


@pytest.mark.slow
@pytest.mark.parametrize("name", NEURONS)
def test_the_hardware_has_those_neurons(name):
    data = load_data("digits")
    prepared = prepare(EXAMPLES / NEURONS[name]["file"], data, ModelOptions())
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0
    assert evaluate(prepared, data, Backend.GOLDEN).accuracy >= 0.96


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST is not in ../shared/data")
@pytest.mark.parametrize(("kind", "lanes"), [("ann", None), ("snn", 16)])
def test_mnist_with_six_bits(kind, lanes):
    """A tenth of the test images; all of them take four times as long as reading the data does."""
    described = json.loads((EXAMPLES / "mnist.json").read_text())[kind]
    data = load_data(f"mnist:{MNIST}")
    prepared = prepare(EXAMPLES / described["file"], data, ModelOptions(weight_bits=6, lanes=lanes))
    chosen = slice(None, None, 10)
    result = run(prepared.design, prepared.integers(data.x[chosen]))
    assert np.mean(result.predictions == data.y[chosen]) == pytest.approx(described["float_accuracy"], abs=0.01)
    assert result.cycles.mean() < (10_000 if kind == "snn" else 31_000)


@pytest.mark.skipif(not NIR.is_dir(), reason="the Braille recordings are not in ../shared/data")
@pytest.mark.parametrize("backend", [Backend.FLOAT, Backend.GOLDEN])
def test_braille_is_read_from_sums_of_spikes(backend):
    described = json.loads((EXAMPLES / "braille.json").read_text())["ann"]
    data = load_data(f"npz:{NIR / 'braille_400.npz'}", every=4)
    prepared = prepare(EXAMPLES / described["file"], data, ModelOptions())
    assert prepared.network.input.time_bins == described["time_bins"]
    assert evaluate(prepared, data, backend).accuracy == pytest.approx(described["float_accuracy"])


@pytest.mark.slow
@pytest.mark.skipif(not NIR.is_dir(), reason="the N-MNIST recordings are not in ../shared/data")
def test_nmnist_is_read_from_sums_of_events():
    described = json.loads((EXAMPLES / "nmnist.json").read_text())["ann"]
    data = load_data(f"npz:{NIR / 'nmnist_train_1000.npz'}", time_bin_us=1000, steps=300, every=4)
    network = load_network(EXAMPLES / described["file"])
    assert network.input.time_bins == described["time_bins"] == 1
    accuracy = np.mean(run_float(network, data.x, trace=False).predictions == data.y)
    assert accuracy == pytest.approx(described["float_accuracy"])


@pytest.mark.slow
@pytest.mark.skipif(not FSDD.is_dir(), reason="FSDD is not in ../shared/data")
@pytest.mark.parametrize(("kind", "least"), [("ann", 0.98), ("snn", 0.95)])
def test_spoken_digits_behind_a_cochlea(kind, least):
    described = json.loads((EXAMPLES / "cochlea.json").read_text())[kind]
    data = load_data(f"fsdd:{FSDD}")
    data = replace(data, train_x=data.train_x[::8], train_y=data.train_y[::8])
    prepared = prepare(EXAMPLES / described["file"], data, ModelOptions())
    assert evaluate(prepared, data, Backend.GOLDEN).accuracy >= least
    assert described["float_accuracy"] >= least


@pytest.mark.slow
def test_training_neurons_reproduces_them(tmp_path):
    pytest.importorskip("torch", reason="training needs the extra `train`")
    pytest.importorskip("snntorch", reason="training needs the extra `train`")
    from tospike.examples.train_neurons import train

    train(tmp_path, load_data("digits"), epochs=20, seed=1)
    again = json.loads((tmp_path / "digits_neurons.json").read_text())["networks"]
    assert again.keys() == NEURONS.keys()
    assert all(each["float_accuracy"] >= 0.93 for each in again.values())


@pytest.mark.slow
def test_training_reproduces_the_files(tmp_path):
    """To the last bits on the same kind of machine; elsewhere the accuracy counts."""
    pytest.importorskip("torch", reason="training needs the extra `train`")
    pytest.importorskip("snntorch", reason="training needs the extra `train`")
    from tospike.examples.train_digits import train

    train(tmp_path, load_data("digits"), seed=DESCRIPTION["seed"])
    again = json.loads((tmp_path / "digits.json").read_text())
    for kind in ("ann", "snn"):
        assert again[kind]["float_accuracy"] >= 0.97
        old, new = (load_network(folder / DESCRIPTION[kind]["file"]) for folder in (EXAMPLES, tmp_path))
        if again["trained_with"] == DESCRIPTION["trained_with"]:
            for a, b in zip(old.stages, new.stages, strict=True):
                np.testing.assert_allclose(a.synapses.weight, b.synapses.weight, atol=1e-5)
