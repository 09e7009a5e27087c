"""Codes between layers: graded spikes, bursts and phases of trained networks."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.event_engine import check
from support.nir_files import OPTIONS, W1, W2, chain, li, lif, ones, save
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.nir.importer import import_nir, read_options
from tospike.gen.nir.options import METADATA_KEY
from tospike.gen.options.layers import parse_layers
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import (
    Comparison,
    IfParams,
    InputError,
    NeuronKind,
    PayloadCode,
    Readout,
    Reset,
    ResetTiming,
    SpikingParams,
)
from tospike.sim.network import SpikingNeuron
from tospike.sim.network.membrane import integrate
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

SNN = EXAMPLES / "digits_snn.nir"
SUBTRACT = {"reset": Reset.SUBTRACT, "spike_bits": 3}
EXPECTED = {
    PayloadCode.COUNT: [7, 7, 6, 0, 0, 0, 0, 0],
    PayloadCode.BURST: [1, 2, 4, 4, 4, 4, 0, 1],
    PayloadCode.PHASE: [4, 2, 1, 4, 2, 1, 4, 2],
}
"""Payloads of a neuron at threshold 1 (at least) that gets 20 in the first step."""


@pytest.mark.parametrize("code", PayloadCode)
def test_the_float_network_sends_the_code(code):
    neuron = SpikingNeuron(kind=NeuronKind.IF, comparison=Comparison.AT_LEAST, code=code, **SUBTRACT)
    drive = np.zeros((1, 8, 1))
    drive[0, 0] = 20
    assert integrate(neuron, drive).outputs[0, :, 0].tolist() == EXPECTED[code]


@pytest.mark.parametrize("code", PayloadCode)
def test_hardware_and_golden_model_send_the_code(code):
    neuron = IfParams(state_bits=7, threshold=1, comparison=Comparison.AT_LEAST, code=code, **SUBTRACT)
    params = SpikingParams(inputs=1, neurons=3, neuron=neuron, weight_bits=8, readout=Readout.SPIKES, lanes=2)
    train = np.zeros((2, 8, 1), dtype=int)
    train[:, 0] = 1
    run = check(params, np.array([[20], [0], [-5]]), np.zeros(3, dtype=int), train, stall=0.3)
    assert run.spikes[1, :, 0].tolist() == EXPECTED[code]
    assert not run.spikes[:, :, 1:].any()


@pytest.mark.parametrize(
    "changes",
    [
        {"spike_bits": 1},
        {"reset": Reset.ZERO},
        {"reset_timing": ResetTiming.NEXT},
    ],
)
def test_codes_need_graded_spikes_that_are_subtracted(changes):
    with pytest.raises(InputError, match="code burst sends powers of two, and subtracts as many thresholds"):
        replace(OPTIONS, code=PayloadCode.BURST, **SUBTRACT | changes)


def test_options_survive_a_file(tmp_path):
    options = replace(OPTIONS, layers={"y": {"code": PayloadCode.PHASE, **SUBTRACT}})
    graph = chain(nir.Affine(W1, ones(4, 0.0)), lif(), nir.Affine(W2, ones(2, 0.0)), li())
    graph.metadata[METADATA_KEY] = options.describe()
    path = save(tmp_path, graph)
    assert read_options(path) == options
    assert import_nir(path).stages[0].neuron.code is PayloadCode.PHASE


CODED = ["reset=subtract", "spike-bits=3"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "options"),
    [
        ([*CODED], {}),
        ([*CODED, "code=burst"], {"encoding": "phase"}),
        ([*CODED, "code=phase", "engine=register"], {"encoding": "phase"}),
    ],
)
def test_digits_in_rtl(texts, options):
    data = load_data("digits")
    layers = parse_layers([f"lif.{text}" for text in texts])
    rtl = evaluate(prepare(SNN, data, ModelOptions(options, layers=layers)), data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0
    assert np.ptp(rtl.result.outputs) > 0
