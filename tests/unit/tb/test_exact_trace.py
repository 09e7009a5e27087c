"""Float against golden spike trains, layer by layer."""

import json

import numpy as np
import pytest
from support.paths import EXAMPLES
from typer.testing import CliRunner

from tospike.cli.main import app
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError
from tospike.tb.replay.exact_trace import Difference, compare_trains, first_difference


def test_first_difference_is_the_earliest_in_time():
    exact, golden = np.zeros((3, 5, 4), dtype=int), np.zeros((3, 5, 4), dtype=int)
    assert first_difference(exact, golden) is None
    golden[0, 4, 0] = 1  # sooner among the samples, later in time
    exact[2, 1, 3], exact[2, 1, 2], golden[2, 1, 2] = 1, 3, 1
    expected = Difference(sample=2, step=1, neuron=2, float_spikes=3, golden_spikes=1)
    assert first_difference(exact, golden) == expected


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


@pytest.mark.parametrize("bits", [2, 8])
def test_coarse_weights_differ_more(digits, bits):
    prepared = prepare(EXAMPLES / "digits_snn.nir", digits, ModelOptions(weight_bits=bits))
    hidden, readout = compare_trains(prepared, digits.x[:50])
    assert (hidden.stage, readout.stage) == ("lif", "li")
    assert hidden.float_spikes > 300 and hidden.differ == hidden.differ_alone
    share = hidden.differ / hidden.float_spikes
    assert share > 0.2 if bits == 2 else share < 0.05
    assert hidden.first is not None or bits == 8
    assert (readout.float_spikes, readout.differ, readout.first) == (0, 0, None)


def test_an_ann_has_no_spikes(digits):
    prepared = prepare(EXAMPLES / "digits_ann.onnx", digits, ModelOptions())
    with pytest.raises(InputError, match="is an ANN: it has no spikes to compare"):
        compare_trains(prepared, digits.x[:5])


def test_command(tmp_path):
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(EXAMPLES / "digits_snn.nir"), "--samples", "20", "--exact-trace", "--weight-bits", "3"]
    result = CliRunner().invoke(app, [*arguments, "--json", str(out)])
    assert result.exit_code == 0, result.output
    layers = json.loads(out.read_text())["exact_trace"]
    assert [layer["stage"] for layer in layers] == ["lif", "li"]
    assert set(layers[0]["first"]) == {"sample", "step", "neuron", "float_spikes", "golden_spikes"}
    assert "float against golden" in result.output
