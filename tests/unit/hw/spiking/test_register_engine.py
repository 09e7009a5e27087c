"""The register engine against the golden model that it shares with the event engine, and its own exact cycles."""

from dataclasses import fields, replace

import numpy as np
import pytest
from support.chains import expected_words, random_chain, run_golden
from support.chains import run_rtl as run_chain
from support.event_engine import expected_tokens, finish, packed, random_case, run_rtl
from support.stream_bench import END, TICK, send_tokens, simulate, train_tokens, value

from tospike.compare.energy.counters.hardware import engine_work
from tospike.gen.options.core import LayerOptions, SpikingEngine
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.layout import config_writes
from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    HostInput,
    IfParams,
    InputError,
    LifParams,
    NeuronKind,
    NeuronUpdate,
    Readout,
    RegisterParams,
    SpikingParams,
    neuron_params,
)
from tospike.hw.spiking.layout import counter_names, memories, pack
from tospike.hw.spiking.register import RegisterEngine
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.network import Dense, InputSpec, Network, Stage
from tospike.sim.spiking.golden import run_event


def in_registers(params):
    shared = {field.name: getattr(params, field.name) for field in fields(RegisterParams)}
    return RegisterParams(**shared)


def check(params, weight, bias, inputs, recurrent=None, decays=None, *, stall=0.0, seed=0):
    run = run_event(params, weight, bias, inputs, recurrent, decays)
    tokens = [token for train in inputs for token in train_tokens(train)]
    expected = [token for sample in range(len(inputs)) for token in expected_tokens(params, run, sample)]
    dut = RegisterEngine(params, packed(params, weight, bias, recurrent, decays))
    received, counters = run_rtl(dut, tokens, len(expected), stall=stall, seed=seed)
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in run.counters.items()}


@pytest.mark.parametrize(
    ("kind", "readout"),
    [(kind, readout) for kind in NeuronKind for readout in Readout if kind.spikes or readout is Readout.MEMBRANE],
)
def test_every_neuron_and_readout(kind, readout):
    rng = np.random.default_rng(1)
    params, *arrays = random_case(rng, lanes=4, neurons=7, kind=kind, readout=readout)
    check(in_registers(params), *arrays, stall=0.5, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_many_engines(seed):
    rng = np.random.default_rng(seed)
    params, *arrays = random_case(rng, lanes=1, neurons=int(rng.integers(1, 20)))
    check(in_registers(params), *arrays, stall=float(rng.choice([0.0, 0.2, 0.7])), seed=seed)


def check_chain(seed):
    """Chains in which each engine keeps its states here or there."""
    rng = np.random.default_rng(seed)
    chain, synapses, samples = random_chain(rng)
    engines = [
        in_registers(engine) if isinstance(engine, SpikingParams) and rng.integers(3) else engine
        for engine in chain.engines
    ]
    chain = replace(chain, engines=tuple(engines))
    frames, runs = run_golden(chain, synapses, samples)
    results, _ = run_chain(chain, synapses, samples)
    assert [words for words, _ in results] == [expected_words(chain, runs[-1], sample) for sample in range(3)]
    assert [taken for _, taken in results] == chain_cycles(chain, frames, runs).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_chain(seed):
    check_chain(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_many_chains(seed):
    check_chain(seed)


def test_every_token_takes_a_cycle():
    params = in_registers(SpikingParams(inputs=3, neurons=9, readout=Readout.COUNT))
    dut = RegisterEngine(params, pack(params, [[1, 1, 1]] * 9, [0] * 9))

    async def producer(ctx):
        ctx.set(dut.o.ready, 1)
        await finish(ctx, dut)
        await send_tokens(ctx, dut.i, [value(0), value(2), TICK, TICK, value(1), TICK, END])

    async def watch(ctx):
        taken = []
        for cycle in range(40):
            *_, valid, ready = await ctx.tick().sample(dut.i.valid, dut.i.ready)
            taken += [cycle] if valid and ready else []
        return taken

    assert np.diff(simulate(dut, producer, watch)[1]).tolist() == [1] * 6


def test_weights_and_biases_can_be_written():
    rng = np.random.default_rng(3)
    params = in_registers(SpikingParams(inputs=3, neurons=9, bias=True, writable=True, readout=Readout.MEMBRANE))
    weight, bias = rng.integers(-128, 128, (9, 3)), rng.integers(-30, 30, 9)
    inputs = rng.integers(0, 2, (2, 3, 3))
    images = pack(params, weight.tolist(), bias.tolist())
    writes = [
        (4 + number, index, chunk)
        for number, shape in enumerate(memories(params))
        for index, chunk in config_writes(shape, images[shape.name])
    ]
    run = run_event(params, weight, bias, inputs)
    expected = [token for sample in range(2) for token in expected_tokens(params, run, sample)]
    dut = RegisterEngine(params, {shape.name: [] for shape in memories(params)}, first_region=4)
    tokens = [END, *(token for train in inputs for token in train_tokens(train))]
    received, counters = run_rtl(dut, tokens, 1 + len(expected), writes=writes)
    assert received == [END, *expected]
    assert set(counters) == set(counter_names(params))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lanes": 4}, "a register engine updates its 8 neurons at once: leave --lanes and --update out"),
        ({"update": NeuronUpdate.ACTIVE}, "leave --lanes and --update out"),
        ({"neurons": 257}, "neurons of a register engine must be an integer from 1 to 256, not 257"),
    ],
)
def test_register_engines_that_cannot_be_are_refused(changes, message):
    options = LayerOptions(**{"inputs": 2, "neurons": 8, "engine": SpikingEngine.REGISTER, **changes})
    with pytest.raises(InputError, match=message):
        options.engine_of(IfParams())


def test_layers_that_are_small_enough_are_planned_onto_it():
    neuron = IfParams()
    stages = tuple(
        Stage(name=f"s{n}", synapses=Dense(weight=np.ones((o, i), int), bias=np.zeros(o, int)), neuron=neuron)
        for n, (i, o) in enumerate([(4, 257), (257, 3)])
    )
    spec = InputSpec(inputs=4, steps=2, encoding=None, format=SPIKE)
    network = Network(name="net", input=spec, stages=stages, readout=Readout.COUNT)
    design = plan(network, PlanOptions(engine=Engine.REGISTER, update=NeuronUpdate.ACTIVE))
    assert [(type(e), e.lanes, e.update) for e in design.params.engines] == [
        (SpikingParams, 8, NeuronUpdate.ACTIVE),
        (RegisterParams, 3, NeuronUpdate.ALL),
    ]
    only = replace(network, stages=stages[:1])
    with pytest.raises(InputError, match="which suits no layer of 'net': leave --engine register out"):
        plan(only, PlanOptions(engine=Engine.REGISTER))
    leaky = replace(only, stages=(replace(stages[0], neuron=LifParams()),))
    with pytest.raises(InputError, match="'net' has none: leave it out"):
        plan(leaky, PlanOptions(update=NeuronUpdate.ACTIVE))


@pytest.mark.parametrize("readout", Readout)
def test_energy_counts_registers_where_there_is_no_memory(readout):
    kind = NeuronKind.LI if readout is Readout.MEMBRANE else NeuronKind.LIF
    layer = in_registers(SpikingParams(inputs=3, neurons=9, neuron=neuron_params(kind), readout=readout))
    params = AcceleratorParams(name="small", engines=(layer,), host_input=HostInput.TOKENS)
    names = counter_names(layer)
    (work,) = engine_work(params, dict.fromkeys(("cycles", "inputs"), 1) | {f"0.{name}": 1 for name in names})
    in_memory = {access.term for access in work.accesses if access.capacity_bits}
    assert in_memory == {"weight_read"}
    assert work.memory_bits == 3 * 9 * 8
