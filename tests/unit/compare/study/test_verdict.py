"""The verdict, on cases made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support import reports
from support.reports import verdict_of

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.energy.technology import Platform
from tospike.compare.report.area import CellArea
from tospike.compare.report.design import Accuracy, Distribution
from tospike.compare.report.sentence import fpga_sentence
from tospike.compare.study import verdict as judging
from tospike.compare.study.judged import counter_ratios
from tospike.compare.verdict.level_error import level_error, measured_pairs

ERROR = 0.1


@pytest.fixture(autouse=True)
def level_errors(monkeypatch):
    """Errors of the counters that do not depend on what was measured."""
    monkeypatch.setattr(judging, "level_error", lambda states: ERROR if states == "registers" else 0.0)


def design(kind, *, accuracy=0.975, energy=1000.0, spread=0.0, cycles=400, lut4=1000, dsp=8, **technologies):
    samples = energy + spread * np.random.default_rng(7 if kind == "ann" else 8).standard_normal(449)
    return reports.design(
        kind,
        accuracy=Accuracy(of_float=0.98, golden=accuracy, rtl=accuracy),
        correct_samples=reports.answers(accuracy),
        fpga=reports.area("engine", lut4=lut4, carry=100, ff=500, bram=4, dsp=dsp),
        latency_us=always(cycles / 100),
        counters_pj=reports.counter_energy(samples, **technologies),
    )


def always(value):
    return Distribution(mean=value, p5=value, p50=value, p95=value)


def test_do_not_spike():
    verdict = verdict_of(design("ann"), design("snn", energy=3200, cycles=840, lut4=1300))
    assert verdict.decision == "do not spike" and verdict.ratio == pytest.approx(3.2)
    assert verdict.sentence == (
        "On digits, do not spike: at comparable accuracy (ANN 97.6 %, SNN 97.6 %) the SNN needs 3.20 times the ANN's "
        "energy per inference (RTL counters, horowitz45; 2.90 to 3.54 over inputs and the error of RTL counters), 2.10 "
        "times its latency and 1.30 times its LUTs, for this pair of networks."
    )
    assert verdict.flips.startswith("It would turn if the SNN took 0.345 times its energy")
    assert verdict.interval == pytest.approx((3.2 * math.exp(-ERROR), 3.2 * math.exp(ERROR)))


def test_spike():
    verdict = verdict_of(design("ann"), design("snn", energy=500))
    assert verdict.decision == "spike" and verdict.ratio == pytest.approx(0.5)
    assert verdict.sentence.startswith("On digits, spike: at comparable accuracy (ANN 97.6 %, SNN 97.6 %)")


@pytest.mark.parametrize(("osu", "decision"), [(3.5, "do not spike"), (2.25, "undecided")])
def test_every_cost_model_counts(osu, decision):
    verdict = verdict_of(design("ann", osu018=5), design("snn", energy=2000, osu018=osu))
    assert verdict.decision == decision
    assert verdict.by_technology == pytest.approx({"horowitz45": 2, "osu018": 2 * osu / 5})
    assert list(verdict.intervals) == list(verdict.by_technology)
    assert "over inputs, cost models and the error of RTL counters" in verdict.sentence
    if decision == "undecided":
        assert verdict.split.axis == "cost model" and (verdict.split.low, verdict.split.high) == pytest.approx((0.9, 2))
        assert verdict.flips == "It hangs on the cost model: the ratio is 0.9 at one end of it and 2 at the other."


def test_a_tie_needs_a_small_error():
    ann, snn = design("ann", spread=30), design("snn", spread=30)
    verdict = verdict_of(ann, snn, place="memory")
    assert verdict.decision == "tie" and verdict.level_error == 0
    assert "On digits, a tie: at comparable accuracy" in verdict.sentence and "error" not in verdict.sentence
    verdict = verdict_of(ann, snn)
    assert verdict.decision == "undecided" and verdict.split.axis == "level error"


@pytest.mark.parametrize(("energy", "decision"), [(1500.0, "undecided"), (500.0, "spike")])
def test_a_cheaper_side_that_may_be_less_accurate_must_also_win_with_one_that_is_as_accurate(energy, decision):
    others = [
        reports.candidate("snn", accuracy=accuracy, technologies={"horowitz45": energy + 1000 * more})
        for accuracy, more in ((0.98, 0), (0.99, 1), (0.97, -1))
    ]
    verdict = verdict_of(design("ann"), design("snn", accuracy=0.95, energy=300), *others)
    assert verdict.decision == decision and verdict.ratio == pytest.approx(0.3)
    assert verdict.interval == pytest.approx((0.3 * math.exp(-ERROR), energy / 1000 * math.exp(ERROR)))
    assert not verdict.accuracy.comparable and verdict.accuracy.bound < -0.02
    assert (
        "the SNN needs less energy but may be up to 4.0 points less accurate, more than 2 (ANN 97.6 %, SNN 95.1 %), so "
        "the interval includes one that is as accurate; the SNN needs 0.300 times" in verdict.sentence
    )
    assert "over inputs, accuracy and the error of RTL counters" in verdict.sentence
    if decision == "undecided":
        assert verdict.split.axis == "accuracy" and (verdict.split.low, verdict.split.high) == pytest.approx((0.3, 1.5))


def test_each_cost_model_has_its_own_cheapest_design_that_is_as_accurate():
    others = [
        reports.candidate("snn", accuracy=0.98, technologies={"horowitz45": 500.0, "osu018": 9000.0}),
        reports.candidate("snn", accuracy=0.98, technologies={"horowitz45": 800.0, "osu018": 4000.0}),
    ]
    verdict = verdict_of(design("ann", osu018=5), design("snn", accuracy=0.95, energy=300, osu018=5), *others)
    assert verdict.decision == "spike"
    assert verdict.interval == pytest.approx((0.3 * math.exp(-ERROR), 0.8 * math.exp(ERROR)))


def test_without_an_accurate_design_nothing_is_decided():
    verdict = verdict_of(design("ann"), design("snn", accuracy=0.95, energy=300))
    assert verdict.decision == "undecided" and verdict.split.axis == "accuracy"
    assert verdict.flips == "It hangs on the accuracy: no SNN here is as accurate as the other side."


def test_a_cheaper_and_more_accurate_side_needs_no_proof():
    verdict = verdict_of(design("ann"), design("snn", accuracy=0.95, energy=3000))
    assert verdict.decision == "do not spike" and verdict.accuracy.comparable
    assert "with 2.4 points more accuracy as well" in verdict.sentence


def test_swapping_the_sides_inverts_ratio_interval_and_decision():
    low, high = design("ann", energy=400, spread=100), design("snn", energy=1000, spread=30)
    one = verdict_of(low, high)
    other = verdict_of(replace(high, kind="ann"), replace(low, kind="snn"))
    assert (one.decision, other.decision) == ("do not spike", "spike")
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.interval == pytest.approx([1 / end for end in reversed(one.interval)])


def test_gates_decide_where_they_ran():
    ann, snn = (replace(design(kind), gates_pj=reports.gates(kind)) for kind in ("ann", "snn"))
    verdict = verdict_of(ann, snn)
    assert verdict.level is Level.GATES and verdict.level_error == 0
    assert list(verdict.intervals) == ["osu018, library delays", "osu018, zero delays"]
    assert verdict.ratio == pytest.approx(2) == verdict.by_level[Level.GATES]
    assert verdict.by_level[Level.COUNTERS] == pytest.approx(1)
    assert "(gates, osu018, library delays;" in verdict.sentence
    few = replace(reports.gates("snn"), delays={DelayModel.ZERO: reports.gates("snn").delays[DelayModel.ZERO]})
    only = verdict_of(
        replace(
            ann,
            gates_pj=replace(
                reports.gates("ann"), delays={DelayModel.ZERO: reports.gates("ann").delays[DelayModel.ZERO]}
            ),
        ),
        replace(snn, gates_pj=few),
    )
    assert list(only.intervals) == ["osu018, zero delays"]


@pytest.mark.parametrize("energy", [1500.0, 200.0])
def test_in_gates_a_more_accurate_candidate_changes_the_ratio_by_its_counters(energy):
    """Candidates have no gates: what one of them costs more, or less, is known by counters only."""
    cheap, exact, snn = (
        replace(design(kind, **given), gates_pj=reports.gates(kind))
        for kind, given in (("ann", {"accuracy": 0.95, "energy": 300}), ("ann", {}), ("snn", {}))
    )
    other = reports.candidate("ann", accuracy=0.98, technologies={"horowitz45": energy})
    found, comparable = verdict_of(cheap, snn, other), verdict_of(exact, snn)
    assert found.ratio == comparable.ratio == pytest.approx(2) and not found.accuracy.comparable
    low, high = comparable.interval
    assert found.interval == pytest.approx((low * min(1, 300 / energy), high * max(1, 300 / energy)))


def test_uncertain_prices_move_the_ratio_of_all_seeds_as_that_of_the_measured_one():
    def with_corners(found, *factors):
        counted, pj = found.counters_pj, found.counters_pj.total
        corners = {"horowitz45": tuple(factor * pj for factor in factors)}
        given = {"dynamic_pj": {"horowitz45": pj}, "static_pj": {"horowitz45": 0.0}}
        counted = replace(counted, **given, corner_pj=corners, corner_dynamic_pj=corners)
        return replace(found, counters_pj=counted, cycles_samples=(100,) * 449)

    ann, snn = with_corners(design("ann"), 1, 1), with_corners(design("snn", energy=2000), 0.5, 3)
    runs = {"ann": ((ann,),), "snn": ((snn,), (with_corners(design("snn", energy=8000)),))}
    found = counter_ratios(replace(reports.judged(ann, snn), platform=Platform.FPGA, runs=runs))
    assert list(found) == ["horowitz45", "horowitz45, dynamic"]
    for ratio in found.values():
        assert ratio.ratio == pytest.approx(5) and ratio.prices == pytest.approx((math.log(0.5), math.log(3)))


def on_fpga(kind, *, dynamic, static):
    """A design whose dynamic energy may be half or twice as much."""
    found = design(kind, energy=dynamic + static)
    counted = replace(
        found.counters_pj,
        technologies={"horowitz45": 1000.0, "ecp5": dynamic + static},
        technology_samples={"horowitz45": (1000.0,) * 449, "ecp5": (dynamic + static,) * 449},
        dynamic_pj={"horowitz45": 1000.0, "ecp5": dynamic},
        static_pj={"horowitz45": 0.0, "ecp5": static},
        corner_pj={"ecp5": tuple(factor * dynamic + static for factor in (0.5, 2.0))},
        corner_dynamic_pj={"ecp5": (0.5 * dynamic, 2.0 * dynamic)},
    )
    return replace(found, counters_pj=counted, cycles_samples=(100,) * 449)


def judged_on_both(ann, snn):
    asic = replace(reports.judged(ann, snn), technologies=("horowitz45",))
    return judging.judge("digits", [asic, replace(asic, platform=Platform.FPGA, technologies=("ecp5",))])


def test_an_fpga_is_undecided_where_static_power_turns_the_ratio():
    verdict = judged_on_both(on_fpga("ann", dynamic=100, static=1000), on_fpga("snn", dynamic=50, static=2000))
    fpga = verdict.platforms.fpga
    assert verdict.platforms.asic.ratio == verdict.ratio == 1
    assert fpga.by_technology == pytest.approx({"ecp5": 2050 / 1100, "ecp5, dynamic": 0.5})
    assert fpga.decision == "undecided" and fpga.split.axis == "cost model"
    assert fpga.intervals["ecp5"] == pytest.approx((2100 / 1200, 2025 / 1050)), "the ends of the prices"
    assert fpga.intervals["ecp5, dynamic"] == pytest.approx((0.5, 0.5)), "a factor of both"
    assert fpga_sentence(fpga, {}).startswith(
        "On an FPGA, undecided on the cost model: ecp5 1.86, ecp5 without static power 0.500; 0.452 to 2.13 over all"
    )


def test_an_fpga_decides_where_all_agree():
    verdict = judged_on_both(on_fpga("ann", dynamic=100, static=1000), on_fpga("snn", dynamic=300, static=3000))
    assert verdict.platforms.fpga.decision == "do not spike" and verdict.decision == "undecided"


def test_without_synthesis_latency_is_in_cycles_and_area_is_missing():
    ann, snn = (
        replace(design(kind, energy=energy), fpga=None, latency_us=None, cycles=always(cycles))
        for kind, energy, cycles in (("ann", 1000, 400), ("snn", 3200, 840))
    )
    assert "2.10 times its cycles (area was not measured)" in verdict_of(ann, snn).sentence


def test_a_single_sample_has_a_ratio():
    ann, snn = (
        replace(design(kind), counters_pj=reports.counter_energy([pj])) for kind, pj in (("ann", 1000), ("snn", 3200))
    )
    verdict = verdict_of(ann, snn, place="memory")
    assert verdict.decision == "do not spike"
    assert verdict.interval == pytest.approx((3.2, 3.2))


def test_a_mismatch_spoils_everything():
    verdict = verdict_of(replace(design("ann"), mismatches=3), design("snn", energy=3200))
    assert verdict.decision == "undecided" and verdict.split is None
    assert "disagree on 3 outputs" in verdict.sentence


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
    assert "times its cycles and 1.50 times its cells' area" in verdict_of(ann, snn).sentence


def test_the_error_of_a_level_is_the_largest_of_its_place():
    for states in ("registers", "memory"):
        own = [pair for pair in measured_pairs() if pair.states == states]
        assert own and level_error(states) == max(pair.error for pair in own)
    assert level_error("mixed") == level_error(None) == max(pair.error for pair in measured_pairs())
    assert all(pair.command.startswith("tospike compare") for pair in measured_pairs())
