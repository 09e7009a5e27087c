"""Break-even surfaces, where a network lies, and which single change flips a verdict."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.command_line import tospike
from support.counters import DELAYS, golden
from support.energy import ANN, SNN
from support.networks import write_networks

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.place import spike_break_even
from tospike.compare.energy.technology import load_technology
from tospike.compare.study.engines import option_changes
from tospike.compare.study.variations.sensitivity import Variant, matched_qnn_change, placed_states, rank, variants
from tospike.compare.study.variations.trial import Trials
from tospike.compare.sweep.measure import measure
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import PointResult, SideResult
from tospike.compare.sweep.surface import RATES, crossing, surface, with_rates
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import Encoding

HOROWITZ = load_technology("horowitz45")


@pytest.mark.parametrize(
    ("level", "x"), [(0.5, 0.0), (1.0, 0.0), (2.0, 0.5), (3.0, 1.0), (3.5, 2.0), (4.0, 3.0), (4.5, None)]
)
def test_a_curve_meets_a_level(level, x):
    assert crossing([(0.0, 1.0), (1.0, 3.0), (3.0, 4.0)], level) == x


def test_the_surface_meets_the_measured_energies():
    """At n* the SNN needs as much as the ANN: measured there again."""
    point = Point(inputs=20, outputs=8, steps=3, lanes=2, cols=2, samples=64)
    (found,) = surface([measure(p) for p in with_rates([point])], [point])
    assert found.n_max == pytest.approx(3 / 0.5, rel=0.1)
    assert 0 < found.n_star < found.n_max
    there = measure(replace(point, spike_rate=found.n_star * point.density / point.steps))
    assert there.snn.pj == pytest.approx(there.ann.pj, rel=0.05)


def test_a_side_that_always_wins():
    point = Point(inputs=4, outputs=2)

    def results(ann, snn):
        sides = (SideResult(pj=pj, parts={}, cycles=1.0, area_um2=1.0) for pj in (ann, snn))
        both = dict(zip(("ann", "snn"), sides, strict=True))
        return [PointResult(point=point, n=rate, **both) for rate in RATES]

    assert surface(results(1.0, 2.0), [point])[0].n_star == 0
    assert surface(results(2.0, 1.0), [point])[0].n_star is None


def test_both_published_outcomes_by_reuse_and_state_alone():
    """The same layer, the same activity: only the array's rows and the place of the membranes move."""
    task = Point(spike_rate=0.1)
    spikes_win = measure(replace(task, rows=1, state=StatePlacement.REGISTER))
    ann_wins = measure(replace(task, rows=4, state=StatePlacement.MEMORY))
    assert spikes_win.n == pytest.approx(ann_wins.n, rel=0.05)
    assert spikes_win.snn.pj < 0.8 * spikes_win.ann.pj
    assert ann_wins.snn.pj > ann_wins.ann.pj


# ------------------------------------------------------------------------------------------ where a network lies


def test_at_break_even_the_scaled_counters_cost_as_much():
    """A target that is the energy itself is met by factor 1; that of no spikes by 0; linear between."""
    _, _, result = golden(SNN)
    now = counter_energy(HOROWITZ, SNN, result.counters, result.cycles).total.mean()
    found = [spike_break_even(HOROWITZ, SNN, result.counters, result.cycles, ann_pj=pj) for pj in (0.0, now, 2 * now)]
    assert found[0] == 0
    assert found[1] == pytest.approx(1)
    least = (found[1] * 2 * now - found[2] * now) / (found[1] - found[2])
    assert 0 < least < now, "what no spike can save"
    assert spike_break_even(HOROWITZ, SNN, result.counters, result.cycles, ann_pj=least) == pytest.approx(0, abs=1e-9)


def test_spikes_that_are_left_out_are_not_delayed_either():
    _, _, result = golden(DELAYS)
    now = counter_energy(HOROWITZ, DELAYS, result.counters, result.cycles).total.mean()
    assert spike_break_even(HOROWITZ, DELAYS, result.counters, result.cycles, ann_pj=now) == pytest.approx(1)
    delayed = ("3.values", "3.scanned", "3.sent")
    idle = {name: 0 * count if name in delayed else count for name, count in result.counters.items()}
    least = counter_energy(HOROWITZ, DELAYS, idle, result.cycles).total.mean()
    with_delays, without = (
        spike_break_even(HOROWITZ, DELAYS, counters, result.cycles, ann_pj=least)
        for counters in (result.counters, idle)
    )
    assert with_delays < without == pytest.approx(1)


def test_without_spikes_there_is_no_break_even():
    _, _, result = golden(ANN)
    assert spike_break_even(HOROWITZ, ANN, result.counters, result.cycles, ann_pj=1.0) is None


# -------------------------------------------------------------------------------------------------- sensitivity


def prepared(params, steps=5, encoding=Encoding.DIRECT):
    spec = SimpleNamespace(steps=steps, encoding=encoding)
    return SimpleNamespace(design=SimpleNamespace(params=params), network=SimpleNamespace(input=spec))


def test_changes_that_a_network_allows():
    wide = replace(ANN.engines[0].array, weight_bits=8)
    ann = prepared(replace(ANN, engines=(replace(ANN.engines[0], array=wide),)))
    assert dict(option_changes(ann)) == {
        "ANN: 4-bit weights": {"weight_bits": 4},
        "ANN: 6-bit weights": {"weight_bits": 6},
        "ANN: 2 columns": {"cols": 2},
        "ANN: 8 columns": {"cols": 8},
        "ANN: 2 rows": {"rows": 2},
    }
    snn = dict(option_changes(prepared(SNN)))
    assert {"SNN: 2 lanes", "SNN: 8 lanes", "SNN: 2 time steps", "SNN: 10 time steps"} == set(snn)
    assert not any("steps" in name for name, _ in option_changes(prepared(SNN, encoding=None))), "data are spikes"
    assert matched_qnn_change(prepared(SNN)) == ("ANN: 3-bit activations, the bit-matched QNN", {"act_bits": 3})
    assert matched_qnn_change(prepared(SNN, steps=1))[1] == {"act_bits": 2}, "no array has less"


def test_changes_are_ranked_by_what_they_move():
    found = [
        Variant(kind="ann", change="", accuracy=0.98, pj=100.0),
        Variant(kind="ann", change="ANN: narrow", accuracy=0.97, pj=80.0),
        Variant(kind="snn", change="", accuracy=0.98, pj=110.0),
        Variant(kind="snn", change="SNN: coarse", accuracy=0.90, pj=55.0),
        Variant(kind="snn", change="SNN: nothing", accuracy=0.98, pj=110.0),
    ]
    ranked = rank(found, {"SNN: elsewhere": 95.0}, {"osu018": 1.2})
    assert [change.change for change in ranked] == ["SNN: coarse", "ANN: narrow", "SNN: elsewhere", "technology osu018"]
    assert [change.flips for change in ranked] == [True, False, True, False]
    assert [change.comparable for change in ranked] == [False, True, True, True]
    assert ranked[1].ratio == pytest.approx(110 / 80)
    assert ranked[1].factor == pytest.approx(100 / 80)


def test_each_change_is_run_anew(tmp_path):
    write_networks(tmp_path)
    paths = {"ann": tmp_path / "a.onnx", "snn": tmp_path / "s.nir"}
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    options = ModelOptions(lanes=2, cols=2, steps=4)
    both = {
        kind: prepare(path, data, replace(options, steps=None if kind == "ann" else 4)) for kind, path in paths.items()
    }
    trials = Trials(both, paths, data, dict.fromkeys(paths, replace(options, steps=None)), HOROWITZ)
    found = {(v.kind, v.change): v for v in variants(trials)}
    assert set(found) == {
        ("ann", ""),
        *(("ann", f"ANN: {change}") for change in ("4-bit weights", "6-bit weights", "4-bit activations")),
        *(("ann", f"ANN: {change}") for change in ("6-bit activations", "1 column", "4 columns", "2 rows")),
        ("ann", "ANN: 3-bit activations, the bit-matched QNN"),
        ("snn", ""),
        *(("snn", f"SNN: {change}") for change in ("4-bit weights", "6-bit weights", "1 lane", "4 lanes")),
        *(("snn", f"SNN: {change}") for change in ("2 time steps", "8 time steps")),
    }
    assert found["snn", "SNN: 8 time steps"].pj > found["snn", "SNN: 2 time steps"].pj
    assert found["ann", "ANN: 4-bit weights"].pj < found["ann", ""].pj
    placed = placed_states(both["snn"], data, HOROWITZ)
    assert set(placed) == {"SNN: membranes in a memory", "SNN: membranes in registers"}


# ------------------------------------------------------------------------------------------------ command line


def test_the_command_writes_the_surface(tmp_path):
    options = "--inputs 6 --outputs 4 --lanes 2 --cols 2 --steps 2,3 --rows 1,2 --state register --jobs 1 --out surface"
    result = tospike("energy", "break-even", *options.split(), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    data = json.loads((tmp_path / "surface" / "break_even.json").read_text())
    assert [(item["steps"], item["rows"]) for item in data] == [(2, 1), (2, 2), (3, 1), (3, 2)]
    lines = (tmp_path / "surface" / "break_even.csv").read_text().splitlines()
    assert len(lines) == 5
    svg = (tmp_path / "surface" / "break_even.svg").read_text()
    for name in ("Davidson and Furber 2021", "Dampfhoffer et al. 2023", "Yan et al. 2024, v2", "Ottati et al. 2023"):
        assert name in svg
    assert not np.isnan([item["ann_pj"] for item in data]).any()


def test_a_bad_axis_is_one_line(tmp_path):
    result = tospike("energy", "break-even", "--rows", "1,many", cwd=tmp_path)
    assert (result.returncode, result.stderr.strip().count("\n")) == (2, 0)
    assert "each value of --rows must be an integer from 1 to 256, not 'many'" in result.stderr
    assert list(tmp_path.iterdir()) == []
