"""Designs mapped by Yosys to the library written for these tests, simulated and priced; what is said if that fails."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES, GATES_LIBRARY

from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.gates import measure as measure_module
from tospike.compare.energy.gates.cells import DENSITIES, measure_cells
from tospike.compare.energy.gates.measure import GateOptions, NotInstalledError, measure_gates, source_of, timing_of
from tospike.compare.energy.gates.options import BlockOptions
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.gates.study import GateStudy
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.programs import look
from tospike.gen.tools.tool import Tool, ToolError
from tospike.hw.params import (
    AWAKE,
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    EncoderParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    LifParams,
    LiParams,
    PrimitiveSet,
    Readout,
    SpikingParams,
    SystolicParams,
    WeightSource,
)
from tospike.synth.asic.gates import map_gates
from tospike.synth.asic.timing import clock_period

LIBRARY = GATES_LIBRARY
ZERO, DELAYED = DelayModel.ZERO, DelayModel.LIBRARY
ENGINE = SystolicParams(
    array=ArrayParams(rows=1, cols=2, act=IntFormat(bits=4, signed=False), weight_bits=3, acc_bits=12),
    layers=(DenseLayer(rows=1, inputs=9, outputs=4, clamp=(0, 15)), DenseLayer(rows=1, inputs=4, outputs=3)),
)
ANN = AcceleratorParams(name="ann", engines=(ENGINE,))
STREAMED = AcceleratorParams(name="streamed", engines=(replace(ENGINE, weights=WeightSource.STREAM),))
PAYLOAD = IntFormat(bits=3, signed=False)
SNN = AcceleratorParams(
    name="snn",
    engines=(
        EncoderParams(inputs=17, steps=3, payload=PAYLOAD),
        SpikingParams(
            inputs=17,
            neurons=5,
            lanes=2,
            payload=PAYLOAD,
            weight_bits=3,
            bias=True,
            neuron=LifParams(threshold=9, state_bits=8),
        ),
        SpikingParams(
            inputs=5,
            neurons=3,
            lanes=1,
            weight_bits=3,
            neuron=LiParams(state_bits=8),
            readout=Readout.MEMBRANE,
        ),
    ),
)

SPIKES = AcceleratorParams(
    name="spikes",
    engines=(
        SpikingParams(
            inputs=6,
            neurons=5,
            lanes=2,
            weight_bits=3,
            neuron=LifParams(threshold=2, state_bits=6),
        ),
    ),
    host_input=HostInput.TOKENS,
    host_output=HostOutput.TOKENS,
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(root=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def options(cache):
    return GateOptions(library=LIBRARY, technology=load_technology("osu018"), cache=cache)


@pytest.fixture(autouse=True)
def no_timing(monkeypatch):
    """OpenSTA is not everywhere: the technology's clock."""
    monkeypatch.setattr(measure_module, "look", lambda name: (None, "not here"))


def measured(params, options):
    design = random_design(params, seed=1)
    return measure_gates(design, random_samples(design, 4, seed=2), options)


@pytest.mark.parametrize(
    "params",
    [SNN, *(pytest.param(params, marks=pytest.mark.slow) for params in (ANN, STREAMED))],
    ids=lambda params: params.name,
)
def test_gates_compute_what_golden_says(params, options):
    found = measured(params, options)
    zero, delayed = (found.energies[delays] for delays in (ZERO, DELAYED))
    for energy in (zero, delayed):
        assert list(energy.parts) == list(PARTS)
        assert all(np.all(values >= 0) for values in energy.parts.values())
        static = energy.parts["clock"].mean() + energy.parts["leakage"].mean()
        assert energy.total.mean() == pytest.approx(sum(energy.modules.values()) + static, rel=0.01)
        # samples differ in activity, and the all-zero one has least
        moved = energy.total - energy.parts["clock"] - energy.parts["leakage"]
        assert moved[0] < moved[1:].min()
    assert delayed.edges > zero.edges
    np.testing.assert_array_equal(delayed.parts["clock"], zero.parts["clock"])
    report = found.report
    assert report.samples == 4 and report.period_ns == 10 and "no OpenSTA: not here" in report.period_source
    assert report.cells > report.ff > 0


@pytest.mark.parametrize("params", [SNN, pytest.param(ANN, marks=pytest.mark.slow)], ids=lambda params: params.name)
def test_memories_work_as_often_as_the_counters_say(params, options):
    """Also in the cycles in which a read is of no use; memories of few words are flip-flops in gates."""
    found = measured(params, options)
    cycles = found.result.cycles.astype(float)
    accesses = [each for engine in engine_work(params, found.result.counters) for each in engine.accesses]
    macros = [each for each in accesses if options.technology.is_macro(each.bits, each.capacity_bits)]
    assert any(each.reads_always for each in macros)
    enabled = [each.count + each.idle(cycles) * each.reads_always for each in macros]
    prices = [options.technology.access(each.bits, each.capacity_bits) for each in macros]
    wanted = sum(np.mean(count) * price for count, price in zip(enabled, prices, strict=True))
    modules = found.energies[ZERO].modules
    assert sum(pj for name, pj in modules.items() if name.endswith("(memory)")) == pytest.approx(wanted)


def test_the_clock_of_what_sleeps_is_charged_while_it_is_awake(options):
    plain, gated = measured(SNN, options), measured(SNN.with_clock_gating(True), options)
    always, stopped = plain.energies[ZERO], gated.energies[ZERO]
    for part in set(PARTS) - {"clock"}:
        np.testing.assert_array_equal(always.parts[part], stopped.parts[part])
    cycles = plain.result.cycles
    awake = [gated.result.counters[f"{number}.{AWAKE}"] for number in (1, 2)]
    least = np.min([*awake, cycles], axis=0) / cycles  # if everything slept as long as the one that sleeps most
    saved = stopped.parts["clock"] / always.parts["clock"]
    assert (least < saved).all() and (saved[0] < 1).all()


def test_hierarchy_survives(options):
    found = measured(SNN, options).energies[ZERO]
    assert {"engine_1.accumulate", "engine_1.neuron_0", "engine_1.neuron_1", "registers", "input"} <= set(found.modules)
    assert found.modules["engine_1.multiply"] > 0, "payloads of 3 bits"
    assert "engine_2.multiply" not in found.modules, "spikes"
    assert found.modules["engine_0.buffer (memory)"] > 0
    assert {part for part in PARTS if found.parts[part].mean() > 0} == set(PARTS)


def test_a_difference_from_golden_is_an_error(options, monkeypatch):
    run = measure_module.golden.run

    def wrong(design, x):
        result = run(design, x)
        return replace(result, outputs=result.outputs + (np.arange(4) == 2)[:, None])

    monkeypatch.setattr(measure_module.golden, "run", wrong)
    with pytest.raises(InputError, match=r"gates of snn \(delays zero\) differ from golden in 1 samples"):
        measured(SNN, options)


def test_spikes_that_leave_are_those_of_golden(options, monkeypatch):
    found = measured(SPIKES, options)
    assert found.result.trains.sum(axis=(1, 2)).tolist()[0] == 0 < found.result.trains.sum()
    assert found.energies[DELAYED].total[0] < found.energies[DELAYED].total[1:].min()
    run = measure_module.golden.run

    def late(design, x):
        result = run(design, x)
        return replace(result, trains=np.roll(result.trains, 1, axis=1))

    monkeypatch.setattr(measure_module.golden, "run", late)
    with pytest.raises(InputError, match=r"gates of spikes \(delays zero\) differ from golden in [123] samples"):
        measured(SPIKES, options)


@pytest.mark.slow
def test_booth_or_not(options):
    mapped = [
        map_gates(source_of(random_design(ANN, seed=1)), LIBRARY, booth=booth, cache=options.cache)
        for booth in (True, False)
    ]
    assert len(mapped[0].netlist.gates) != len(mapped[1].netlist.gates)
    assert [macro.path for macro in mapped[0].netlist.macros] == [macro.path for macro in mapped[1].netlist.macros]


def test_building_blocks(options):
    rows = {(row.block, row.density): row for row in measure_cells(options, BlockOptions(cycles=300))}
    assert len(rows) == 3 * len(DENSITIES)
    for block in ("8-bit PE", "8-bit PE, zero-gated", "16-bit lane"):
        for delays in ("zero", "library"):
            pj = [rows[block, density].pj_per_cycle[delays] for density in DENSITIES]
            assert pj == sorted(pj, reverse=True), "fewer operands, less energy"
        assert rows[block, 0.06].pj_per_operation["zero"] > rows[block, 1.0].pj_per_operation["zero"]
        assert rows[block, 0.0].pj_per_operation is None
    plain, gated = (rows[block, 0.0].pj_per_cycle["library"] for block in ("8-bit PE", "8-bit PE, zero-gated"))
    assert gated < plain


def test_the_period_is_opensta_s(options, tmp_path):
    script = tmp_path / "sta.py"
    script.write_text("print('    -0.75   slack (VIOLATED)')")
    sta = Tool(name="sta", version="2", source="PATH", release="stub", command=(sys.executable, str(script)))
    mapped = map_gates(source_of(random_design(SNN, seed=1)), LIBRARY, cache=options.cache)
    assert clock_period(mapped, sta, options.cache) == 10.75
    script.write_text("print('No paths found.')")
    with pytest.raises(ToolError, match="found no path from flip-flop to flip-flop in snn"):
        clock_period(mapped, replace(sta, release="another"), options.cache)


def test_the_period_by_opensta_itself(options, monkeypatch):
    if look("sta")[0] is None:
        pytest.skip("OpenSTA is not installed (make asic-tools)")
    monkeypatch.setattr(measure_module, "look", look)
    mapped = map_gates(source_of(random_design(SNN, seed=1)), LIBRARY, cache=options.cache)
    timing = timing_of(mapped, options)
    assert timing.source.startswith("OpenSTA")
    assert 5 < timing.period_ns < 100, "every gate of the library takes 1 ns"


def test_cells_of_an_fpga_are_refused():
    array = replace(ENGINE.array, primitives=PrimitiveSet.ECP5)
    design = random_design(AcceleratorParams(name="ann", engines=(replace(ENGINE, array=array),)), seed=1)
    with pytest.raises(InputError, match="gates cannot contain multipliers of ecp5: leave out --primitives ecp5"):
        source_of(design)


def test_what_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setitem(measure_module.INSTALLED, "osu018", tmp_path / "none.lib")
    with pytest.raises(NotInstalledError, match="osu018 are not installed: run `make asic-tools`"):
        GateOptions.on("osu018")
    study = GateStudy.on("osu018", samples=3)
    assert study.options is None and "make asic-tools" in study.missing
    with pytest.raises(InputError, match=r"no library 'nothing\.lib'"):
        GateStudy.on("nothing.lib", samples=3)


def test_memories_are_priced_like_the_cells(tmp_path):
    sky = tmp_path / "sky130_any.lib"
    sky.write_bytes(LIBRARY.read_bytes())
    assert GateOptions.on(str(sky)).technology.name == "sky130hd"
    assert GateOptions.on(str(LIBRARY)).technology.name == "osu018"
    assert GateOptions.on(str(LIBRARY), technology="horowitz45").technology.name == "horowitz45"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["energy", "gates", "no.onnx", "--target", "nothing.lib"], "no library 'nothing.lib'"),
        (["energy", "gates", "no.onnx", "--target", str(LIBRARY), "--samples", "450"], "samples must be from 1 to 449"),
        (["energy", "cells", "--target", str(LIBRARY), "--cycles", "1"], "cycles must be an integer from 100"),
        (["energy", "cells", "--target", str(LIBRARY), "--json", "no/folder/x.json"], "cannot write"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    run = subprocess.run([sys.executable, "-m", "tospike", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert message in " ".join(run.stderr.split()) and "Traceback" not in run.stderr


@pytest.mark.slow
def test_a_model_and_its_folder_cost_the_same(tmp_path):
    """The command line, from a trained network and from what was generated of it."""

    def tospike(*arguments):
        command = [sys.executable, "-m", "tospike", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    model = EXAMPLES / "digits_snn.nir"
    tospike("generate", "network", model, "--data", "digits", "--out", tmp_path / "design")
    found = []
    for number, source in enumerate((model, tmp_path / "design")):
        written = tmp_path / f"{number}.json"
        arguments = ("--samples", 2, "--target", LIBRARY, "--delays", "library", "--json", written)
        tospike("energy", "gates", source, "--data", "digits", *arguments)
        found.append(json.loads(written.read_text()))
    assert found[0] == found[1]
    assert list(found[0]["delays"]) == ["library"] and found[0]["samples"] == 2
    energy = found[0]["delays"]["library"]
    assert sum(energy["parts"].values()) == pytest.approx(energy["total"])
    assert len(energy["samples"]) == 2
