"""Sliding neurons of trained networks: weights of earlier inputs, per layer or per channel."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.nir_files import OPTIONS, W1, W2, chain, li, lif, ones, save
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.nir.importer import import_nir, read_options
from tospike.gen.nir.options import METADATA_KEY
from tospike.gen.nir.tap_weights import tap_weights
from tospike.gen.options.layers import parse_layers
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.quantize.leaks import tap_codes
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.value_ranges import trace
from tospike.hw.params import InputError, SlidingParams
from tospike.hw.params.neurons.sliding import NEGATIVE_TAP, NO_TAP
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Conv2d
from tospike.sim.network.membrane import integrate
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

SNN = EXAMPLES / "digits_snn.nir"


def network(tmp_path, taps, **changes):
    graph = chain(nir.Affine(W1, ones(4, 0.0)), lif(v_threshold=0.5), nir.Affine(W2, ones(2, 0.0)), li())
    options = replace(OPTIONS, layers={"y": {"taps": taps, **changes}})
    return import_nir(save(tmp_path, graph), options)


def test_weights_are_read():
    assert tap_weights("0.5,-0.25").tolist() == [[0.5, -0.25]]
    assert tap_weights("1,0;-0.125,0.5").tolist() == [[1, 0], [-0.125, 0.5]]
    assert tap_codes(tap_weights("1,0.25,-0.5,0")).tolist() == [[0, 2, NEGATIVE_TAP + 1, NO_TAP]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.3", "a tap of 0.3 is neither 0 nor a signed power of two"),
        ("2", "a tap of 2.0 is neither 0 nor a signed power of two"),
        ("nan", "a tap of nan is neither"),
        ("0.5,x", "are not numbers"),
        ("0.5;0.5,1", "the same number of weights for each channel"),
        (",".join(["1"] * 8), "at most 7"),
    ],
)
def test_other_weights_are_refused(text, why):
    with pytest.raises(InputError, match=why):
        replace(OPTIONS, taps=text)


def test_the_float_network_weights_earlier_inputs(tmp_path):
    """One neuron per row of taps, all with the input of the first step alone."""
    found = network(tmp_path, "0.5,0;-1,1;0,0.25;1,1", tap_dilation=2)
    neuron = found.stages[0].neuron
    drive = np.zeros((1, 6, 4))
    drive[0, 0] = 1.0 / neuron.gain  # a membrane of 1
    sent = integrate(replace(neuron, threshold=0.24), drive).outputs[0]
    assert sent.T.tolist() == [[1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0]]


def test_common_taps_need_no_memory(tmp_path):
    samples = np.random.default_rng(0).random((20, 3))
    for taps, varies in (("0.5,-0.25", False), ("0.5,-0.25;0.5,0;1,1;0,0", True)):
        result = quantize(network(tmp_path, taps), samples, QuantizeOptions())
        stage = result.network.stages[0]
        assert isinstance(stage.neuron, SlidingParams)
        assert stage.neuron.varies == varies
        assert (stage.decays is not None) == varies


def agreement(found, samples):
    """The part of the first layer's spikes that are alike in the float network and in integers."""
    result = quantize(found, samples, QuantizeOptions(weight_bits=12, input_bits=8))
    stage, real = result.network.stages[0], run_float(found, samples).stages[0].outputs
    events = encode(result.network.input, samples)
    spikes = trace(stage.neuron, stage.synapses, events, None, stage.decays).spikes
    assert 0.05 < real.mean() < 0.95
    return (spikes == real).mean()


def test_integers_spike_as_the_float_network_does(tmp_path):
    samples = np.random.default_rng(1).random((60, 3))
    found = network(tmp_path, "0.5,-0.25;0.5,0;1,1;-0.5,0", tap_dilation=2)
    assert agreement(found, samples) > 0.99


def test_channels_of_a_convolution(tmp_path):
    rng = np.random.default_rng(2)
    conv = nir.Conv2d(
        input_shape=(4, 4), weight=rng.normal(size=(3, 1, 3, 3)).astype(np.float32), stride=1, padding=0, dilation=1,
        groups=1, bias=np.zeros(3, np.float32),
    )  # fmt: skip
    neurons = nir.Threshold(threshold=np.full((3, 2, 2), 0.4, np.float32))
    readout = nir.Affine(rng.normal(size=(2, 12)).astype(np.float32), ones(2, 0.0))
    graph = chain(conv, neurons, nir.Flatten(np.array([3, 2, 2]), start_dim=0), readout, li(), inputs=(1, 4, 4))
    found = import_nir(save(tmp_path, graph), replace(OPTIONS, layers={"y": {"taps": "0.5;-0.5;0"}}))
    assert isinstance(found.stages[0].synapses, Conv2d)
    samples = rng.random((60, 16))
    stage = quantize(found, samples, QuantizeOptions()).network.stages[0]
    assert stage.decays.tolist() == [[1], [NEGATIVE_TAP + 1], [NO_TAP]]
    assert agreement(found, samples) > 0.99


def test_options_survive_a_file(tmp_path):
    options = replace(OPTIONS, layers={"y": {"taps": "0.5,0;-1,1;0,0.25;1,1", "tap_dilation": 3}})
    graph = chain(nir.Affine(W1, ones(4, 0.0)), lif(), nir.Affine(W2, ones(2, 0.0)), li())
    graph.metadata[METADATA_KEY] = options.describe()
    assert read_options(save(tmp_path, graph)) == options


def test_channels_without_a_row_are_refused(tmp_path):
    with pytest.raises(InputError, match="has 4 channels, but taps of 2"):
        network(tmp_path, "0.5;0.25")


@pytest.mark.slow
@pytest.mark.parametrize("texts", [["lif.taps=0.5,0.25"], ["lif.taps=0.5,-0.25,0", "lif.tap-dilation=2"]])
def test_digits_in_rtl(texts):
    data = load_data("digits")
    prepared = prepare(SNN, data, ModelOptions(layers=parse_layers(texts)))
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0
    assert rtl.accuracy > 0.5
