"""`tospike bench spikes`: what an event costs in RTL, and the committed figures of the spiking side."""

import json
import subprocess
import sys

import pytest

from tospike.hw.params import InputError, Readout, SpikingParams
from tospike.tb.spikes import SpikesBench, bench_spikes

CORE = SpikingParams(inputs=9, neurons=10, lanes=3, weight_bits=4, readout=Readout.COUNT)


def test_an_event_costs_a_cycle_per_word():
    none, some, every = bench_spikes(CORE, (0.0, 0.3, 1.0), steps=6, seed=3)
    assert all(row["golden_match"] for row in (none, some, every))
    assert none["cycles"] == none["idle_cycles"] and none["sop_per_event_cycle"] is None
    assert every["events"] == 9 * 6 and every["sop"] == 9 * 6 * 10
    assert none["cycles"] < some["cycles"] < every["cycles"]
    assert every["cycles_per_event"] == pytest.approx(CORE.words, abs=0.2)


def test_what_it_refuses():
    with pytest.raises(InputError, match=r"a spike rate is a fraction, not -0\.1"):
        bench_spikes(CORE, (0.5, -0.1), steps=2, seed=0)
    with pytest.raises(InputError, match="use a count or membrane readout"):
        bench_spikes(SpikingParams(inputs=4, neurons=4), (0.5,), steps=2, seed=0)


def test_command(tmp_path):
    command = "bench spikes --inputs 5 --neurons 4 --lanes 2 --rates 0,1 --steps 2 --json r.json"
    subprocess.run([sys.executable, "-m", "tospike", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    rows = json.loads((tmp_path / "r.json").read_text())
    assert [row["events"] for row in rows] == [0, 10]


def test_its_options():
    bench = SpikesBench(inputs=4, neurons=6, lanes=2, rates="0, 0.5,1")
    assert (bench.engine.inputs, bench.engine.neurons, bench.engine.lanes) == (4, 6, 2)
    assert (bench.engine.weight_bits, bench.fractions) == (4, [0.0, 0.5, 1.0])
    with pytest.raises(InputError, match="--rates must be comma-separated numbers, not '0;1'"):
        _ = SpikesBench(rates="0;1").fractions
    with pytest.raises(InputError, match="lanes must be an integer from 1 to 64, not 65"):
        _ = SpikesBench(lanes=65).engine
