"""Updates of touched words only: the same tokens as by updates of all, in as few cycles as are foretold."""

from dataclasses import replace

import numpy as np
import pytest
from support.chains import expected_words, run_rtl
from support.event_engine import check, finish
from support.neuron_cases import of_kind
from support.stream_bench import TICK, send_tokens, simulate, value

from tospike.hw.params import (
    AcceleratorParams,
    Comparison,
    CubaLifParams,
    HostInput,
    HostOutput,
    IfParams,
    InputError,
    IntFormat,
    IParams,
    LifParams,
    NeuronKind,
    NeuronUpdate,
    Readout,
    Reset,
    ResetTiming,
    SpikingParams,
)
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import pack
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.spiking.golden import run_event


def random_neuron(rng, readout):
    """An IF or I; spikes in a row by subtraction are likely."""
    kind = NeuronKind.I if readout is Readout.MEMBRANE and rng.integers(2) else NeuronKind.IF
    timing = list(ResetTiming)[rng.integers(3)]
    reset = Reset.SUBTRACT if timing is ResetTiming.SNNTORCH else list(Reset)[min(3, rng.integers(6))]
    reset = Reset.SUBTRACT if rng.integers(3) else reset
    timing = ResetTiming.SAME if reset is Reset.NONE else timing
    return of_kind(
        kind,
        state_bits=int(rng.choice([5, 8])),
        state_fraction_bits=int(rng.integers(2)),
        threshold=int(rng.integers(1, 6)),
        lower_bound=[None, None, 0, -2][rng.integers(4)],
        comparison=list(Comparison)[rng.integers(2)],
        reset=reset,
        reset_timing=timing,
        spike_bits=int(rng.integers(1, 3)) if timing is not ResetTiming.SNNTORCH and reset is not Reset.NONE else 1,
    )


def random_layer(rng, *, inputs, payload, readout, update=NeuronUpdate.ACTIVE):
    neurons = int(rng.choice([1, 7, 8, 9, 20]))
    params = SpikingParams(
        inputs=inputs,
        neurons=neurons,
        lanes=int(rng.choice([1, 2, 3, 8])),
        payload=payload,
        weight_bits=5,
        neuron=random_neuron(rng, readout),
        readout=readout,
        recurrent=readout is not Readout.MEMBRANE and not rng.integers(3),
        update=update,
    )
    recurrent = rng.integers(-4, 3, (neurons, neurons)) if params.recurrent else None
    weight = rng.integers(-8, 16, (neurons, params.inputs))
    return params, (weight, np.zeros(neurons, dtype=int), recurrent, None)


def random_chain(rng):
    """One or two layers, and spike trains with empty steps between others."""
    first, synapses = random_layer(
        rng,
        inputs=int(rng.choice([1, 4])),
        payload=IntFormat(bits=1, signed=False),
        readout=list(Readout)[rng.integers(3)],
    )
    layers = [(first, synapses)]
    if first.readout is Readout.SPIKES and rng.integers(2):
        payload = first.output.payload
        layers.append(random_layer(rng, inputs=first.neurons, payload=payload, readout=list(Readout)[rng.integers(3)]))
    trains = rng.integers(0, 2, (2, 9, first.inputs)) * (rng.random((2, 9, 1)) < 0.3)
    return [layer for layer, _ in layers], [synapses for _, synapses in layers], trains


@pytest.mark.parametrize("seed", range(16))
def test_chain(seed):
    engines, synapses, trains = random_chain(np.random.default_rng(seed))
    chain = AcceleratorParams(
        name="chain", engines=tuple(engines), host_input=HostInput.TOKENS, host_output=HostOutput.TOKENS
    )
    runs, inputs = [], trains
    for params, (weight, bias, *others) in zip(engines, synapses, strict=True):
        runs.append(run_event(params, weight, bias, inputs, *others))
        everything = run_event(replace(params, update=NeuronUpdate.ALL), weight, bias, inputs, *others)
        assert (runs[-1].spikes == everything.spikes).all()
        assert (runs[-1].outputs == everything.outputs).all()
        inputs = runs[-1].spikes.astype(np.int64)
    results, counters = run_rtl(chain, synapses, trains)
    assert [words for words, _ in results] == [expected_words(chain, runs[-1], sample) for sample in range(2)]
    assert counters == [{name: int(count.sum()) for name, count in run.counters.items()} for run in runs]
    assert [taken for _, taken in results] == chain_cycles(chain, trains, runs).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_under_back_pressure(seed):
    rng = np.random.default_rng(seed)
    params, (weight, bias, recurrent, _) = random_layer(
        rng, inputs=3, payload=IntFormat(bits=1, signed=False), readout=list(Readout)[seed % 3]
    )
    inputs = rng.integers(0, 2, (3, 8, 3)) * (rng.random((3, 8, 1)) < 0.4)
    check(params, weight, bias, inputs, recurrent, stall=0.5, seed=seed)


def test_a_word_stays_marked_while_it_spikes_without_events():
    """Membranes of 10, 3 and 0 at threshold 2, one word each: 4 steps of spikes, 1, none."""
    neuron = IfParams(state_bits=8, threshold=2, reset=Reset.SUBTRACT)
    params = SpikingParams(inputs=1, neurons=3, lanes=1, neuron=neuron, update=NeuronUpdate.ACTIVE)
    inputs = np.array([[[1], [0], [0], [0], [0], [0]]])
    run = check(params, np.array([[10], [3], [0]]), np.zeros(3, dtype=int), inputs)
    assert run.spikes[0].sum(axis=0).tolist() == [4, 1, 0]
    assert run.updated[0].sum(axis=1).tolist() == [3, 1, 1, 1, 0, 0]
    assert run.counters["update_words"].tolist() == [6 + 3]


def test_a_lower_bound_is_applied_after_each_step_with_events():
    """A bound of 0 forgets the -3 of the first step; the third has no event, and no update."""
    params = SpikingParams(
        inputs=2,
        neurons=1,
        lanes=1,
        neuron=IParams(state_bits=8, lower_bound=0),
        readout=Readout.MEMBRANE,
        update=NeuronUpdate.ACTIVE,
    )
    inputs = np.array([[[1, 0], [0, 1], [0, 0], [0, 1]]])
    run = check(params, np.array([[-3, 2]]), np.zeros(1, dtype=int), inputs)
    assert run.outputs.tolist() == [[4]]
    assert run.updated[0].sum(axis=1).tolist() == [1, 1, 0, 1]


def costs_of_steps(update, steps):
    """Cycles that the tokens of a 256-neuron engine with 16 lanes take, its consumer always ready.

    The buffer at its input has room for two, so a token is taken when the second one before it has left.
    """
    neuron = IfParams(threshold=1000)
    params = SpikingParams(inputs=2, neurons=256, lanes=16, neuron=neuron, readout=Readout.COUNT, update=update)
    dut = EventEngine(params, pack(params, [[1, 1]] * 256, [0] * 256))

    async def producer(ctx):
        ctx.set(dut.o.ready, 1)
        await finish(ctx, dut)
        await send_tokens(ctx, dut.i, [token for events in steps for token in [*map(value, events), TICK]] + 2 * [TICK])

    async def watch(ctx):
        taken = []
        for cycle in range(200):
            *_, valid, ready = await ctx.tick().sample(dut.i.valid, dut.i.ready)
            taken += [cycle] if valid and ready else []
        return taken

    return np.diff(simulate(dut, producer, watch)[1]).tolist()[2:]


def test_an_empty_step_costs_a_cycle():
    steps = [[], [], [1], [], [], []]
    assert costs_of_steps(NeuronUpdate.ACTIVE, steps) == [1, 1, 16, 16, 5, 1]
    assert costs_of_steps(NeuronUpdate.ALL, steps) == [16, 20, 20, 16, 20, 20]


@pytest.mark.parametrize(
    ("neuron", "bias"),
    [
        (LifParams(), False),
        (CubaLifParams(), False),
        (IfParams(refractory=1), False),
        (IfParams(), True),
    ],
)
def test_neurons_that_change_by_themselves_are_refused(neuron, bias):
    with pytest.raises(InputError, match="--update active is for IF and I neurons without bias or refractory steps"):
        SpikingParams(inputs=1, neurons=1, neuron=neuron, bias=bias, update=NeuronUpdate.ACTIVE)
