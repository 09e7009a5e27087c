"""The break-even surface in gates: what is measured to find it, and that it is where all rates would put it."""

import csv
import json
from dataclasses import replace

import pytest
from support.command_line import tospike
from support.paths import GATES_LIBRARY

from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.sweep import runner
from tospike.compare.sweep.axes import grid
from tospike.compare.sweep.break_even import BreakEvenAxes, BreakEvenGates, break_even
from tospike.compare.sweep.gate_surface import check_surface, gate_surface
from tospike.compare.sweep.gates import GatePoint, Side, measure
from tospike.compare.sweep.layer import spikes_per_activation
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import GateSideResult, PointResult, SideResult
from tospike.compare.sweep.runner import COUNTERS, GATES, run_sweep
from tospike.compare.sweep.surface import RATES, crossing
from tospike.compare.sweep.surface_figure import surface_figure
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError

LIBRARY = str(GATES_LIBRARY)
SMALL = Point(inputs=9, outputs=4, steps=3, lanes=2, cols=2, samples=8, technology="osu018")
HOW = {"target": LIBRARY, "delays": DelayModel.LIBRARY}


def side(which, point):
    return GatePoint.of(which, point, **HOW)


def energies(ann):
    """Of sides: the ANN's by its rows, the SNN's 1 and as much more as there are spikes. And what was asked for."""
    asked = []

    def run(works):
        asked.extend(works)
        needed = [
            ann / work.point.rows if work.side is Side.ANN else 1 + work.point.steps * work.point.spike_rate
            for work in works
        ]
        return [GateSideResult(pj=pj, parts={}, cycles=1.0, area_um2=1.0, period_ns=1.0) for pj in needed]

    return run, asked


# ------------------------------------------------------------------------------------------------------- search


@pytest.mark.parametrize("ann", [0.5, 1.0, 1.001, 1.02, 1.03, 1.2, 2.0, 3.9, 4.0, 4.5])
def test_bisection_finds_what_all_rates_would(ann):
    run, asked = energies(ann)
    (found,) = gate_surface([SMALL], **HOW, run=run)
    curve = [(spikes_per_activation(replace(SMALL, spike_rate=rate)), 1 + SMALL.steps * rate) for rate in RATES]
    assert found.n_star == crossing(curve, ann)
    assert (found.n_max, found.level, found.cells, found.delays) == (
        curve[-1][0],
        Level.GATES,
        LIBRARY,
        DelayModel.LIBRARY,
    )
    assert len(asked) == len(set(asked)) <= 4, "the ANN, and at most 3 rates of 6"
    assert [n for n, _ in found.curve] == sorted(n for n, _ in found.curve)


def test_what_points_have_in_common_is_measured_once():
    points = grid(SMALL, {"steps": (3, 6), "rows": (1, 2, 4)})
    run, asked = energies(2.2)
    found = gate_surface(points, **HOW, run=run)
    assert [item.point for item in found] == list(points)
    assert len(asked) == len(set(asked))
    assert sum(work.side is Side.ANN for work in asked) == 3, "time steps are nothing to an ANN"
    for point, item in zip(points, found, strict=True):
        alone, _ = energies(2.2)
        assert gate_surface([point], **HOW, run=alone)[0].n_star == item.n_star
    assert found[0].n_star > 0 == found[2].n_star, "4 rows beat a silent SNN"


def test_axes_of_the_surface():
    axes = BreakEvenAxes({"steps": "4"})
    assert axes.varied == ["rows", "state"] and len(axes.points) == 6 and "spike_rate" not in axes.options()
    in_gates = axes.in_gates(LIBRARY)
    assert in_gates.varied == ["rows"] and {point.technology for point in in_gates.points} == {"osu018"}
    chosen = BreakEvenAxes({"technology": "horowitz45", "state": "memory"}).in_gates(LIBRARY)
    assert {(point.technology, point.state) for point in chosen.points} == {("horowitz45", StatePlacement.MEMORY)}
    with pytest.raises(InputError, match="--density takes one value"):
        BreakEvenAxes({"density": "0.5,1"})


def test_the_surface_is_by_counters_and_then_in_gates():
    """What cannot be measured is refused before anything is."""
    axes = BreakEvenAxes({"inputs": "9", "outputs": "4", "rows": "1", "state": "built"})
    measured = []

    def measure(points, task):
        measured.append((task, len(points)))
        if task is GATES:
            return energies(2.2)[0](points)
        side = SideResult(pj=1.0, parts={}, cycles=1.0, area_um2=1.0)
        return [PointResult(point=point, n=1.0, ann=side, snn=side) for point in points]

    gates = BreakEvenGates(gates=True, gate_target=LIBRARY)
    found = break_even(axes, gates, measure)
    assert [item.level for item in found] == [Level.COUNTERS, Level.GATES]
    assert measured[0] == (COUNTERS, len(RATES)) and {task for task, _ in measured[1:]} == {GATES}
    measured.clear()
    with pytest.raises(InputError, match="gates are measured as built"):
        break_even(BreakEvenAxes({"rows": "1"}), gates, measure)
    assert measured == []
    assert [item.level for item in break_even(axes, BreakEvenGates(), measure)] == [Level.COUNTERS]


def test_a_side_knows_only_what_it_depends_on():
    moved = {"steps": 5, "lanes": 1, "state_bits": 9, "spike_rate": 0.5}
    assert side(Side.ANN, replace(SMALL, **moved)) == side(Side.ANN, SMALL)
    assert all(side(Side.SNN, replace(SMALL, **{name: new})) != side(Side.SNN, SMALL) for name, new in moved.items())
    moved = {"rows": 2, "cols": 4, "act_bits": 4, "density": 1.0}
    assert side(Side.SNN, replace(SMALL, **moved)) == side(Side.SNN, SMALL)
    assert all(side(Side.ANN, replace(SMALL, **{name: new})) != side(Side.ANN, SMALL) for name, new in moved.items())


# ----------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("state", ["memory", "register"])
def test_membranes_are_where_they_are_built(state):
    with pytest.raises(InputError, match=f"--state {state} only changes what counters are charged: leave it out"):
        check_surface([replace(SMALL, state=StatePlacement(state))], **HOW)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--state", "register"), "gates are measured as built"),
        (("--gate-target", "nothing.lib"), "no library 'nothing.lib'"),
        (("--rows", "300"), "rows must be an integer from 1 to 256"),
    ],
)
def test_what_cannot_be_measured_is_one_line(options, message, tmp_path):
    result = tospike("energy", "break-even", "--gates", "--gate-target", LIBRARY, *options, cwd=tmp_path)
    assert (result.returncode, result.stderr.strip().count("\n")) == (2, 0)
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------ figures


def test_the_figure_tells_levels_apart():
    points = grid(SMALL, {"rows": (1, 2)})
    run, _ = energies(2.2)
    gates = gate_surface(points, **HOW, run=run)
    counters = tuple(replace(item, level=Level.COUNTERS, delays=None) for item in gates)
    assert "counters" not in surface_figure(gates, {"rows": (1, 2), "steps": (3,)}).svg
    both = surface_figure(counters + gates, {"rows": (1, 2)}).svg
    assert "counters" in both and "gates" in both


# -------------------------------------------------------------------------------------------------------- gates


@pytest.mark.slow
def test_a_side_in_gates(tmp_path, monkeypatch):
    monkeypatch.setenv("TOSPIKE_CACHE", str(tmp_path))
    works = [side(Side.ANN, replace(SMALL, rows=2)), side(Side.SNN, replace(SMALL, spike_rate=0.5))]

    def one_by_one(points, run):
        for point in points:
            yield point, run(point)

    found = run_sweep(works, task=GATES, cache=Cache(), execute=one_by_one)
    for result in found:
        assert list(result.parts) == list(PARTS)
        assert sum(result.parts.values()) == pytest.approx(result.pj)
        assert result.parts["mac"] > 0 < result.parts["memories"]
    assert found[0].cycles == measure(works[0]).cycles

    def never(points, run):
        raise AssertionError

    assert run_sweep(works, task=GATES, cache=Cache(), execute=never) == found
    (tmp_path / GATES.kind / runner.key(GATES, works[1]) / runner.RESULT).unlink()
    with pytest.raises(AssertionError):
        run_sweep(works, task=GATES, cache=Cache(), execute=never)


@pytest.mark.slow
def test_the_command_writes_both_levels(tmp_path):
    sizes = "--inputs 6 --outputs 4 --lanes 2 --cols 2 --steps 2 --rows 1 --jobs 1 --out surface"
    result = tospike("energy", "break-even", "--gates", "--gate-target", LIBRARY, *sizes.split(), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    data = json.loads((tmp_path / "surface" / "break_even.json").read_text())
    assert [(item["level"], item["cells"], item["delays"], item["technology"]) for item in data] == [
        ("counters", None, None, "osu018"),
        ("gates", LIBRARY, "library", "osu018"),
    ]
    assert set(data[1]["ann"]["parts"]) == set(PARTS)
    assert len(data[0]["snn"]) == len(RATES) > len(data[1]["snn"]) > 0
    with (tmp_path / "surface" / "break_even.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["level"] for line in lines] == ["counters", "gates"]
    assert "gates" in (tmp_path / "surface" / "break_even.svg").read_text()
