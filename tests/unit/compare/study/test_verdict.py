"""The verdict, on cases made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from support import reports

from tospike.compare.report.area import CellArea
from tospike.compare.report.design import Accuracy, Distribution
from tospike.compare.report.verdict import CellMargin, FpgaMargin, LatencyMargin
from tospike.compare.study.verdict import bootstrap_ratio, judge
from tospike.hw.params import InputError


def design(kind, *, accuracy=0.975, energy=1000.0, spread=0.0, cycles=400, lut4=1000, dsp=8, **technologies):
    samples = energy + spread * np.random.default_rng(7 if kind == "ann" else 8).standard_normal(449)
    return reports.design(
        kind,
        accuracy=Accuracy(of_float=0.98, golden=accuracy, rtl=accuracy),
        fpga=reports.area("engine", lut4=lut4, carry=100, ff=500, bram=4, dsp=dsp),
        latency_us=always(cycles / 100),
        counters_pj=reports.counter_energy(samples, **technologies),
    )


def always(value):
    return Distribution(mean=value, p5=value, p50=value, p95=value)


def test_the_ann_wins_on_energy():
    verdict = judge([design("ann"), design("snn", energy=3200, cycles=840, lut4=1300)], workload="digits")
    assert verdict.winner == "ann"
    assert verdict.sentence == (
        "On digits, do not spike: at comparable accuracy (ANN 97.5 %, SNN 97.5 %) the SNN needs 3.20 times the ANN's "
        "energy per inference (RTL counters, horowitz45; 90 % interval 3.20 to 3.20 over inputs), 2.10 times its "
        "latency and 1.30 times its LUTs."
    )


def test_the_snn_wins_on_energy_whatever_the_order():
    verdict = judge([design("snn", energy=500, accuracy=0.97), design("ann")], workload="digits")
    assert verdict.winner == "snn"
    assert verdict.sentence.startswith("On digits, spike: at comparable accuracy (ANN 97.5 %, SNN 97.0 %)")
    assert verdict.margins.energy.ratio == pytest.approx(0.5)


def test_a_winner_must_win_on_every_technology():
    ann = design("ann", energy=1000, osu018=5)
    for osu, winner in ((3.5, "ann"), (2.25, "tie")):
        verdict = judge([ann, design("snn", energy=2000, osu018=osu)], workload="digits")
        assert verdict.winner == winner
        assert f"; {min(2 * osu / 5, 2):.2f}" in verdict.sentence.replace("0.900", "0.90")
        assert "over technologies" in verdict.sentence


def test_an_interval_that_holds_1_is_a_tie():
    verdict = judge([design("ann", spread=300), design("snn", energy=990, spread=300)], workload="digits")
    low, high = verdict.margins.energy.interval
    assert low < 1 < high
    assert verdict.winner == "tie"
    assert "energy does not decide" in verdict.sentence


def test_different_accuracies_are_not_compared():
    verdict = judge([design("ann"), design("snn", accuracy=0.95, energy=300)], workload="digits")
    assert verdict.winner == "undecided"
    assert verdict.reason == "accuracy"
    assert "2.5 points apart" in verdict.sentence
    assert "less accurate SNN is the one that needs less energy (the SNN needs 0." in verdict.sentence


def test_ahead_in_accuracy_and_energy_wins():
    verdict = judge([design("ann"), design("snn", accuracy=0.95, energy=3000)], workload="digits")
    assert verdict.winner == "ann"
    assert "with 2.5 points more accuracy as well" in verdict.sentence


def test_a_difference_of_exactly_the_tolerance_is_comparable():
    verdict = judge([design("ann", accuracy=0.98), design("snn", accuracy=0.97, energy=300)], workload="digits")
    assert verdict.winner == "snn"
    stricter = [design("ann", accuracy=0.98), design("snn", accuracy=0.97, energy=300)]
    assert judge(stricter, workload="digits", tolerance=0.005).winner == "undecided"


def test_without_synthesis_latency_is_in_cycles_and_area_is_missing():
    ann, snn = (
        replace(design(kind, energy=energy), fpga=None, latency_us=None, cycles=always(cycles))
        for kind, energy, cycles in (("ann", 1000, 400), ("snn", 3200, 840))
    )
    verdict = judge([ann, snn], workload="digits")
    assert verdict.winner == "ann"
    assert verdict.margins.area is None
    assert verdict.margins.latency == LatencyMargin(unit="cycles", ratio=pytest.approx(2.1))
    assert "2.10 times its cycles (area was not measured)" in verdict.sentence


def test_a_single_sample_has_no_interval():
    ann, snn = (
        replace(design(kind), counters_pj=reports.counter_energy([pj])) for kind, pj in (("ann", 1000), ("snn", 3200))
    )
    verdict = judge([ann, snn], workload="digits")
    assert verdict.winner == "ann"
    assert verdict.margins.energy.interval is verdict.margins.energy.per_sample is None
    assert "interval" not in verdict.sentence


def test_a_mismatch_spoils_everything():
    verdict = judge([replace(design("ann"), mismatches=3), design("snn", energy=3200)], workload="digits")
    assert (verdict.winner, verdict.reason) == ("undecided", "evidence")
    assert "disagree on 3 outputs" in verdict.sentence


def test_accuracy_falls_back_to_golden_for_both():
    snn = replace(design("snn"), accuracy=Accuracy(of_float=0.98, golden=0.96, rtl=None))
    accuracy = judge([design("ann"), snn], workload="digits").margins.accuracy
    assert (accuracy.basis, accuracy.snn) == ("golden", 0.96)


def test_every_resource_has_its_own_ratio():
    found = judge([design("ann", dsp=8), design("snn", lut4=1500, dsp=0)], workload="digits").margins.area
    assert found == FpgaMargin(lut4=1.5, carry=1.0, ff=1.0, bram=1.0, dsp=0.0)
    assert judge([design("ann", dsp=0), design("snn")], workload="digits").margins.area.dsp is None


def test_standard_cells_are_compared_by_their_area():
    """A study with --target LIBRARY.lib: there are no LUTs, and nothing was routed."""
    ann, snn = (
        replace(
            design(kind),
            fpga=CellArea(target="tiny.lib", area=area, cells=9, ff=5, memory_bits=0, engines={}, tools={}),
            latency_us=None,
        )
        for kind, area in (("ann", 100.0), ("snn", 150.0))
    )
    verdict = judge([ann, snn], workload="digits")
    assert verdict.margins.area == CellMargin(area=1.5, ff=1.0, memory_bits=None)
    assert verdict.margins.latency.unit == "cycles"
    assert verdict.sentence.endswith("times its cycles and 1.50 times its cells' area.")


def test_the_bootstrap_is_reproducible_and_covers_the_ratio():
    rng = np.random.default_rng(3)
    below = rng.uniform(1, 2, 400)
    above = 3 * below + rng.normal(0, 0.5, 400)
    low, high = bootstrap_ratio(above, below)
    assert low < above.mean() / below.mean() < high
    assert high - low < 0.2
    assert bootstrap_ratio(above, below) == (low, high)
    assert bootstrap_ratio(3 * below, below) == pytest.approx([3, 3])


def test_a_kind_that_is_missing_is_named():
    with pytest.raises(InputError, match="needs one ANN and one SNN design, not ann"):
        judge([design("ann")], workload="digits")
    with pytest.raises(InputError, match="not nothing"):
        judge([], workload="digits")


def test_a_subset_in_rtl_does_not_decide():
    """All samples in the golden model say more than a few, even if those ran as Verilog."""
    ann, snn = design("ann", accuracy=0.98), design("snn", energy=300, accuracy=0.97)
    assert judge([ann, snn], workload="digits").margins.accuracy.basis == "rtl"
    snn = replace(snn, rtl_samples=448, accuracy=Accuracy(of_float=0.98, golden=0.96, rtl=1.0))
    accuracy = judge([ann, snn], workload="digits").margins.accuracy
    assert (accuracy.basis, accuracy.snn) == ("golden", 0.96)
