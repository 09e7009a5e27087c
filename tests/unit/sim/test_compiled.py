"""The compiled golden models equal those in Python: results, counters, cycles."""

import logging

import numpy as np
import pytest
from support.chains import random_chain, run_golden
from support.event_engine import random_case
from support.window_cases import random_window_case

from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    DelayParams,
    DeltaParams,
    HostEventParams,
    HostInput,
    HostOutput,
    IntFormat,
    IParams,
    Readout,
    SpikingParams,
)
from tospike.sim.compiled import counting, events, library, links
from tospike.sim.compiled.events import CompiledAccumulator
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.encoders.delay import run_delay
from tospike.sim.spiking.golden import run_event

U8 = IntFormat(bits=8, signed=False)


@pytest.fixture
def uncompiled(monkeypatch):
    """A function that turns compiled code off."""

    def turn_off():
        for module in (counting, events, links):
            monkeypatch.setattr(module, "library", lambda: None)

    return turn_off


def assert_same_run(ours, theirs):
    for name in ("sent", "spikes", "outputs", "updated"):
        assert (getattr(ours, name) == getattr(theirs, name)).all(), name
    for counts, others in ((ours.counters, theirs.counters), (ours.operations, theirs.operations)):
        assert {name: count.tolist() for name, count in counts.items()} == {
            name: count.tolist() for name, count in others.items()
        }


def random_engine(rng):
    return random_case(rng, lanes=int(rng.integers(1, 5)), neurons=int(rng.integers(1, 9)))


@pytest.mark.parametrize("case", [random_engine, random_window_case])
def test_engines(case, uncompiled):
    cases = [case(np.random.default_rng(seed)) for seed in range(60)]
    fast = [run_event(*given) for given in cases]
    assert sum(run.counters["saturations"].sum() for run in fast) > 0
    uncompiled()
    for given, run in zip(cases, fast, strict=True):
        assert_same_run(run, run_event(*given))


def test_sums_beyond_32_bits(uncompiled):
    """A membrane of 32 bits and a product do not fit 32 bits together."""
    params = SpikingParams(
        inputs=9, neurons=5, neuron=IParams(state_bits=32), weight_bits=16, payload=U8, readout=Readout.MEMBRANE
    )
    rng = np.random.default_rng(1)
    weight = rng.integers(-(1 << 15), 1 << 15, (5, 9))
    inputs = rng.integers(0, 256, (4, 300, 9))
    assert isinstance(events.accumulator(params, weight, inputs, None), CompiledAccumulator)
    fast = run_event(params, weight, np.zeros(5, dtype=np.int64), inputs)
    assert np.abs(fast.outputs).max() > 1 << 30 and fast.counters["saturations"].any()
    uncompiled()
    assert_same_run(fast, run_event(params, weight, np.zeros(5, dtype=np.int64), inputs))


def assert_same_cycles(chains, uncompiled):
    fast = [chain_cycles(*chain).tolist() for chain in chains]
    uncompiled()
    assert fast == [chain_cycles(*chain).tolist() for chain in chains]


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_cycles_of_chains(start, uncompiled):
    """Encoders, delays, recurrence, listed words, each sink; a part of a chain may be uncompiled."""
    chains = []
    for seed in range(start, start + 20):
        chain, synapses, samples = random_chain(np.random.default_rng(seed))
        chains.append((chain, *run_golden(chain, synapses, samples)))
    assert_same_cycles(chains, uncompiled)


def window_chains(rng):
    """Windows behind tokens, or behind recordings and a delay engine, with every output."""
    params, weight, bias, inputs, _, decays = random_window_case(rng)
    steps = inputs.shape[1]
    outputs = [HostOutput.TOKENS, *([HostOutput.DENSE] if params.readout is not Readout.SPIKES else [])]
    if params.readout is Readout.SPIKES and params.neurons > 1:
        outputs += [HostOutput.FIRST_SPIKE, HostOutput.EARLY]
    run = run_event(params, weight, bias, inputs, decays=decays)
    fronts = [((), {"host_input": HostInput.TOKENS}, [run])]
    if params.payload == SPIKE:
        delay = DelayParams(inputs=params.inputs, longest=2)
        delayed = run_delay(delay, rng.integers(0, 3, params.inputs), inputs)
        runs = [delayed, run_event(params, weight, bias, delayed.sent, decays=decays)]
        knobs = {"host_input": HostInput.EVENTS, "host_events": HostEventParams(time_bin=1, steps=steps)}
        fronts.append(((delay,), knobs, runs))
    for output in outputs:
        decides = {"decision_steps": steps} if output is HostOutput.EARLY else {}
        for engines, knobs, runs in fronts:
            chain = AcceleratorParams(name="chain", engines=(*engines, params), host_output=output, **knobs, **decides)
            yield chain, inputs, runs


def test_cycles_of_windows(uncompiled):
    """Tokens and recordings; values, counts and first spikes of images."""
    chains = [chain for seed in range(80) for chain in window_chains(np.random.default_rng(seed))]
    assert {chain.host_input for chain, *_ in chains} == {HostInput.TOKENS, HostInput.EVENTS}
    assert_same_cycles(chains, uncompiled)


def test_whole_chains_are_compiled(monkeypatch):
    """Or no comparison above would mean anything: without a send in Python, only a delta encoder lacks one."""
    monkeypatch.setattr("tospike.sim.cycles.chain.send", None)
    for seed in range(20):
        chain, synapses, samples = random_chain(np.random.default_rng(seed))
        if not isinstance(chain.engines[0], DeltaParams):
            chain_cycles(chain, *run_golden(chain, synapses, samples))


def test_without_a_compiler(monkeypatch, caplog):
    """A warning says once what is slower and what to install."""
    monkeypatch.setenv("PATH", "")
    library.library.cache_clear()
    with caplog.at_level(logging.WARNING, logger="tospike"):
        assert library.library() is None
        assert library.library() is None
    library.library.cache_clear()
    [record] = caplog.records
    assert "several times slower" in record.message and "apt-get install g++" in record.message
