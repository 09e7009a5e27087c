"""A whole comparison that searches both sides: what its report says of the candidates."""

import json
import shlex

import pytest
from support.command_line import tospike
from support.networks import write_networks

GIVEN = (
    "--ann a.onnx --ann a.onnx --snn s.nir --data npz:d.npz --weight-bits 8 --engine event --lanes 2 --steps 8 "
    "--technology osu018 --no-synth --rtl-samples 5 --no-sensitivity --finalists 2 --search-minutes 20 "
    "--search-samples 12 --out report"
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_networks(folder)
    result = tospike("compare", "mine", *GIVEN.split(), cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder, json.loads((folder / "report" / "report.json").read_text()), result.stdout


@pytest.mark.slow
def test_the_ratio_is_that_of_the_cheapest_eligible_candidates(compared):
    _, report, _ = compared
    best = {}
    for side in ("ann", "snn"):
        own = [each for each in report["candidates"] if each["side"] == side]
        best[side] = min((each for each in own if each["eligible"]), key=lambda each: each["energy_pj"])
        assert report["best"][side] == best[side]
        assert all(each["cost_model"] == "osu018" for each in own)
        # nothing on the front is dominated, everything else is
        for each in own:
            better = [o for o in own if o["accuracy"] >= each["accuracy"] and o["energy_pj"] <= each["energy_pj"]]
            strictly = [o for o in better if (o["accuracy"], o["energy_pj"]) != (each["accuracy"], each["energy_pj"])]
            assert each["on_front"] == (not strictly)
    assert report["verdict"]["ratio"] == best["snn"]["energy_pj"] / best["ann"]["energy_pj"]
    assert report["verdict"]["against"] == best["ann"]


@pytest.mark.slow
def test_the_designs_are_the_best_of_each_side_and_further_ones_are_controls(compared):
    folder, report, _ = compared
    assert [design["kind"] for design in report["designs"]] == ["ann", "snn"]
    for design in report["designs"]:
        best = report["best"][design["kind"]]
        assert design["counters_pj"]["total"] == pytest.approx(best["energy_pj"])
        assert design["accuracy"]["golden"] == pytest.approx(best["accuracy"])
        assert design["cycles"]["mean"] == pytest.approx(best["cycles"])
        assert (design["rtl_samples"], design["mismatches"]) == (5, 0)
    assert [design["kind"] for design in report["controls"]] == ["ann", "snn", "qnn"]
    assert {path.name for path in (folder / "report").iterdir() if path.is_dir()} == {"ann", "snn", "ann-2", "snn-2"}
    assert report["workload"]["samples"] == 18 and "is validation (12)" in report["workload"]["split"]


@pytest.mark.slow
def test_the_search_says_how_complete_it_was(compared):
    _, report, printed = compared
    said = report["search"]
    assert said["points"] == said["ran"] + said["pruned"] + said["over_budget"] + said["left"]
    assert said["ran"] == len(report["candidates"]) and said["objective"] == "energy"
    for side in ("ann", "snn"):
        own = [each for each in report["candidates"] if each["side"] == side]
        assert all(each["eligible"] for each in own if each["accuracy_bound"] > -said["margin"])
    (lower,) = {each["validation_accuracy"] for each in report["candidates"] if each["side"] == said["target_side"]} & {
        said["target"]
    }
    assert lower == said["target"] and said["margin"] == 0.02
    assert said["sentence"][:40] in " ".join(printed.split())
    # the same network twice: the first of equal designs is chosen
    assert {each["file"] for each in report["candidates"]} == {"a.onnx", "s.nir"}
    changed = {(each["act_bits"], each["steps"], each["code"]) for each in report["candidates"]}
    for each in report["candidates"]:
        as_given = (each["act_bits"], each["steps"], each["code"]) in ((8, None, None), (None, 8, "direct"))
        assert each["is_quantised_after_training"] != as_given
    assert len(changed) > 2


@pytest.mark.slow
def test_the_command_of_a_candidate_makes_it(compared):
    folder, report, _ = compared
    for side, best in report["best"].items():
        command = shlex.split(best["command"])
        assert command[:3] == ["tospike", "generate", "network"]
        result = tospike(*command[1:], cwd=folder)
        assert result.returncode == 0, result.stderr
        folders = (folder / place / side / "manifest.json" for place in ("build", "report"))
        made, known = (json.loads(manifest.read_text())["config_hash"] for manifest in folders)
        assert made == known


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--pair --ann a.onnx", "--pair compares one ANN and one SNN: give --ann and --snn once"),
        ("--fit ecp5-85k", "--fit chooses one design, and a search all: give --device instead, or --pair"),
        ("--device ecp5", "unknown device 'ecp5'"),
        ("--samples 1", "a search chooses and judges on different samples, but d has one: give --pair"),
        ("--rtl-samples 19", "samples must be from 1 to 18"),
        ("--dsp 0 --lut 9", "no ANN is within the budget: give a larger one"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path, given, message):
    write_networks(tmp_path)
    own = GIVEN.replace("--ann a.onnx --ann a.onnx", "--ann a.onnx").replace("--rtl-samples 5", "")
    result = tospike("compare", "mine", *own.split(), *given.split(), cwd=tmp_path)
    assert result.returncode == 2 and message in " ".join(result.stderr.split()), result.stderr
    assert "Traceback" not in result.stderr and not (tmp_path / "report" / "ann").exists()
