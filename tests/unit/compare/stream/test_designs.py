"""A stream by small networks: the slowest look, the time that is averaged over, and what is no answer of a look."""

import json
from dataclasses import replace

import nir
import numpy as np
import pytest
from support.command_line import refused, tospike
from support.sequences import data_of, write_sequences

from tospike.cli.tables.stream import rtl_lines
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.compare.stream.designs import carried_state, changed_windows, whole_windows
from tospike.compare.stream.options import StreamOptions
from tospike.compare.stream.replay import replay
from tospike.compare.stream.run import compare_stream
from tospike.compare.stream.verified import Verified, verify_looks
from tospike.compare.study.workload import Overrides, named
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine
from tospike.gen.tools.cache import Cache
from tospike.hw.params import Readout
from tospike.sim import accelerator as golden
from tospike.sim.network.stages import Decoding

HOROWITZ = load_technology("horowitz45")
OPTIONS = StreamOptions(recordings=3, looks_per_second="100,500", step_us=1000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = write_sequences(tmp_path_factory.mktemp("stream"))
    rng = np.random.default_rng(2)
    graph = nir.NIRGraph.from_list(
        nir.Linear(weight=rng.normal(size=(4, 2)) + 1),
        nir.LIF(tau=np.full(4, 4e-4), r=np.full(4, 4.0), v_leak=np.zeros(4), v_threshold=np.full(4, 0.6)),
        nir.Linear(weight=rng.normal(size=(3, 4)) + 1),
        nir.LIF(tau=np.full(3, 4e-4), r=np.full(3, 4.0), v_leak=np.zeros(3), v_threshold=np.full(3, 0.6)),
    )
    nir.write(made / "r.nir", graph)
    return made


def workload(folder, **options):
    given = Overrides(ann=(folder / "a.onnx",), snn=(folder / "r.nir",), data=f"npz:{folder / 'spikes.npz'}")
    return named("mine", ModelOptions(time_bins=3, dt=1e-4, **options), given)


def compared(folder, **options):
    return compare_stream(workload(folder, **options), OPTIONS, HOROWITZ, lambda name, step: None)


def made(folder, *, spiking, **options):
    data = data_of(folder, "spikes")
    own = ModelOptions(time_bins=3, dt=1e-4, **options).of_kind(spiking=spiking)
    return prepare(folder / ("r.nir" if spiking else "a.onnx"), data, own), replay(data, 3, 1000)


@pytest.mark.parametrize(("spiking", "engine"), [(False, Engine.EVENT), (True, None)])
def test_a_whole_window_is_as_late_as_its_slowest_look(folder, spiking, engine):
    prepared, stream = made(folder, spiking=spiking, engine=engine)
    looks = stream.looks(500)
    cycles = golden.run(prepared.design, prepared.integers(stream.windows(looks))).cycles
    load = whole_windows(prepared, stream, looks, HOROWITZ).load
    assert load.longest == cycles.max() > cycles.mean()
    assert load.cycles == pytest.approx(cycles.sum() / stream.watched(looks)) and load.spacing_us == 2000


def test_a_delta_ann_is_as_late_as_its_slowest_frame(folder):
    prepared, stream = made(folder, spiking=False, engine=Engine.DELTA)
    looks = stream.looks(500)
    same, _ = made(folder, spiking=False)
    load = changed_windows(prepared, stream, looks, HOROWITZ, same=same).load
    assert load.longest > load.cycles / load.looks and load.spacing_us == 2000


def test_carried_state_is_as_late_as_its_slowest_step_and_averages_over_what_is_watched(folder):
    prepared, stream = made(folder, spiking=True)
    looks = stream.looks(100)
    load = carried_state(prepared, stream, looks, HOROWITZ).load
    seconds = stream.watched(looks)
    before, until = (
        golden.run(prepared.design, prepared.integers(stream.samples[None, :steps])) for steps in (7, looks[-1])
    )
    assert load.cycles == pytest.approx(float(until.cycles[0] - before.cycles[0]) / seconds)
    work = {name: values - before.counters[name] for name, values in until.counters.items()}
    energy = counter_energy(HOROWITZ, prepared.design.params, work, until.cycles - before.cycles)
    assert load.pj == pytest.approx(float((energy.total - energy.static)[0]) / seconds)
    assert load.looks == len(looks) / seconds == 100
    assert load.longest > 1.2 * load.cycles / 1000 and load.spacing_us == 1000


def test_every_look_is_within_the_latency_asked_for(folder):
    found = compared(folder)
    assert not found.left_out and len(found.rows) == 10
    slowest = {row.design: max(p.answer_us for p in row.powers.values() if p) for row in found.rows}
    options = StreamOptions(**{**vars(OPTIONS), "latency_ms": 0.999 * slowest["event ANN"] / 1000})
    tighter = compare_stream(workload(folder), options, HOROWITZ, lambda name, step: None)
    within = [p.answer_us for row in tighter.rows for p in row.powers.values() if p]
    assert within and max(within) <= options.latency_ms * 1000


@pytest.mark.parametrize("engine", [Engine.EVENT, Engine.DATAFLOW])
def test_the_array_is_one_whatever_engine_is_given(folder, engine):
    usual, given = (
        [row for row in found.to_json()["rows"] if row["design"] == "array"]
        for found in (compared(folder), compared(folder, engine=engine))
    )
    assert usual == given and usual


@pytest.mark.parametrize("decoding", [Decoding.FIRST_SPIKE, Decoding.EARLY])
def test_only_the_largest_count_is_an_answer_of_carried_state(folder, decoding):
    found = compared(folder, decoding=decoding)
    ((name, why),) = found.left_out.items()
    assert name == "SNN, state carried"
    assert why == f"--decoding {decoding.value} decides by sample, but a look counts spikes: give --decoding largest"
    assert {row.design for row in found.rows} >= {"array", "SNN, reset"}


def test_a_membrane_is_no_answer_of_carried_state(folder):
    found = compared(folder, readout=Readout.MEMBRANE)
    assert found.left_out == {"SNN, state carried": "its answer is a membrane, which only the end of a sample reads"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ("--stream", "--pair", "--hybrid", "--gates", "--synth", "--rtl-samples", "3"),
            "--synth, --hybrid, --pair, --gates: not with --stream",
        ),
        (("--stream", "--search-samples", "1000"), "--search-samples: not with --stream"),  # even as the default
        (("--recordings", "8", "--latency-ms", "1"), "--recordings, --latency-ms: only with --stream"),
    ],
)
def test_options_that_would_be_ignored_are_refused(tmp_path, given, words):
    refused(tospike("compare", "digits", *given, cwd=tmp_path), words)
    assert not any(tmp_path.iterdir())


def test_the_command_takes_one_network_of_each_side(tmp_path, folder):
    files = ("--ann", folder / "a.onnx", "--snn", folder / "r.nir", "--data", f"npz:{folder / 'spikes.npz'}")
    given = (*files, "--stream", "--time-bins", "3", "--dt", "1e-4", "--step-us", "1000", "--looks-per-second", "100")
    refused(tospike("compare", "mine", *given, "--ann", folder / "a.onnx", cwd=tmp_path), "one --ann and one --snn")
    said = tospike(
        "compare", "mine", *given, "--technology", "sky130hd", "--recordings", "2", "--out", "o", cwd=tmp_path
    )
    assert said.returncode == 0, said.stderr
    assert len(json.loads((tmp_path / "o" / "stream.json").read_text())["rows"]) == 5


def test_designs_without_state_look_in_rtl(folder, monkeypatch):
    asked = []

    def verify(prepared, stream, looks, count, cache):
        asked.append((prepared.design.params.name, looks.tolist() == stream.looks(100).tolist(), count))
        return Verified(looks=count, mismatches=0)

    monkeypatch.setattr("tospike.compare.stream.run.verify_looks", verify)
    report = compare_stream(workload(folder), OPTIONS, HOROWITZ, lambda name, step: None, rtl_looks=2)
    assert list(report.rtl) == ["array", "event ANN", "SNN, reset"]
    assert len(asked) == 3 and all(at_lowest_rate and count == 2 for _, at_lowest_rate, count in asked)
    assert report.to_json()["rtl"]["array"] == {"looks": 2, "mismatches": 0}
    assert rtl_lines(report) == ["RTL equals golden in 2 looks of array, event ANN, SNN, reset"]
    wrong = replace(report, rtl={**report.rtl, "array": Verified(looks=2, mismatches=1)})
    assert rtl_lines(wrong) == ["RTL equals golden in 2 looks of event ANN, SNN, reset", "RTL of array: 1 mismatches"]


@pytest.mark.slow
@pytest.mark.parametrize(("spiking", "engine"), [(False, Engine.SYSTOLIC), (False, Engine.EVENT), (True, None)])
def test_looks_in_rtl_are_those_of_golden(folder, spiking, engine, tmp_path):
    prepared, stream = made(folder, spiking=spiking, engine=engine)
    assert verify_looks(prepared, stream, stream.looks(500), 3, Cache(root=tmp_path)) == Verified(looks=3, mismatches=0)
