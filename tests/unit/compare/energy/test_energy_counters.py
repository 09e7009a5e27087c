"""The hardware's counters times a technology; terms that add up; counters of RTL and golden model alike."""

from dataclasses import replace

import numpy as np
import pytest
from support.counters import DELAYS, RATE, golden
from support.energy import ANN, ARRAY, SNN
from support.simulators import QUICK

from tospike.compare.energy.counters.energy import PARTS, counter_energy
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.levels import TERMS, differences
from tospike.compare.energy.technology import Platform, load_technology, shipped
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    CHANGE,
    AcceleratorParams,
    Dataflow,
    DeltaParams,
    DenseLayer,
    EventWindow,
    HostInput,
    Readout,
    SpikingParams,
    SystolicParams,
)
from tospike.sim.accelerator import run
from tospike.tb.replay.replay import replay

HOROWITZ = load_technology("horowitz45")
WS = replace(
    ANN,
    engines=(
        SystolicParams(
            array=replace(ARRAY, rows=2, dataflow=Dataflow.WS, acc_bits=20),
            layers=(DenseLayer(rows=3, inputs=7, outputs=6, clamp=(0, 15)), DenseLayer(rows=3, inputs=6, outputs=3)),
        ),
    ),
)
WINDOW = replace(
    SNN,
    engines=(
        SpikingParams(
            inputs=48,
            neurons=15,
            lanes=3,
            window=EventWindow(shape=(2, 4, 6), channels=5, kernel=(2, 1), pool=(2, 2)),
        ),
        SpikingParams(inputs=15, neurons=4, lanes=3, readout=Readout.COUNT),
    ),
    host_input=HostInput.TOKENS,
)
DELTA = replace(
    SNN,
    engines=(
        DeltaParams(inputs=SNN.engines[0].inputs, steps=SNN.engines[0].steps, threshold=20),
        replace(SNN.engines[1], payload=CHANGE),
        *SNN.engines[2:],
    ),
)
ALL = {"delays": DELAYS, "delta": DELTA, "os": ANN, "ws": WS, "direct": SNN, "rate": RATE, "window": WINDOW}


@pytest.mark.parametrize("name", ALL)
def test_counters_of_the_rtl_give_the_same_energy(name, tmp_path):
    params = ALL[name]
    design, x, result = golden(params)
    verilog, _, _ = build(params, pack(design))
    got = replay(verilog, params, x, simulator=QUICK, cache=Cache(root=tmp_path)).counters
    totals = {key: int(values.sum()) for key, values in result.counters.items()}
    assert {key: value for key, value in got.items() if key != "cycles"} == totals
    assert got["cycles"] == result.cycles.sum()
    per_sample = counter_energy(HOROWITZ, params, result.counters, result.cycles)
    measured = counter_energy(HOROWITZ, params, got, got["cycles"])
    for term, values in measured.terms.items():
        assert values.sum() == pytest.approx(per_sample.terms[term].sum()), term


@pytest.mark.parametrize("technology", shipped())
@pytest.mark.parametrize("name", ALL)
def test_parts_add_up_and_none_is_negative(name, technology):
    params = ALL[name]
    _, _, result = golden(params)
    energy = counter_energy(load_technology(technology), params, result.counters, result.cycles)
    summary = energy.summary()
    assert sum(summary.parts.values()) == pytest.approx(summary.total)
    assert sum(summary.terms.values()) == pytest.approx(summary.total)
    assert np.mean(summary.samples) == pytest.approx(summary.total, abs=1e-3)
    assert {term for terms in PARTS.values() for term in terms} >= set(energy.terms)
    for term, values in energy.terms.items():
        assert np.all(values >= 0), term
    assert (energy.area_um2 > 0) == (load_technology(technology).platform is Platform.ASIC)
    assert 0 < energy.stoppable.mean() < energy.terms["clock_idle"].mean()
    assert summary.gated == pytest.approx((energy.total - energy.stoppable).mean())
    assert all(0 < share < 1.5 for share in summary.busy.values())


def test_a_silent_sample_still_pays_for_clock_leakage_and_updates():
    _, x, result = golden(SNN)
    assert not x[0].any()
    terms = counter_energy(HOROWITZ, SNN, result.counters, result.cycles).terms
    for name in ("mac", "activation_read", "activation_write"):
        assert terms[name][0] == 0
        assert terms[name][1] > 0
    for name in ("clock_idle", "leakage", "neuron_update", "state_write"):
        assert terms[name][0] > 0


def test_twice_the_cycles_cost_twice_the_leakage_and_nothing_but_the_clock_besides():
    _, _, result = golden(ANN)
    once = counter_energy(HOROWITZ, ANN, result.counters, result.cycles).terms
    twice = counter_energy(HOROWITZ, ANN, result.counters, 2 * result.cycles).terms
    bits = sum(register_bits(ANN).values())
    assert twice["leakage"] == pytest.approx(2 * once["leakage"])
    assert twice["clock_idle"] - once["clock_idle"] == pytest.approx(bits * result.cycles * 0.0039)
    for name in set(once) - {"leakage", "clock_idle", "memory_idle"}:
        assert twice[name].tolist() == once[name].tolist()


@pytest.mark.parametrize("params", [ANN, SNN], ids=["array", "events"])
def test_clock_gating_by_hand(params):
    design, x, plain = golden(params)
    gated = params.with_clock_gating(True)
    result = run(replace(design, params=gated), x)
    always = counter_energy(HOROWITZ, params, plain.counters, plain.cycles)
    stopped = counter_energy(HOROWITZ, gated, result.counters, result.cycles)
    bits, saved = register_bits(params), np.zeros(len(x))
    for number, engine in enumerate(gated.engines):
        if engine.clock_gating:
            awake = result.counters[f"{number}.{engine.awake_counter}"]
            saved += bits[f"engine_{number}" if engine.sleeps else f"engine_{number}.array"] * (plain.cycles - awake)
    assert saved.max() > 0
    assert always.terms["clock_idle"] - stopped.terms["clock_idle"] == pytest.approx(saved * 0.0039)
    for name in set(always.terms) - {"clock_idle", "memory_idle"}:
        assert stopped.terms[name].tolist() == always.terms[name].tolist(), name
    # memories of an array are outside of what sleeps; those of an event engine are not read while it is asleep
    idle = [energy.terms["memory_idle"].mean() for energy in (always, stopped)]
    assert idle[0] == idle[1] if params is ANN else idle[0] >= idle[1]
    assert stopped.area_um2 == always.area_um2


def test_clock_gating_saves_nothing_on_an_fpga():
    design, x, plain = golden(SNN)
    gated, ecp5 = SNN.with_clock_gating(True), load_technology("ecp5")
    result = run(replace(design, params=gated), x)
    energies = [
        counter_energy(ecp5, params, found.counters, found.cycles).total.tolist()
        for params, found in ((SNN, plain), (gated, result))
    ]
    assert energies[0] == energies[1]


def test_leakage_by_hand():
    """A nanowatt for a microsecond is a femtojoule."""
    _, _, result = golden(ANN)
    technology = replace(
        HOROWITZ, logic=replace(HOROWITZ.logic, nw_per_um2=0.0), sram=replace(HOROWITZ.sram, nw_per_bit=1.0)
    )
    bits = engine_work(ANN, result.counters)[0].memory_bits
    terms = counter_energy(technology, ANN, result.counters, result.cycles).terms
    assert terms["leakage"] == pytest.approx(bits * (result.cycles / 500) / 1000)


def test_accesses_by_hand():
    """7-6-3 on 1 x 4: 7 + 7 + 6 steps; 5 time steps, 6 neurons on 4 lanes, then 3 on 2."""
    _, x, result = golden(ANN)
    (ann,) = engine_work(ANN, result.counters)
    count = {access.term: access.count[0] for access in ann.accesses}
    assert count["weight_read"] == count["activation_read"] == 2 * 7 + 6
    assert count["activation_write"] == 7 + 6
    assert count["bias_read"] == count["multiplier_read"] == 9
    assert count["state_write"] == 3 * 4
    assert ann.busy[0] == 20
    _, x, result = golden(SNN)
    encoder, first, _ = engine_work(SNN, result.counters)
    nonzero = np.count_nonzero(x, axis=1)
    writes = {access.term: access.count for access in encoder.accesses}
    assert writes["activation_write"].tolist() == nonzero.tolist()
    assert writes["activation_read"].tolist() == (4 * nonzero).tolist()
    reads = {access.term: access for access in first.accesses}
    assert reads["weight_read"].count.tolist() == (5 * nonzero * 2).tolist()
    assert reads["weight_read"].bits == 4 * 4
    assert reads["bias_read"].count.tolist() == [6 * 2] * 6
    assert reads["state_write"].capacity_bits == 0, "two words of states are a ring of registers"


def test_unused_reads_and_deselected_memories_by_hand():
    """Memories are read in every cycle; writes are enabled, and only technologies with such a price charge the rest."""
    _, _, result = golden(ANN)
    (ann,) = engine_work(ANN, result.counters)
    accesses = {access.term: access for access in ann.accesses}
    weights = accesses["weight_read"]
    assert weights.reads_always and not accesses["activation_write"].reads_always
    cycles = result.cycles.astype(float)
    assert weights.idle(cycles).tolist() == (result.cycles - 20).tolist()
    assert accesses["state_write"].ports == 4
    macros = [access for access in ann.accesses if HOROWITZ.is_macro(access.bits, access.capacity_bits)]
    assert "state_read" not in {access.term for access in macros}, "two words are flip-flops"
    always = [access for access in macros if access.reads_always]
    unused = sum(access.idle(cycles) * HOROWITZ.access(access.bits, access.capacity_bits) for access in always)
    once = counter_energy(HOROWITZ, ANN, result.counters, result.cycles).terms
    assert once["memory_idle"] == pytest.approx(unused)
    awake = replace(HOROWITZ, sram=replace(HOROWITZ.sram, deselected=0.5, write=2.0))
    terms = counter_energy(awake, ANN, result.counters, result.cycles).terms
    assert terms["activation_write"] == pytest.approx(2 * once["activation_write"])
    assert terms["activation_read"] == pytest.approx(once["activation_read"])
    others = [access for access in macros if not access.reads_always]
    half = sum(access.idle(cycles) * HOROWITZ.access(access.bits, access.capacity_bits) / 2 for access in others)
    assert terms["memory_idle"] == pytest.approx(unused + half)


def test_states_move_to_a_memory_when_there_are_many_words():
    _, _, result = golden(RATE)
    first = engine_work(RATE, result.counters)[1]
    states = [access for access in first.accesses if access.term in ("state_read", "state_write")]
    assert [access.term for access in states] == ["state_read", "state_write"]
    assert all(access.capacity_bits == 6 * 16 for access in states), "6 words of one lane"


def test_registers_are_counted_by_engine():
    bits = register_bits(ANN)
    assert set(bits) == {"host", "engine_0", "engine_0.array"}
    assert bits["host"] > 32 + 32 + 32, "two counters and a word at least"
    wider = replace(ANN, engines=(replace(ANN.engines[0], array=replace(ARRAY, cols=5)),))
    assert register_bits(wider)["engine_0"] > bits["engine_0"]
    assert register_bits(wider)["host"] == bits["host"]
    assert set(register_bits(SNN)) == {"host", "engine_0", "engine_1", "engine_2"}


def test_differences_add_up_and_are_in_words():
    counts = {"mac": 3.0, "spike": 1.0, "weight_read": 2.0, "odd": 0.5}
    counters = {"mac": 3.5, "spike": 0.5, "queue_read": 0.25, "queue_write": 0.25, "leakage": 4.0}
    found = {d.term: d for d in differences(counts, counters)}
    assert list(found) == ["mac", "spike", "weight_read", "leakage", "odd"]
    assert found["spike"].difference == 0
    assert found["weight_read"].difference == -2
    assert sum(d.counts for d in found.values()) == 6.5
    assert sum(d.counters for d in found.values()) == 8.5
    assert {term for terms in PARTS.values() for term in terms} <= set(TERMS) | {"queue_read", "queue_write"}


def test_an_engine_of_one_lane_and_one_neuron():
    params = AcceleratorParams(
        name="one",
        engines=(replace(SNN.engines[0], inputs=1), replace(SNN.engines[1], inputs=1, neurons=1, lanes=1)),
        host_output="tokens",
    )
    _, _, result = golden(params)
    energy = counter_energy(HOROWITZ, params, result.counters, result.cycles)
    assert np.all(energy.total > 0)
