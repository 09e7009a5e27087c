"""Spike trains for ANNs: sums in frames, stated by the file or chosen, from the data to the hardware's integers."""

import json

import numpy as np
import pytest
from onnx import helper, load, save
from support.command_line import write_onnx

from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import describe_frames, prepare
from tospike.hw.params import InputError
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import InputSpec
from tospike.sim.network.reference import run_float
from tospike.sim.network.time_bins import sum_frames
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

STEPS, CHANNELS = 6, 3


def write_ann(folder, frames, *, inputs, stated=None):
    weights = np.random.default_rng(0).normal(size=(inputs, 4)).astype(np.float32)
    path = folder / "net.onnx"
    write_onnx(path, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weights}, inputs=inputs, outputs=4)
    text = json.dumps({"time_bins": frames}) if stated is None else stated
    if frames is not None:
        model = load(path)
        helper.set_model_props(model, {"tospike": text})
        save(model, path)
    return path, weights


@pytest.fixture
def data(tmp_path):
    spikes = np.random.default_rng(1).integers(0, 2, (8, STEPS, CHANNELS)).astype(np.uint8)
    np.savez(tmp_path / "d.npz", spikes=spikes, label=np.arange(8) % 4)
    return load_data(f"npz:{tmp_path / 'd.npz'}")


def test_frames_are_sums_of_steps_one_after_the_other():
    spikes = np.arange(2 * 5 * 2).reshape(2, 5, 2)
    np.testing.assert_array_equal(sum_frames(spikes, 1), spikes.sum(axis=1))
    np.testing.assert_array_equal(sum_frames(spikes, 5), spikes.reshape(2, 10))
    ragged = np.concatenate([spikes[:, :2].sum(axis=1), spikes[:, 2:].sum(axis=1)], axis=1)
    np.testing.assert_array_equal(sum_frames(spikes, 2), ragged)


def test_sums_of_bytes_do_not_wrap():
    assert sum_frames(np.ones((1, 300, 1), dtype=np.uint8), 1).tolist() == [[300]]


@pytest.mark.parametrize("frames", [0, 7])
def test_as_many_frames_as_steps_at_most(frames):
    with pytest.raises(InputError, match=f"6 time steps cannot be summed to {frames} frames: give 1 to 6"):
        sum_frames(np.zeros((1, 6, 2)), frames)


def test_the_encoder_takes_both_trains_and_their_sums():
    spec = InputSpec(inputs=4, time_bins=2)
    trains = np.random.default_rng(2).integers(0, 2, (3, 8, 2))
    np.testing.assert_array_equal(encode(spec, trains), encode(spec, sum_frames(trains, 2)))


@pytest.mark.parametrize("frames", [1, 2, 6])
def test_a_file_states_its_frames(tmp_path, data, frames):
    path, weights = write_ann(tmp_path, frames, inputs=frames * CHANNELS)
    assert load_network(path).input.time_bins == frames
    prepared = prepare(path, data, ModelOptions(cols=2))
    assert prepared.choices["spike trains"] == describe_frames(frames, STEPS)
    sums = sum_frames(data.x, frames)
    np.testing.assert_allclose(run_float(prepared.network, data.x).outputs, sums @ weights, rtol=1e-5, atol=1e-5)
    # whole sums that 8 bits hold: quantised, they are what they were
    unit = prepared.quantized.network.input.scale
    np.testing.assert_allclose(prepared.integers(data.x) * unit, sums, atol=unit / 2)
    golden = evaluate(prepared, data, Backend.GOLDEN)
    assert golden.result is not None and golden.result.outputs.shape == (8, 4)


def test_frames_may_be_chosen_instead(tmp_path, data):
    path, weights = write_ann(tmp_path, None, inputs=CHANNELS)
    prepared = prepare(path, data, ModelOptions(time_bins=1, cols=2, steps=STEPS))
    np.testing.assert_allclose(run_float(prepared.network, data.x).outputs, data.x.sum(axis=1) @ weights, rtol=1e-5)


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        (None, {}, r"holds spike trains of 6 steps: give --time-bins, from 1 \(the sum over all steps\) to 6"),
        (7, {}, "give --time-bins, from 1"),
        (None, {"time_bins": 2}, "takes 3 values per sample, but d has 6: give other --data"),
    ],
)
def test_frames_that_do_not_fit(tmp_path, data, frames, options, message):
    path, _ = write_ann(tmp_path, frames, inputs=CHANNELS)
    with pytest.raises(InputError, match=message):
        prepare(path, data, ModelOptions(**options))


@pytest.mark.parametrize("stated", ["[", "{}", "3", '{"time_bins": "many"}', '{"time_bins": -1}'])
def test_metadata_that_make_no_sense(tmp_path, stated):
    path, _ = write_ann(tmp_path, 1, inputs=CHANNELS, stated=stated)
    with pytest.raises(InputError, match="metadata 'tospike'"):
        load_network(path)


def test_in_words():
    assert describe_frames(1, 256) == "spikes of all 256 steps summed per channel"
    assert describe_frames(256, 256) == "all 256 steps concatenated to one vector"
    assert describe_frames(16, 256) == "spikes summed per channel in 16 frames of 16 steps, concatenated"


def test_options_of_one_kind():
    both = ModelOptions(time_bins=2, steps=9, dt=1e-3, encoding_seed=3, weight_bits=4)
    assert both.of_kind(spiking=True) == ModelOptions(steps=9, dt=1e-3, encoding_seed=3, weight_bits=4)
    assert both.of_kind(spiking=False) == ModelOptions(time_bins=2, weight_bits=4)
