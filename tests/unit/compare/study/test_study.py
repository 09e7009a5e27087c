"""A whole comparison of two small networks of the user's own."""

import json
import subprocess
import sys

import pytest
from support.networks import write_networks
from support.paths import TESTS

from tospike.compare.energy.technology import shipped

OPTIONS = "--pair --lanes 2 --cols 2 --rtl-samples 10 --no-sensitivity --no-iso-accuracy"


def compare(folder, options):
    write_networks(folder)
    command = f"compare mine --ann a.onnx --snn s.nir --data npz:d.npz --out report {options}"
    result = subprocess.run(
        [sys.executable, "-m", "tospike", *command.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert result.returncode == 0, result.stderr
    return folder / "report", result.stdout


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("study"), OPTIONS)


def test_report_has_the_promised_keys(compared):
    report = json.loads((compared[0] / "report.json").read_text())
    assert report["workload"]["name"] == "mine"
    verdict = report["verdict"]
    assert verdict["decision"] in ("spike", "do not spike", "tie", "undecided")
    assert verdict["against"] == report["best"]["ann"] and verdict["judged"] == report["best"]["snn"]
    assert [each["side"] for each in report["candidates"]] == ["ann", "snn"]
    assert verdict["ratio"] == report["best"]["snn"]["energy_pj"] / report["best"]["ann"]["energy_pj"]
    assert verdict["interval_over"] == ["inputs"] and "for this pair of networks" in verdict["sentence"]
    assert verdict["platforms"]["asic"]["decision"] == verdict["decision"]
    assert [design["kind"] for design in report["designs"]] == ["ann", "snn"]
    for design in report["designs"]:
        assert set(design["accuracy"]) == {"float", "golden", "golden_as_rtl", "rtl"}
        assert design["accuracy"]["golden_as_rtl"] == design["accuracy"]["rtl"]
        assert design["rtl_samples"] == 10
        assert design["mismatches"] == 0
        assert set(design["cycles"]) == {"mean", "p5", "p50", "p95"}
        assert {"target", "lut4", "carry", "ff", "bram", "dsp", "fmax_mhz"} <= set(design["fpga"])
        assert design["fpga"]["lut4"] > 100
        assert design["latency_us"]["mean"] == pytest.approx(
            design["cycles"]["mean"] / design["fpga"]["fmax_mhz"], rel=1e-3
        )
        assert design["energy_pj"]["total"] > 0
        assert design["operations"]
        counted = design["counters_pj"]
        assert set(counted["technologies"]) == set(shipped())
        assert {counted["platforms"][name] for name in ("ecp5", "ice40")} == {"fpga"}
        for name, pj in counted["technologies"].items():
            assert counted["dynamic_pj"][name] + counted["static_pj"][name] == pytest.approx(pj)
        assert counted["technologies"]["horowitz45"] == counted["total"]
        assert sum(counted["parts"].values()) == pytest.approx(counted["total"])
        # the first ten samples ran in RTL: what its counters cost is what the golden model's cost
        assert counted["rtl"] == pytest.approx(sum(counted["samples"][:10]) / 10, rel=1e-6)
        assert sum(row["counters"] for row in design["levels"]) == pytest.approx(counted["total"])
        assert sum(row["counts"] for row in design["levels"]) == pytest.approx(design["energy_pj"]["total"])
    ann, snn = report["designs"]
    assert ann["accuracy"]["float"] == 1.0
    assert ann["operations"]["mac"] == 6 * 5 + 5 * 3
    assert snn["operations"]["mac"] > 0, "direct encoding makes the first layer one of multiplications"
    assert snn["operations"]["sop"] > 0
    assert 0 < report["activity"]["spikes_per_activation"] < 8
    assert report["verdict"]["level"] == "counters"
    assert report["break_even"]["n"] == report["activity"]["spikes_per_activation"]
    assert set(report["break_even"]["n_star"]) == set(shipped())
    assert "sensitivity" not in report
    assert "iso_accuracy" not in report
    (qnn,) = report["controls"]
    assert qnn["kind"] == "qnn"
    assert qnn["operations"]["mac"] == ann["operations"]["mac"]
    assert qnn["counters_pj"]["total"] < ann["counters_pj"]["total"], "narrower activations"
    assert report["matched_qnn"]["bits"] == report["matched_qnn"]["steps"].bit_length()
    assert report["matched_qnn"]["ratio"] == pytest.approx(snn["counters_pj"]["total"] / qnn["counters_pj"]["total"])


def agrees(found, recorded, path="report"):
    """Whether everything on record is there: numbers but for their last digits."""
    if isinstance(recorded, dict):
        assert set(recorded) <= set(found), path
        return all(agrees(found[key], value, f"{path}.{key}") for key, value in recorded.items())
    if isinstance(recorded, list):
        assert len(found) == len(recorded), path
        return all(agrees(*pair, f"{path}[{n}]") for n, pair in enumerate(zip(found, recorded, strict=True)))
    assert found == (pytest.approx(recorded, rel=1e-9) if isinstance(recorded, float) else recorded), path
    return True


def test_keys_and_figures_are_those_on_record(compared):
    """As they were when the report was a dict of dicts; without what depends on place and route."""
    recorded = json.loads((TESTS / "recorded" / "study.json").read_text())
    report = json.loads((compared[0] / "report.json").read_text())
    assert agrees(report, recorded)
    for design, known in zip(report["designs"], recorded["designs"], strict=True):
        assert set(design) == {*known, "fpga", "interval", "latency_us"}


def test_terminal_shows_table_verdict_and_path(compared):
    folder, printed = compared
    report = json.loads((folder / "report.json").read_text())
    assert report["verdict"]["sentence"][:40] in " ".join(printed.split())
    assert printed.rstrip().endswith("report: report/report.html")
    assert "SNN / ANN" in printed


def test_designs_are_left_ready_to_use(compared):
    for kind in ("ann", "snn"):
        manifest = json.loads((compared[0] / kind / "manifest.json").read_text())
        assert manifest["kind"] == "network"
        assert (compared[0] / kind / "generic" / f"{manifest['top']}.v").is_file()


def test_without_synthesis_there_is_no_time_and_no_area(compared, tmp_path):
    folder, printed = compare(tmp_path, f"{OPTIONS} --no-synth --samples 20")
    report = json.loads((folder / "report.json").read_text())
    whole = json.loads((compared[0] / "report.json").read_text())
    for design, other in zip(report["designs"], whole["designs"], strict=True):
        assert design["fpga"] is design["latency_us"] is None
        assert design["cycles_samples"] == other["cycles_samples"][:20]
        assert design["rtl_samples"] == 10 and design["mismatches"] == 0
    assert "its cycles (area was not measured)" in " ".join(printed.split())
    assert "after routing" not in (folder / "report.html").read_text()
    assert report["workload"]["samples"] == 20 and "only the first 20 of 30" in report["workload"]["split"]
