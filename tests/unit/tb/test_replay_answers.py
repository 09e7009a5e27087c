"""What a bench wrote down, read back."""

from dataclasses import replace

import numpy as np
import pytest
from support.simulators import QUICK

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.emit.verilog import Verilog
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LifParams,
    SpikingParams,
    SystolicParams,
)
from tospike.sim import accelerator as golden
from tospike.sim.cycles.back_to_back import departures
from tospike.tb.replay.replay import LEAST_SAMPLES, parse_output, parse_results, patience, replay, sample_parts

ARRAY = ArrayParams(rows=1, cols=1, act=IntFormat(bits=4, signed=False), weight_bits=4, acc_bits=12)
PARAMS = AcceleratorParams(
    name="ann", engines=(SystolicParams(array=ARRAY, layers=(DenseLayer(rows=1, inputs=3, outputs=2),)),)
)
NAMES = ("inputs", "0.macs")
TEXT = "00000005\nffffffff\ncycles 12\n00000001\n00000002\ncycles 13\ncounter 6\ncounter 8\n"


def test_words_of_each_sample():
    found = parse_output(TEXT, "ann", 2, NAMES)
    assert found.words == [[5, 0xFFFF_FFFF], [1, 2]]
    assert (found.cycles, found.counters) == ([12, 13], {"inputs": 6, "0.macs": 8})
    ragged = TEXT.replace("00000002\n", "")
    assert parse_output(ragged, "ann", 2, NAMES).words == [[5, 0xFFFF_FFFF], [1]]
    assert parse_output("cycles 4\n", "ann", 1, ()).words == [[]]


def test_outputs_are_signed():
    found = parse_results(TEXT, PARAMS, 2, NAMES)
    assert found.outputs.tolist() == [[5, -1], [1, 2]]
    assert found.cycles.tolist() == [12, 13]


@pytest.mark.parametrize(
    ("text", "samples", "message"),
    [
        (TEXT, 3, "gave 4 words for 2 of 3 samples"),
        (TEXT.replace("counter 8\n", ""), 2, "gave 4 words for 2 of 2 samples"),
        (TEXT.replace("cycles 13\n", ""), 1, "gave 4 words for 1 of 1 samples"),
        (TEXT.replace("00000002\n", ""), 2, "gave 3 words for 2 samples, not 2 for each"),
        ("00000005\ntimeout\n", 2, "ann does not answer: sample 0 timed out"),
    ],
)
def test_what_is_missing_is_told(text, samples, message):
    with pytest.raises(InputError, match=message):
        parse_results(text, PARAMS, samples, NAMES)


def test_a_sample_of_a_part_is_told_by_its_number():
    with pytest.raises(InputError, match="sample 41 timed out"):
        parse_results("00000005\nffffffff\ncycles 12\ntimeout\n", PARAMS, 2, NAMES, first=40)


def test_a_design_called_as_the_bench_was(tmp_path):
    """It runs, within the cycles that golden says and not in a fraction of them."""
    params = replace(PARAMS, name="replay")
    design = random_design(params, seed=1)
    x = random_samples(design, 3, seed=1)
    verilog, _, _ = build(params, pack(design))
    expected = golden.run(design, x)
    got = replay(verilog, params, x, limit=patience(expected.cycles), simulator=QUICK, cache=Cache(root=tmp_path))
    assert np.array_equal(got.outputs, expected.outputs) and np.array_equal(got.cycles, expected.cycles)
    with pytest.raises(InputError, match="replay does not answer: sample 0 timed out"):
        limit = int(expected.cycles.max()) // 2
        replay(verilog, params, x, limit=limit, simulator=QUICK, cache=Cache(root=tmp_path))


def test_samples_back_to_back(tmp_path):
    """Of a design that answers before a sample's last beat is taken, too."""
    neuron = LifParams(threshold=9, state_bits=12)
    engine = SpikingParams(inputs=6, neurons=5, neuron=neuron, lanes=2, weight_bits=4)
    first = {"host_input": HostInput.TOKENS, "host_output": HostOutput.FIRST_SPIKE}
    for params in (PARAMS, AcceleratorParams(name="snn", engines=(engine,), **first)):
        design = random_design(params, seed=1)
        x = random_samples(design, 6, seed=1)
        verilog, _, _ = build(params, pack(design))
        expected, left = golden.run(design, x), departures(design, x)
        got = replay(verilog, params, x, stream=True, simulator=QUICK, cache=Cache(root=tmp_path))
        assert np.array_equal(got.outputs, expected.outputs) and np.array_equal(got.cycles, left)
        assert all(got.counters[name] == values.sum() for name, values in expected.counters.items())


@pytest.mark.parametrize(
    ("samples", "most", "sizes"), [(7, 4, [7]), (16, 4, [8, 8]), (35, 4, [8, 9, 9, 9]), (99, 1, [99])]
)
def test_parts_of_the_samples(samples, most, sizes):
    parts = sample_parts(samples, most)
    assert [part.stop - part.start for part in parts] == sizes
    assert [index for part in parts for index in range(samples)[part]] == list(range(samples))


def test_several_simulators_at_a_time(tmp_path, monkeypatch):
    """In the order of the samples, with the sums of their counters."""
    monkeypatch.setattr("tospike.tb.replay.replay.processors", lambda: 3)
    design = random_design(PARAMS, seed=1)
    x = random_samples(design, 3 * LEAST_SAMPLES + 2, seed=1)
    verilog, _, _ = build(PARAMS, pack(design))
    expected = golden.run(design, x)
    cache = Cache(root=tmp_path)
    finished = []
    got = replay(verilog, PARAMS, x, simulator=QUICK, cache=cache, progress=finished.append)
    assert np.array_equal(got.outputs, expected.outputs) and np.array_equal(got.cycles, expected.cycles)
    assert {name: got.counters[name] for name in expected.counters} == {
        name: values.sum() for name, values in expected.counters.items()
    }
    assert all(number <= len(x) for number in finished)
    with pytest.raises(InputError, match="does not answer: sample 0 timed out"):
        replay(verilog, PARAMS, x, limit=int(expected.cycles.max()) // 2, simulator=QUICK, cache=cache)


def test_patience_follows_from_what_golden_needs():
    assert patience(np.array([3, 40_000_000])) > 80_000_000
    assert patience(np.array([1]), [0] * 50_000) > 50_000


def test_a_design_that_says_nothing_is_given_up(tmp_path):
    """It neither takes the first beat nor tells whether it is idle."""
    _, ports, _ = build(PARAMS, pack(random_design(PARAMS, seed=1)))
    lines = [f"  {port.direction} [{port.width - 1}:0] {port.name};" for port in ports]
    lines += [f"  assign {port.name} = 0;" for port in ports if port.direction == "output"]
    text = "\n".join([f"module ann({', '.join(port.name for port in ports)});", *lines, "endmodule", ""])
    x = random_samples(random_design(PARAMS, seed=1), 1, seed=1)
    with pytest.raises(InputError, match="ann does not answer: sample 0 timed out"):
        replay(Verilog(text=text, memories={}), PARAMS, x, limit=500, simulator=QUICK, cache=Cache(root=tmp_path))
