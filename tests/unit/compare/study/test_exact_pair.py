"""A study of an exact pair, with its controls."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.command_line import tospike
from support.exact_pairs import data_of, dense_network, image_network
from support.networks import write_networks

from tospike.compare.report.variations import ExactPairReport, FreeRunning, RatioInterval
from tospike.compare.study.variations.exact_pair import exact_controls, turned
from tospike.gen.data.datasets import load_data
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine
from tospike.sim import accelerator

OPTIONS = ("--data", "npz:d.npz", "--no-synth", "--no-iso-accuracy", "--no-sensitivity", "--rtl-samples", 2)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(5)
    x = rng.random((60, 6)).astype(np.float32)
    pair = exact_pair(dense_network(rng, (6, 9, 8, 4)), data_of(x), ExactOptions(steps=8))
    (tmp_path / "s.nir").write_bytes(pair.snn)
    (tmp_path / "s.onnx").write_bytes(pair.ann)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(60) % 4)
    return tmp_path


def study(folder, *options):
    result = tospike("compare", "pair", "--pair", "--ann", "s.onnx", "--snn", "s.nir", *OPTIONS, *options, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads((folder / "out" / "report.json").read_text()), " ".join(result.stdout.split())


@pytest.mark.slow
def test_an_exact_pair_has_controls_and_a_hybrid(files):
    report, printed = study(files, "--hybrid")
    ann, snn, hybrid = report["designs"]
    assert ann["correct_samples"] == snn["correct_samples"] and snn["mismatches"] == 0
    found, (event, *_) = report["exact_pair"], [each for each in report["controls"] if each["name"] == "event ANN"]
    assert (
        event["correct_samples"] == ann["correct_samples"] and "event engines that skip zeros" in event["description"]
    )
    assert found["event_ann"]["ratio"] == pytest.approx(snn["counters_pj"]["total"] / event["counters_pj"]["total"])
    assert 0 < found["free_running"]["mismatches"] < found["samples"], "three layers fire too early without phases"
    assert found["sentence"] in printed and "The networks are an exact pair" in printed
    page = (files / "out" / "report.html").read_text()
    assert found["sentence"] in page

    mix = report["hybrid"]
    assert (hybrid["kind"], hybrid["mismatches"]) == ("hybrid", 0)
    assert hybrid["correct_samples"] == ann["correct_samples"]
    kinds = {place.split("=")[1] for place in mix["place"].split(",")}
    assert kinds & {"spiking", "graded"} and kinds & {"event", "array"}
    pj = {each["kind"]: each["counters_pj"]["total"] for each in report["designs"]}
    assert mix["over_ann"]["ratio"] == pytest.approx(pj["hybrid"] / pj["ann"])
    assert mix["over_snn"]["ratio"] == pytest.approx(pj["hybrid"] / pj["snn"])
    assert all(0 < each["pj"] < pj["hybrid"] for each in mix["bridges"])
    assert mix["sentence"] in printed and mix["sentence"] in page
    *_, candidate = report["candidates"]
    assert (candidate["side"], candidate["energy_pj"]) == ("hybrid", pj["hybrid"])
    assert all(f"--layer {layer.replace('=', '.place=')}" in candidate["command"] for layer in mix["place"].split(","))


def controls(folder, **options):
    """The controls of both files, without RTL."""
    data = load_data(f"npz:{folder / 'd.npz'}")
    given = ModelOptions(given=options)
    ann = prepare(folder / "s.onnx", data, given.of_kind(spiking=False))
    snn = prepare(folder / "s.nir", data, given.of_kind(spiking=True))
    measured = SimpleNamespace(result=accelerator.run(snn.design, snn.integers(data.x)))
    return exact_controls(ann, measured, snn, folder / "s.nir", data, ModelOptions(), None)


def test_a_control_that_turns_the_verdict_says_so():
    report = ExactPairReport(
        steps=8,
        samples=1,
        event_ann=RatioInterval(ratio=1.2, interval=(1.1, 1.3)),
        free_running=FreeRunning(accuracy=0.5, mismatches=0),
        sentence="",
    )
    assert turned(report, 0.9).endswith("turns it: against that, the SNN needs 1.20 times the energy.")
    assert turned(report, 1.1) == "" == turned(replace(report, event_ann=None), 0.9)


def test_an_ann_that_skips_zeros_needs_no_control(files):
    found = controls(files, engine=Engine.EVENT)
    assert found.designs == () and found.report.event_ann is None
    assert "on event engines" not in found.report.sentence


def test_no_event_engine_takes_the_windows_of_an_ann(tmp_path):
    rng = np.random.default_rng(4)
    x = rng.random((30, 60)).astype(np.float32)
    pair = exact_pair(image_network(rng), data_of(x), ExactOptions(steps=4))
    (tmp_path / "s.nir").write_bytes(pair.snn)
    (tmp_path / "s.onnx").write_bytes(pair.ann)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(30) % 3)
    found = controls(tmp_path)
    assert found.designs == () and found.report.event_ann is None and found.report.free_running.mismatches


def test_other_pairs_have_none(files):
    """The same SNN against an ANN of other weights."""
    rng = np.random.default_rng(6)
    x = np.load(files / "d.npz")["x"]
    (files / "s.onnx").write_bytes(exact_pair(dense_network(rng, (6, 9, 8, 4)), data_of(x), ExactOptions(steps=8)).ann)
    assert controls(files) is None


def test_a_hybrid_needs_an_exact_pair(tmp_path):
    write_networks(tmp_path)
    pair = ("--ann", "a.onnx", "--snn", "s.nir", "--data", "npz:d.npz")
    result = tospike("compare", "mine", "--pair", "--hybrid", *pair, cwd=tmp_path)
    assert result.returncode == 2 and "--hybrid mixes the layers of an exact pair" in result.stderr
    assert not (tmp_path / "out").exists()
    result = tospike("compare", "mine", "--hybrid", *pair, cwd=tmp_path)
    assert result.returncode == 2 and "give --pair, too" in result.stderr
