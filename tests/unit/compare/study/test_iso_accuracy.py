"""Energy at equal accuracy: grids, fronts, matches and their intervals, by hand."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.networks import write_networks

from tospike.compare.energy.technology import load_technology
from tospike.compare.study.variations.iso_accuracy import GridPoint, ann_grid, run_grid, snn_grid
from tospike.compare.study.variations.iso_accuracy import compare_at_equal_accuracy as _compare
from tospike.compare.study.variations.matched_qnn import matched_qnn_design
from tospike.compare.study.variations.trial import Trial, Trials
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError

SAMPLES = 200


def compare_at_equal_accuracy(grid, **options):
    return _compare(grid, technology="horowitz45", **options)


def point(kind, label, right, pj, *, spread=0.0):
    """The first ``right`` samples are answered; energies alternate by ``spread``."""
    correct = np.arange(SAMPLES) < right
    energies = pj + spread * (-1.0) ** np.arange(SAMPLES)
    return GridPoint(kind=kind, label=label, trial=Trial(correct=correct, pj=energies))


def test_the_cheapest_that_is_as_accurate_is_matched():
    found = compare_at_equal_accuracy(
        [
            point("ann", "", 196, 100.0),
            point("ann", "good", 190, 60.0),
            point("ann", "beaten", 180, 70.0),
            point("ann", "poor", 120, 20.0),
            point("snn", "", 190, 90.0),
            point("snn", "short", 150, 30.0),
            point("snn", "long", 199, 200.0),
        ]
    )
    assert found.target == pytest.approx(0.95), "the lesser of both as they are"
    assert found.ratio == pytest.approx(90 / 60)
    assert {p.label for p in found.points if p.front and p.kind == "ann"} == {"", "good", "poor"}
    assert all(p.front for p in found.points if p.kind == "snn")
    assert [(m.snn, m.ann, m.ratio) for m in found.matches] == [
        ("short", "good", pytest.approx(30 / 60)),
        ("as given", "good", pytest.approx(90 / 60)),
    ], "no ANN is as accurate as the long SNN"
    assert "95.0 %" in found.sentence
    assert "(as given) needs 1.50 times" in found.sentence
    assert "cheapest ANN (good;" in found.sentence


def test_intervals_cover_energies_and_choices():
    constant = [point("ann", "", 196, 100.0), point("snn", "", 190, 90.0)]
    sure = compare_at_equal_accuracy(constant)
    assert sure.interval == pytest.approx([0.9, 0.9]), "same energies, no choice"
    spread = compare_at_equal_accuracy([constant[0], point("snn", "", 190, 90.0, spread=40.0)])
    assert spread.interval[0] < 0.9 < spread.interval[1]
    # the rival misses by a sample that other drawings leave out: then it is as accurate, and half as expensive
    rival = GridPoint(
        kind="ann", label="rival", trial=Trial(correct=np.arange(SAMPLES) != 0, pj=np.full(SAMPLES, 50.0))
    )
    as_is = GridPoint(
        kind="ann", label="", trial=Trial(correct=np.ones(SAMPLES, dtype=bool), pj=np.full(SAMPLES, 100.0))
    )
    snn = GridPoint(kind="snn", label="", trial=Trial(correct=np.ones(SAMPLES, dtype=bool), pj=np.full(SAMPLES, 90.0)))
    chosen = compare_at_equal_accuracy([as_is, rival, snn])
    assert chosen.ratio == pytest.approx(0.9)
    assert chosen.interval == pytest.approx([0.9, 1.8])


def test_a_pair_has_one_ratio_and_one_interval():
    """What the sentence says of a pair, the table says of it, too."""
    rng = np.random.default_rng(3)
    grid = [
        GridPoint(
            kind=kind,
            label=label,
            trial=Trial(correct=rng.random(SAMPLES) < accuracy, pj=rng.normal(pj, pj / 10, SAMPLES)),
        )
        for kind, label, accuracy, pj in (
            ("ann", "", 0.95, 100.0),
            ("ann", "narrow", 0.94, 60.0),
            ("ann", "narrower", 0.9, 50.0),
            ("snn", "", 0.93, 90.0),
            ("snn", "short", 0.92, 70.0),
            ("snn", "shorter", 0.8, 30.0),
        )
    ]
    found = compare_at_equal_accuracy(grid)
    assert len({(m.snn, m.ann) for m in found.matches}) == len({m.ratio for m in found.matches}) == len(found.matches)
    [said] = [m for m in found.matches if m.ratio == found.ratio]
    assert said.interval == found.interval and said.accuracy == found.target
    assert found.interval[0] < found.interval[1]
    assert all(text in found.sentence for text in (said.snn, said.ann))


def test_the_sentence_tells_if_the_grid_ran_on_a_part_of_the_samples():
    """Else its accuracy contradicts the table above it."""
    grid = [point("ann", "", 196, 100.0), point("snn", "", 190, 90.0)]
    part = compare_at_equal_accuracy(grid, of_samples=SAMPLES + 1).sentence
    assert "at least the 95.0 % that both reach as given on the first 200 samples, the cheapest" in part
    for all_of_them in (SAMPLES, None):
        assert "reach as given, the cheapest" in compare_at_equal_accuracy(grid, of_samples=all_of_them).sentence


def test_a_match_of_equals_survives_rounding():
    thirds = [point("ann", "", 67, 10.0), point("snn", "", 67, 20.0)]
    assert compare_at_equal_accuracy(thirds).matches[0].ratio == pytest.approx(2.0)


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    write_networks(folder)
    paths = {"ann": folder / "a.onnx", "snn": folder / "s.nir"}
    data = load_data(f"npz:{folder / 'd.npz'}")
    options = ModelOptions(lanes=2, cols=2)
    both = {
        kind: prepare(path, data, replace(options, steps=None if kind == "ann" else 4)) for kind, path in paths.items()
    }
    return Trials(both, paths, data, dict.fromkeys(paths, options), load_technology("horowitz45"))


def test_grids_go_down_from_the_networks_as_they_are(trials):
    ann = list(ann_grid(trials.prepared["ann"], 3))
    assert len(ann) == 4 * 3
    assert ("", {}) in ann
    assert ("3-bit weights, 3-bit activations", {"weight_bits": 3, "act_bits": 3}) in ann
    snn = list(snn_grid(trials.prepared["snn"]))
    assert [given.get("steps", 4) for _, given in snn[:4]] == [2, 3, 4, 8]
    assert ("2 steps, 3-bit weights", {"weight_bits": 3, "steps": 2}) in snn
    given = SimpleNamespace(
        design=trials.prepared["snn"].design,
        network=SimpleNamespace(input=replace(trials.prepared["snn"].network.input, encoding=None)),
    )
    assert all("steps" not in change for _, change in snn_grid(given)), "data are spikes"


def test_a_grid_is_run_and_each_point_only_once(trials, monkeypatch):
    monkeypatch.setattr("tospike.compare.study.variations.iso_accuracy.WEIGHT_BITS", (4,))
    grid = run_grid(trials)
    assert {(p.kind, p.label) for p in grid} >= {("ann", ""), ("snn", ""), ("snn", "2 steps, 4-bit weights")}
    again = run_grid(trials)
    assert all(one.trial is other.trial for one, other in zip(grid, again, strict=True))
    cost = {(p.kind, p.label): p.trial.mean_pj for p in grid}
    assert cost["ann", "4-bit weights, 3-bit activations"] < cost["ann", ""]
    assert cost["snn", "2 steps, 8-bit weights"] < cost["snn", ""] < cost["snn", "8 steps, 8-bit weights"]
    found = compare_at_equal_accuracy(grid)
    assert (found.samples, found.technology) == (30, "horowitz45")
    assert trials.run("ann", {"weight_bits": 99}) is None, "no hardware has such weights"


def test_a_network_that_keeps_its_bits_is_no_narrower_one(trials, monkeypatch):
    """As one whose activations have trained quantisers, which options do not change."""
    kept = trials.prepared["ann"]
    for module in ("trial", "matched_qnn"):
        monkeypatch.setattr(f"tospike.compare.study.variations.{module}.prepare", lambda *_: kept)
    assert trials.run("ann", {"weight_bits": 5}) is None
    assert trials.run("ann", {"act_bits": 5}) is None
    assert trials.run("ann", {"act_bits": 8}) is not None
    with pytest.raises(InputError, match=r"a\.onnx was trained with 8-bit activations, which cannot become 3-bit ones"):
        matched_qnn_design(Path("a.onnx"), trials.prepared["snn"], None, ModelOptions(), None)
