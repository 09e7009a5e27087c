"""Engines whose clock stops compute the same in the same cycles, and sleep in exactly those that the model says."""

from dataclasses import replace

import numpy as np
import pytest
from recorded.designs import designs
from support.accelerator_bench import answers_and_counters, check_answers
from unit.hw.test_counters import is_simulated

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.compare.search.bound import least_registers
from tospike.gen.emit.beats import answer_beats, output_words
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.host.layout import counter_names
from tospike.hw.params import AWAKE
from tospike.sim import accelerator as golden
from tospike.sim.compiled import library

GATED = {
    name: (replace(design, params=design.params.with_clock_gating(True)), x)
    for name, (design, x) in designs().items()
    if any(engine.sleeping_parts for engine in design.params.engines) and is_simulated(design.params)
}
HOROWITZ = load_technology("horowitz45")
FAST = ["systolic-os", "event-ann-argmax", "delta-ann", "registers", "rate"]
SLOW = sorted(set(GATED) - set(FAST))


def is_exact(name, samples):
    """Whether outputs, cycles and counters, those of awake cycles included, are the model's."""
    design, x = GATED[name]
    expected = golden.run(design, x[:samples])
    answers, counters = answers_and_counters(design, x[:samples], between=400)
    check_answers(design.params, answers, expected)
    totals = {counter: int(values.sum()) for counter, values in expected.counters.items()}
    assert counters == {"cycles": expected.cycles.sum()} | totals
    return True


@pytest.mark.parametrize("name", FAST)
def test_outputs_cycles_and_awake_cycles(name):
    assert is_exact(name, samples=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_outputs_cycles_and_awake_cycles_of_every_engine(name):
    assert is_exact(name, samples=4)


@pytest.mark.parametrize("name", ["rate", "event-ann-argmax", "chain-7"])
def test_back_pressure_wakes_and_delays_but_changes_nothing(name):
    design, x = GATED[name]
    answers, counters = answers_and_counters(design, x[:3], between=400, stall=0.6)
    expected = golden.run(design, x[:3])
    for index, (words, _) in enumerate(answers):
        assert words == answer_beats(design.params, output_words(design.params, expected, index))
    for counter, values in expected.counters.items():
        if counter.split(".")[-1] not in (AWAKE, "array_cycles"):
            assert counters[counter] == values.sum(), counter


@pytest.mark.parametrize("name", ["systolic-os", "rate"])
def test_model_without_gating_is_the_same_but_for_awake_cycles(name):
    design, x = GATED[name]
    plain = replace(design, params=design.params.with_clock_gating(False))
    asleep, always = golden.run(design, x), golden.run(plain, x)
    assert (asleep.outputs == always.outputs).all() and (asleep.cycles == always.cycles).all()
    others = {counter for counter in asleep.counters if not counter.endswith(AWAKE)}
    assert others == set(always.counters)
    added = [name for name in counter_names(design.params) if name not in counter_names(plain.params)]
    assert added == [name for name in asleep.counters if name.endswith(AWAKE)]


def test_compiled_and_uncompiled_models_sleep_in_the_same_cycles(monkeypatch):
    design, x = GATED["rate"]
    fast = golden.run(design, x).counters
    monkeypatch.setattr("tospike.sim.compiled.links.library", lambda: None)
    slow = golden.run(design, x).counters
    assert {name: values.tolist() for name, values in fast.items()} == {
        name: values.tolist() for name, values in slow.items()
    }
    assert library.library() is not None


def test_an_engine_with_nothing_to_do_sleeps():
    design, x = GATED["event-ann-argmax"]
    silent, busy = golden.run(design, np.zeros_like(x)), golden.run(design, x)
    asleep, awake = (result.counters[f"0.{AWAKE}"] for result in (silent, busy))
    assert asleep.mean() < awake.mean()


@pytest.mark.parametrize("name", sorted(GATED))
def test_nothing_costs_more_because_its_clock_is_gated(name):
    design, x = GATED[name]
    plain = design.params.with_clock_gating(False)
    gated = golden.run(design, x)
    for counter, values in gated.counters.items():
        if counter.endswith(AWAKE):
            assert (values <= gated.cycles).all()
    bits = dict.fromkeys(least_registers(design.params), 100)
    costs = [
        counter_energy(HOROWITZ, params, gated.counters, gated.cycles, registers=bits)
        for params in (plain, design.params)
    ]
    assert (costs[1].total <= costs[0].total + 1e-9).all()
    assert (costs[1].terms["memory_idle"] >= 0).all()


def test_planner_gates_the_engines_that_can_sleep():
    network = GATED["rate"][0].network
    params = plan(network, PlanOptions(clock_gating=True)).params
    assert [engine.clock_gating for engine in params.engines] == [bool(e.sleeping_parts) for e in params.engines]
    assert any(engine.sleeps for engine in params.engines)
    assert params.with_clock_gating(False) == plan(network, PlanOptions()).params
