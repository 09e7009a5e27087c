"""``tospike evaluate --reference``: a framework's own spikes and membranes against the float network."""

import json
from itertools import pairwise

import nir
import numpy as np
import pytest
from typer.testing import CliRunner

from tospike.cli.main import app
from tospike.hw.params import InputError

STEPS, SAMPLES = 8, 3
SPIKES = (np.random.default_rng(8).random((SAMPLES, STEPS, 4)) < 0.5).astype(np.uint8)
WEIGHT = np.array([[0.5, 0.25, 0.5, 1.0], [1.0, 0.75, 0.25, 0.5], [0.25, 1.0, 0.5, 0.5]], np.float32)


@pytest.fixture
def folder(tmp_path):
    """IF neurons (threshold 1, reset to zero) and integrators behind them; a file of what they give."""
    one = np.ones(3, np.float32)
    nodes = {
        "input": nir.Input({"input": np.array([4])}),
        "w": nir.Linear(WEIGHT),
        "n": nir.IF(one, one, 0 * one),
        "u": nir.Linear(np.eye(2, 3, dtype=np.float32) / 3),
        "m": nir.I(one[:2]),
        "output": nir.Output({"output": np.array([2])}),
    }
    names = list(nodes)
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, list(pairwise(names)), type_check=False))
    np.savez(tmp_path / "d.npz", spikes=SPIKES, label=np.zeros(SAMPLES, np.int64))
    v, sent = np.zeros((SAMPLES, 3)), []
    for step in (SPIKES @ WEIGHT.T).swapaxes(0, 1):
        v = v + step
        sent.append((v > 1).astype(float))
        v = np.where(v > 1, 0, v)
    first = np.stack(sent, axis=1)
    write(tmp_path, layer_0=first, layer_1=np.cumsum(first[..., :2], axis=1) / 3)
    return tmp_path


def write(folder, **layers):
    np.savez(folder / "r.npz", **layers)


def layers(folder):
    with np.load(folder / "r.npz") as archive:
        return dict(archive)


def run(folder, *more):
    arguments = ["evaluate", str(folder / "net.nir"), "--data", f"npz:{folder / 'd.npz'}", "--reset", "zero"]
    arguments += [
        "--reset-timing",
        "same",
        "--comparison",
        "above",
        "--reference",
        str(folder / "r.npz"),
        "--json",
        str(folder / "o.json"),
        *more,
    ]
    result = CliRunner().invoke(app, arguments)
    stages = json.loads((folder / "o.json").read_text()) if (folder / "o.json").exists() else {}
    return result, stages


def test_nothing_differs(folder):
    result, out = run(folder, "--spikes", "--backend", "float")
    assert result.exit_code == 0 and "0 of 72 differ" in result.output and "0 of 48 differ" in result.output
    assert out["reference"][0] == {"stage": "n", "compared": 72, "different": 0, "ties": 0, "first": None}
    assert np.array_equal(out["spikes"]["n"], layers(folder)["layer_0"]) and list(out["spikes"]) == ["n"]
    assert out["predictions"] == np.argmax(layers(folder)["layer_1"][:, -1], axis=1).tolist()
    assert [line[:26] for line in out["warnings"]] == ["d.npz has no training part"]


def test_floating_point_quantises_nothing(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("quantised")

    monkeypatch.setattr("tospike.gen.pipeline.quantize", refuse)
    result, out = run(folder, "--backend", "float", "--spikes")
    assert result.exit_code == 0 and "nir" in out["choices"] and "quantize" not in out["choices"]
    assert "quantised" in str(run(folder)[0].exception)


def test_a_spike_that_differs_is_named(folder):
    arrays = layers(folder)
    arrays["layer_0"][2, 5, 1] += 1
    write(folder, **arrays)
    result, out = run(folder, "--backend", "float")
    first, last = out["reference"]
    assert result.exit_code == 1 and (first["different"], last["different"]) == (1, 0)
    there = arrays["layer_0"][2, 5, 1]
    assert first["first"] == {"sample": 2, "step": 5, "neuron": 1, "reference": there, "float": there - 1}


def test_membranes_may_round(folder):
    arrays = layers(folder)
    arrays["layer_1"] = arrays["layer_1"].astype(np.float32)
    write(folder, **arrays)
    assert run(folder)[0].exit_code == 0
    arrays["layer_1"][1, 3, 0] += 1e-4
    write(folder, **arrays)
    result, out = run(folder)
    assert result.exit_code == 1 and out["reference"][1]["first"]["sample"] == 1


def test_a_tie_of_float32_is_no_difference(folder):
    """Neuron 0 of sample 0 reaches exactly its threshold: a framework that rounds up spikes there."""
    arrays, v = layers(folder), np.zeros(3)
    drive = SPIKES[0] @ WEIGHT.T
    for step in range(STEPS):
        v = v + drive[step]
        tied = np.flatnonzero(v == 1)
        v = np.where(v > 1, 0, v)
        if len(tied):
            break
    neuron = tied[0]
    v, sent = 0.0, []
    for at in range(STEPS):  # from there on it goes as the framework's does
        v += drive[at, neuron]
        sent.append(float(v > 1 or (at == step and v == 1)))
        v = 0.0 if sent[-1] else v
    arrays["layer_0"][0, :, neuron] = sent
    arrays["layer_1"] = np.cumsum(arrays["layer_0"][..., :2], axis=1) / 3
    write(folder, **arrays)
    result, out = run(folder)
    assert result.exit_code == 0
    assert (out["reference"][0]["different"], out["reference"][0]["ties"]) == (0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a | {"layer_2": a["layer_0"]}, "array 'layer_2' belongs to no stage: there are layer_0 to layer_1"),
        (lambda a: {}, "holds no arrays: give layer_0 to layer_1"),
        (lambda a: {"layer_0": a["layer_0"][:, 1:]}, "not numbers of shape (samples, 8 steps, 3 neurons)"),
        (lambda a: {"layer_0": a["layer_1"]}, "not numbers of shape (samples, 8 steps, 3 neurons)"),
        (lambda a: {"layer_0": a["layer_0"].astype(str)}, "not numbers of shape"),
        (lambda a: {"layer_0": a["layer_0"] * np.nan}, "layer_0 contains NaN or infinity"),
        (lambda a: {"layer_0": np.concatenate([a["layer_0"]] * 2)}, "has 6 samples, but there are 3"),
        (lambda a: {**a, "layer_1": a["layer_1"][:2]}, "its arrays have 2, 3 samples: give the same number in each"),
        (lambda a: {"layer_0": np.array(1.0)}, "has 0 samples, but there are 3"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(folder, change, message):
    write(folder, **change(layers(folder)))
    result, out = run(folder)
    assert isinstance(result.exception, InputError) and message in str(result.exception) and not out


def test_no_npz_is_refused(folder):
    whole = (folder / "r.npz").read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:60] + b"\xff" * 40 + whole[100:]):
        (folder / "r.npz").write_bytes(damaged)
        assert isinstance(run(folder)[0].exception, InputError)


def test_a_single_array_is_no_npz(folder):
    layer = layers(folder)["layer_0"]
    with (folder / "r.npz").open("wb") as file:
        np.save(file, layer)
    error = run(folder)[0].exception
    assert isinstance(error, InputError) and "r.npz is not a readable npz file" in str(error)


def test_fewer_samples_and_layers_are_compared_as_they_are(folder):
    arrays = layers(folder)
    write(folder, layer_1=arrays["layer_1"][:2])
    result, out = run(folder)
    assert result.exit_code == 0 and [stage["stage"] for stage in out["reference"]] == ["m"]
