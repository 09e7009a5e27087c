"""The Braille letters as a stream: the designs' own energies, at every rate and in every idle mode."""

import json

import numpy as np
import pytest
from support.command_line import refused, tospike
from support.paths import SHARED

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.compare.stream.designs import carried_state, circuit, whole_windows
from tospike.compare.stream.replay import replay
from tospike.compare.study.workload import Overrides, named
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.sim import accelerator as golden

NIR = SHARED / "data" / "nir"
SNN, DATA = NIR / "braille_noDelay_bias_zero.nir", NIR / "braille_400.npz"
needs_braille = pytest.mark.skipif(not SNN.is_file(), reason="the Braille letters are not in ../shared/data")


@pytest.fixture(scope="module")
def letters():
    return named("braille", ModelOptions(), Overrides(snn=(SNN,), data=f"npz:{DATA}"))


@needs_braille
def test_looks_at_the_ends_of_recordings_cost_what_the_recordings_cost(letters):
    data, technology = letters.load(), load_technology("horowitz45")
    prepared = prepare(letters.ann, data, ModelOptions())
    stream = replay(data, 3, 5000)
    found = whole_windows(prepared, stream, stream.onsets + stream.window, technology)
    alone = golden.run(prepared.design, prepared.integers(data.x[:3]))
    assert found.answers.tolist() == alone.predictions.tolist()
    energy = counter_energy(technology, prepared.design.params, alone.counters, alone.cycles)
    seconds = 5 * 256 * 0.005
    assert found.load.pj == pytest.approx(float((energy.total - energy.static).sum()) / seconds)
    assert found.load.cycles == pytest.approx(alone.cycles.sum() / seconds)
    cost = circuit(technology, prepared.design.params, found.counters, carries=False)
    assert cost.leakage_nw == pytest.approx(float((energy.static / alone.cycles).mean()) * technology.clock_mhz * 1000)
    assert 0 < cost.retained_nw < cost.leakage_nw and cost.idle_pj > 0 and cost.reload_pj > 0


@needs_braille
def test_carried_state_counts_the_spikes_of_each_window(letters):
    data, technology = letters.load(), load_technology("horowitz45")
    prepared = prepare(letters.snn, data, letters.options)
    stream = replay(data, 1, 5000)
    many = carried_state(prepared, stream, stream.looks(50), technology)
    assert many.load.looks == pytest.approx(50, rel=0.05) and len(many.answers) == 128
    end = np.flatnonzero(stream.looks(50) == 512)
    spikes = golden.spike_trains(prepared.design, prepared.integers(stream.samples[None]))[-1][0]
    assert many.answers[end] == np.argmax(spikes[256:512].sum(axis=0))


@needs_braille
@pytest.mark.slow
def test_the_command(tmp_path):
    options = ("--snn", SNN, "--data", f"npz:{DATA}", "--stream", "--recordings", "2", "--looks-per-second", "1,20")
    refused(tospike("compare", "braille", *options, "--out", "o", cwd=tmp_path), "give --step-us")
    said = tospike("compare", "braille", *options, "--step-us", "5000", "--out", "o", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    report = json.loads((tmp_path / "o" / "stream.json").read_text())
    designs = ["array", "event ANN", "delta ANN", "SNN, reset", "SNN, state carried"]
    assert [row["design"] for row in report["rows"]] == [name for name in designs for _ in range(2)]
    assert not report["left_out"]
    off = {(row["design"], row["looks_per_second"]): row["idle"]["off"] for row in report["rows"]}
    assert off["delta ANN", 1] is None and off["SNN, state carried", 20] is None
    once, often = (off["array", rate]["microjoules_per_second"]["0.1x leakage"] for rate in (1, 20))
    assert often == pytest.approx(20 * once, rel=0.1)
    assert set(report["crossovers_looks_per_second"]) == {
        f"{snn} | {ann} | {idle}"
        for snn in designs[3:]
        for ann in designs[:3]
        for idle in ("clocked", "gated", "retention", "off")
    }
