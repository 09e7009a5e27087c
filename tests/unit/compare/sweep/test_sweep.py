"""`tospike sweep`: the grid, what a point measures, and that nothing is lost when it is interrupted."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.plain import to_plain
from tospike.compare.sweep import runner
from tospike.compare.sweep.axes import Axes, grid, parse_values
from tospike.compare.sweep.measure import check, measure
from tospike.compare.sweep.point import AXES, Point
from tospike.compare.sweep.report import COLUMNS, write_sweep
from tospike.compare.sweep.runner import COUNTERS, in_processes, on_cluster, run_sweep
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError

SMALL = Point(inputs=9, outputs=5, steps=3, lanes=2, cols=3, samples=2, spike_rate=0.3)
POINTS = grid(SMALL, {"spike_rate": (0.0, 0.25, 1.0), "technology": ("horowitz45", "osu018")})


def one_by_one(points, measure):
    for point in points:
        yield point, measure(point)


@pytest.fixture(scope="module")
def expected():
    return [measure(point) for point in POINTS]


# ------------------------------------------------------------------------------------------------------- points


def test_the_grid_is_every_combination_in_order():
    points = grid(SMALL, {"steps": (1, 2), "lanes": (2, 4)})
    assert [(p.steps, p.lanes) for p in points] == [(1, 2), (1, 4), (2, 2), (2, 4)]
    assert {p.outputs for p in points} == {5}
    assert grid(SMALL, {}) == (SMALL,)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"xyz": (1,)}, "axis 'xyz' is unknown: there are inputs, outputs"),
        ({"steps": ()}, "the axis steps has no values"),
        ({"steps": (2, 2)}, "the axis steps has a value twice"),
        ({"steps": (0,)}, "steps must be an integer from 1 to 1024"),
        ({"spike_rate": (1.5,)}, "spike-rate must be a number from 0 to 1"),
        ({"density": (0.0,)}, "density must be a number above 0"),
    ],
)
def test_bad_axes_are_named(axes, message):
    with pytest.raises(InputError, match=message):
        grid(SMALL, axes)


def test_values_are_of_the_kind_of_their_axis():
    assert parse_values("steps", "4, 8,16") == (4, 8, 16)
    assert parse_values("spike_rate", "0.5,1") == (0.5, 1.0)
    assert parse_values("state", "built,register") == (StatePlacement.BUILT, StatePlacement.REGISTER)
    with pytest.raises(InputError, match="each value of --weight-bits must be an integer from 2 to 8, not 'x'"):
        parse_values("weight_bits", "4,x")
    with pytest.raises(InputError, match="each value of --state must be built, memory or register, not 'disk'"):
        parse_values("state", "disk")


def test_axes_are_what_was_given():
    axes = Axes({"steps": "4,8", "rows": None, "density": "0.25"})
    assert axes.values == {"steps": (4, 8), "density": (0.25,)} and axes.varied == ["steps"]
    assert axes.points == (Point(steps=4, density=0.25), Point(steps=8, density=0.25))
    assert Axes({}).points == (Point(),)
    assert set(Axes.options()) == set(AXES)
    for given, message in (
        ({"seed": "1,2"}, "--seed takes one value, not '1,2'"),
        ({"step": "1"}, "axis 'step' is unknown: did you mean 'steps'"),
        ({"steps": "1,"}, "each value of --steps must be an integer from 1 to 1024, not ''"),
    ):
        with pytest.raises(InputError, match=message):
            Axes(given)
    with pytest.raises(InputError, match="steps must be an integer from 1 to 1024, not 2000"):
        _ = Axes({"steps": "2000"}).points


@pytest.mark.parametrize("change", [{"lanes": 65}, {"weight_bits": 1}, {"rows": 300}, {"technology": "none"}])
def test_what_cannot_be_built_is_refused_before_anything_runs(change, tmp_path):
    def never(points, measure):
        raise AssertionError

    with pytest.raises(InputError):
        check(replace(SMALL, **change))
    with pytest.raises(InputError):
        run_sweep([SMALL, replace(SMALL, **change)], task=COUNTERS, cache=Cache(root=tmp_path), execute=never)


# ------------------------------------------------------------------------------------------------------ results


def test_n_is_what_was_asked_for():
    result = measure(replace(SMALL, spike_rate=1.0, density=1.0))
    assert result.n == SMALL.steps
    assert replace(SMALL, spike_rate=0.5, density=0.25).spikes_per_activation == pytest.approx(6)


def test_spikes_cost_the_snn_and_nothing_else():
    low, high = (measure(replace(SMALL, spike_rate=rate)) for rate in (0.0, 1.0))
    assert low.n == 0
    assert low.snn.parts["sop"] == 0 < high.snn.parts["sop"]
    assert low.snn.parts["leakage"] > 0
    assert low.ann == high.ann


def test_rows_share_the_weights():
    alone, shared = (measure(replace(SMALL, rows=rows)).ann.parts for rows in (1, 4))
    assert shared["weights"] < alone["weights"]
    assert shared["mac"] == pytest.approx(alone["mac"])


def test_the_place_of_the_states():
    parts = {place: measure(replace(SMALL, state=place)).snn.parts for place in StatePlacement}
    built, memory, register = (parts[place] for place in ("built", "memory", "register"))
    assert memory["state"] > register["state"]
    assert memory["clock"] < register["clock"] == built["clock"], "3 words are built as registers"
    many = replace(SMALL, lanes=1)
    built, memory = (measure(replace(many, state=place)).snn for place in ("built", "memory"))
    assert built.parts == memory.parts, "5 words are built as a memory"


def test_files_have_a_line_per_point(expected, tmp_path):
    write_sweep(tmp_path, expected)
    lines = (tmp_path / "sweep.csv").read_text().splitlines()
    assert lines[0].split(",") == list(COLUMNS)
    assert len(lines) == 1 + len(POINTS)
    assert json.loads((tmp_path / "sweep.json").read_text()) == to_plain(expected)
    first = dict(zip(COLUMNS, lines[1].split(","), strict=True))
    assert float(first["ratio"]) == pytest.approx(expected[0].snn.pj / expected[0].ann.pj)


# --------------------------------------------------------------------------------------- cache and interruptions


def test_finished_points_are_not_run_again(expected, tmp_path):
    cache = Cache(root=tmp_path)
    done = []
    assert run_sweep(POINTS, task=COUNTERS, cache=cache, execute=one_by_one, progress=done.append) == expected
    assert done == [0, 1, 2, 3, 4, 5, 6]

    def never(points, measure):
        raise AssertionError

    assert run_sweep(POINTS, task=COUNTERS, cache=cache, execute=never) == expected


def test_an_interrupted_sweep_keeps_what_it_has(expected, tmp_path):
    cache = Cache(root=tmp_path)

    def interrupted(points, measure):
        for number, found in enumerate(one_by_one(points, measure)):
            if number == 2:
                raise KeyboardInterrupt
            yield found

    with pytest.raises(KeyboardInterrupt):
        run_sweep(POINTS, task=COUNTERS, cache=cache, execute=interrupted)
    left = []

    def remaining(points, measure):
        left.extend(points)
        yield from one_by_one(points, measure)

    assert run_sweep(POINTS, task=COUNTERS, cache=cache, execute=remaining) == expected
    assert left == list(POINTS[2:])


@pytest.mark.parametrize("damage", ["{", "", None, "[]", '{"n": 1.0}'])
def test_a_damaged_entry_is_noticed_and_made_again(damage, expected, tmp_path):
    cache = Cache(root=tmp_path)
    run_sweep(POINTS, task=COUNTERS, cache=cache, execute=one_by_one)
    victim = tmp_path / "sweep" / runner.key(COUNTERS, POINTS[3]) / runner.RESULT
    if damage is None:
        victim.unlink()
    else:
        victim.write_text(damage)
    again = []

    def remaining(points, measure):
        again.extend(points)
        yield from one_by_one(points, measure)

    assert run_sweep(POINTS, task=COUNTERS, cache=cache, execute=remaining) == expected
    assert again == [POINTS[3]]


def test_an_entry_belongs_to_its_technology_and_code(monkeypatch, tmp_path):
    mine = tmp_path / "mine.toml"
    text = (runner.resources.files("tospike.compare.energy") / "technologies" / "osu018.toml").read_text()
    mine.write_text(text)
    point = replace(SMALL, technology=str(mine))
    before = runner.key(COUNTERS, point)
    mine.write_text(text.replace("mhz = 100.0", "mhz = 50.0"))
    changed = runner.key(COUNTERS, point)
    monkeypatch.setattr(runner, "_code", lambda packages: "another")
    assert len({before, changed, runner.key(COUNTERS, point), runner.key(COUNTERS, SMALL)}) == 4


COMMAND = "sweep --inputs 24 --outputs 12 --lanes 4 --steps 2,3,4 --spike-rate 0.1,0.3 --rows 1,2 --cols 2 --jobs 2"


def start(folder, name):
    return subprocess.Popen(
        [sys.executable, "-m", "tospike", *COMMAND.split(), "--out", f"{name}-out"],
        cwd=folder,
        env=os.environ | {"TOSPIKE_CACHE": str(folder / name)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_killed_command_goes_on_where_it_was(tmp_path):
    process = start(tmp_path, "killed")
    entries = tmp_path / "killed" / "sweep"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if entries.is_dir() and any(entries.glob("*/entry.json")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed-out" / "sweep.json").exists()
    done = len(list(entries.glob("*/entry.json")))
    assert 1 <= done < 12
    for name in ("killed", "undisturbed"):
        process = start(tmp_path, name)
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    for name in ("sweep.json", "sweep.csv"):
        assert (tmp_path / "killed-out" / name).read_bytes() == (tmp_path / "undisturbed-out" / name).read_bytes()


@pytest.mark.slow
def test_a_cluster_survives_the_death_of_a_worker(expected, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        victim = next(iter(cluster.workers.values())).process.process.pid
        killed = []

        def progress(done):
            if done >= 1 and not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(done)

        execute = on_cluster(cluster.scheduler_address)
        found = run_sweep(POINTS, task=COUNTERS, cache=Cache(root=tmp_path), execute=execute, progress=progress)
    assert killed
    assert found == expected


def test_processes_of_this_machine(expected, tmp_path):
    assert run_sweep(POINTS[:2], task=COUNTERS, cache=Cache(root=tmp_path), execute=in_processes(2)) == expected[:2]


def test_processes_end_at_once_when_nobody_waits_for_them():
    long = grid(replace(SMALL, inputs=300, outputs=200, steps=60), {"seed": tuple(range(1, 13))})
    finished = in_processes(2)((SMALL, *long), measure)
    assert next(finished)[0] == SMALL
    start_of_end = time.monotonic()
    finished.close()
    assert time.monotonic() - start_of_end < 5
    assert not multiprocessing.active_children()


def test_a_cluster_that_is_not_there():
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with pytest.raises(InputError, match="no Dask scheduler answers at"):
        list(on_cluster("nowhere")([SMALL], measure))


def test_a_cluster_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"--scheduler needs dask.distributed: pip install 'tospike\[cluster\]'"):
        on_cluster("tcp://127.0.0.1:1")
