"""The verdict, on cases made by hand."""

import copy

import numpy as np
import pytest

from tospike.compare.study.verdict import bootstrap_ratio, judge
from tospike.hw.params import InputError


def design(kind, *, accuracy=0.975, energy=1000.0, spread=0.0, cycles=400, lut4=1000, dsp=8):
    samples = energy + spread * np.random.default_rng(7 if kind == "ann" else 8).standard_normal(449)
    return {
        "name": f"test_{kind}",
        "kind": kind,
        "accuracy": {"float": 0.98, "golden": accuracy, "rtl": accuracy},
        "rtl_samples": 449,
        "mismatches": 0,
        "cycles": {"mean": cycles},
        "fpga": {"lut4": lut4, "carry": 100, "ff": 500, "bram": 4, "dsp": dsp, "fmax_mhz": 100.0},
        "latency_us": {"mean": cycles / 100},
        "energy_pj": {"model": "horowitz45", "total": float(samples.mean()), "samples": samples.tolist()},
    }


def test_the_ann_wins_on_energy():
    verdict = judge([design("ann"), design("snn", energy=3200, cycles=840, lut4=1300)], workload="digits")
    assert verdict["winner"] == "ann"
    assert verdict["sentence"] == (
        "On digits, do not spike: at comparable accuracy (ANN 97.5 %, SNN 97.5 %) the SNN needs 3.20 times the ANN's "
        "energy per inference (operation counts, horowitz45; 90 % interval 3.20 to 3.20 over inputs), 2.10 times its "
        "latency and 1.30 times its LUTs."
    )


def test_the_snn_wins_on_energy_whatever_the_order():
    verdict = judge([design("snn", energy=500, accuracy=0.97), design("ann")], workload="digits")
    assert verdict["winner"] == "snn"
    assert verdict["sentence"].startswith("On digits, spike: at comparable accuracy (ANN 97.5 %, SNN 97.0 %)")
    assert verdict["margins"]["energy"]["ratio"] == pytest.approx(0.5)


def counted(design, total, **technologies):
    design["counted_pj"] = {"technology": "horowitz45", "total": total, "technologies": technologies}
    return design


def test_counters_decide_where_both_designs_have_them():
    ann, snn = (
        counted(design("ann"), 2000.0, horowitz45=2000.0),
        counted(design("snn", energy=3200), 1000.0, horowitz45=1000.0),
    )
    verdict = judge([ann, snn], workload="digits")
    assert verdict["winner"] == "snn"
    assert "0.500 times the ANN's energy per inference (RTL counters, horowitz45)" in verdict["sentence"]
    del snn["counted_pj"]
    assert judge([ann, snn], workload="digits")["winner"] == "ann"


def test_a_winner_must_win_on_every_technology():
    ann = counted(design("ann"), 1000.0, horowitz45=1000.0, osu018=5000.0)
    for osu, winner in ((7000.0, "ann"), (4500.0, "tie")):
        snn = counted(design("snn"), 2000.0, horowitz45=2000.0, osu018=osu)
        verdict = judge([ann, snn], workload="digits")
        assert verdict["winner"] == winner
        assert f"; {min(osu / 5000, 2):.2f}" in verdict["sentence"].replace("0.900", "0.90")
        assert "over technologies" in verdict["sentence"]


def test_an_interval_that_holds_1_is_a_tie():
    verdict = judge([design("ann", spread=300), design("snn", energy=990, spread=300)], workload="digits")
    low, high = verdict["margins"]["energy"]["interval"]
    assert low < 1 < high
    assert verdict["winner"] == "tie"
    assert "energy does not decide" in verdict["sentence"]


def test_different_accuracies_are_not_compared():
    verdict = judge([design("ann"), design("snn", accuracy=0.95, energy=300)], workload="digits")
    assert verdict["winner"] == "undecided"
    assert verdict["reason"] == "accuracy"
    assert "2.5 points apart" in verdict["sentence"]
    assert "less accurate SNN is the one that needs less energy (the SNN needs 0." in verdict["sentence"]


def test_ahead_in_accuracy_and_energy_wins():
    verdict = judge([design("ann"), design("snn", accuracy=0.95, energy=3000)], workload="digits")
    assert verdict["winner"] == "ann"
    assert "with 2.5 points more accuracy as well" in verdict["sentence"]


def test_a_difference_of_exactly_the_tolerance_is_comparable():
    verdict = judge([design("ann", accuracy=0.98), design("snn", accuracy=0.97, energy=300)], workload="digits")
    assert verdict["winner"] == "snn"
    stricter = [design("ann", accuracy=0.98), design("snn", accuracy=0.97, energy=300)]
    assert judge(stricter, workload="digits", tolerance=0.005)["winner"] == "undecided"


def test_without_synthesis_latency_is_in_cycles_and_area_is_missing():
    ann, snn = design("ann"), design("snn", energy=3200, cycles=840)
    for each in (ann, snn):
        each["fpga"] = each["latency_us"] = None
    verdict = judge([ann, snn], workload="digits")
    assert verdict["winner"] == "ann"
    assert verdict["margins"]["area"] is None
    assert verdict["margins"]["latency"] == {"unit": "cycles", "ratio": pytest.approx(2.1)}
    assert "2.10 times its cycles (area was not measured)" in verdict["sentence"]


def test_without_energy_nothing_is_decided():
    ann, snn = design("ann"), design("snn")
    snn["energy_pj"] = None
    verdict = judge([ann, snn], workload="digits")
    assert (verdict["winner"], verdict["reason"]) == ("undecided", "evidence")
    assert "no energy for both designs" in verdict["sentence"]


def test_without_samples_there_is_no_interval():
    ann, snn = design("ann"), design("snn", energy=3200)
    del ann["energy_pj"]["samples"], snn["energy_pj"]["samples"]
    verdict = judge([ann, snn], workload="digits")
    assert verdict["winner"] == "ann"
    assert verdict["margins"]["energy"]["interval"] is None
    assert "interval" not in verdict["sentence"]


def test_a_mismatch_spoils_everything():
    ann, snn = design("ann"), design("snn", energy=3200)
    ann["mismatches"] = 3
    verdict = judge([ann, snn], workload="digits")
    assert verdict["winner"] == "undecided"
    assert "disagree on 3 outputs" in verdict["sentence"]


def test_accuracy_falls_back_to_golden_for_both():
    ann, snn = design("ann"), design("snn")
    snn["accuracy"] = {"float": 0.98, "golden": 0.96, "rtl": None}
    accuracy = judge([ann, snn], workload="digits")["margins"]["accuracy"]
    assert accuracy["basis"] == "golden"
    assert accuracy["snn"] == 0.96


def test_every_resource_has_its_own_ratio():
    area = judge([design("ann", dsp=8), design("snn", lut4=1500, dsp=0)], workload="digits")["margins"]["area"]
    assert area == {"lut4": 1.5, "carry": 1.0, "ff": 1.0, "bram": 1.0, "dsp": 0.0}
    assert judge([design("ann", dsp=0), design("snn")], workload="digits")["margins"]["area"]["dsp"] is None


def test_the_bootstrap_is_reproducible_and_covers_the_ratio():
    rng = np.random.default_rng(3)
    below = rng.uniform(1, 2, 400)
    above = 3 * below + rng.normal(0, 0.5, 400)
    low, high = bootstrap_ratio(above, below)
    assert low < above.mean() / below.mean() < high
    assert high - low < 0.2
    assert bootstrap_ratio(above, below) == [low, high]
    assert bootstrap_ratio(3 * below, below) == pytest.approx([3, 3])


def test_designs_are_left_as_they_were():
    designs = [design("ann"), design("snn")]
    before = copy.deepcopy(designs)
    judge(designs, workload="digits")
    assert designs == before


def test_a_kind_that_is_missing_is_named():
    with pytest.raises(InputError, match="needs one ANN and one SNN design, not ann"):
        judge([design("ann")], workload="digits")
    with pytest.raises(InputError, match="not nothing"):
        judge([], workload="digits")


def test_a_subset_in_rtl_does_not_decide():
    """All samples in the golden model say more than a few, even if those ran as Verilog."""
    ann, snn = design("ann", accuracy=0.98), design("snn", energy=300, accuracy=0.97)
    for side in (ann, snn):
        side |= {"cycles_samples": [1] * 449}
    assert judge([ann, snn], workload="digits")["margins"]["accuracy"]["basis"] == "rtl"
    snn |= {"rtl_samples": 448, "accuracy": {"float": 0.98, "golden": 0.96, "rtl": 1.0}}
    accuracy = judge([ann, snn], workload="digits")["margins"]["accuracy"]
    assert (accuracy["basis"], accuracy["snn"]) == ("golden", 0.96)
