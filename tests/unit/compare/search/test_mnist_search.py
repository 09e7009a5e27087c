"""The search of MNIST's fully connected networks: the ANN that skips zeros is among the candidates."""

import json
import subprocess
import sys

import pytest
from support.paths import SHARED

MNIST = SHARED / "data" / "mnist"


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="needs MNIST's files in the folder of shared data")
def test_the_event_ann_is_a_candidate_and_the_cheapest_ann_is_judged(tmp_path):
    given = "--no-synth --no-sensitivity --no-matched-qnn --rtl-samples 1 --finalists 1 --search-minutes 2"
    command = [sys.executable, "-m", "tospike", "compare", "mnist-mlp", "--data", f"mnist:{MNIST}", *given.split()]
    command += ["--samples", "2000"]
    result = subprocess.run([*command, "--out", "out"], cwd=tmp_path, capture_output=True, text=True, timeout=1500)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    anns = [each for each in report["candidates"] if each["side"] == "ann"]
    assert "event" in {each["engine"] for each in anns}
    cheapest = min((each for each in anns if each["eligible"]), key=lambda each: each["energy_pj"])
    assert report["best"]["ann"] == cheapest
    assert report["designs"][0]["counters_pj"]["total"] == pytest.approx(cheapest["energy_pj"])
    snn = report["best"]["snn"]
    assert report["verdict"]["ratio"] == snn["energy_pj"] / cheapest["energy_pj"]
