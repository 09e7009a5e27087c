"""The event engine's RTL against its golden model: every token, every counter."""

import numpy as np
import pytest
from amaranth.hdl import *
from support.event_engine import check, expected_tokens, finish, random_case, run_rtl
from support.stream_bench import END, TICK, send_tokens, simulate, train_tokens, value

from tospike.hw.layout import config_writes
from tospike.hw.params import (
    CubaLifParams,
    InputError,
    IParams,
    LeakKind,
    LeakParams,
    LifParams,
    NeuronKind,
    Readout,
    SpikingParams,
)
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import memories, pack
from tospike.sim.spiking.golden import run_event


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("neurons", [1, 7, 8, 9, 20])
def test_engine_equals_golden_model(lanes, neurons):
    rng = np.random.default_rng(100 * lanes + neurons)
    check(*random_case(rng, lanes=lanes, neurons=neurons), stall=float(rng.choice([0.0, 0.4])))


@pytest.mark.parametrize(
    ("kind", "readout"),
    [(kind, readout) for kind in NeuronKind for readout in Readout if kind.spikes or readout is Readout.MEMBRANE],
)
def test_every_neuron_and_readout(kind, readout):
    rng = np.random.default_rng(7)
    check(*random_case(rng, lanes=4, neurons=11, kind=kind, readout=readout), stall=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_many_engines(seed):
    rng = np.random.default_rng(seed)
    lanes, neurons = int(rng.integers(1, 10)), int(rng.integers(1, 40))
    check(*random_case(rng, lanes=lanes, neurons=neurons), stall=float(rng.choice([0.0, 0.2, 0.7])), seed=seed)


def test_saturation_at_both_ends():
    neuron = IParams(state_bits=4)
    params = SpikingParams(inputs=3, neurons=2, lanes=2, weight_bits=4, neuron=neuron, readout=Readout.MEMBRANE)
    weight = np.array([[7, 7, -2], [-8, -8, 3]])
    run = check(params, weight, np.zeros(2, dtype=int), np.ones((1, 3, 3), dtype=int))
    assert run.outputs.tolist() == [[5, -5]]
    assert run.counters["saturations"].tolist() == [10]


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_a_value_costs_a_cycle_per_word(lanes):
    """However the weights and addresses are: no bubble between VALUEs, no stall for a word that is still on its way."""
    params = SpikingParams(inputs=10, neurons=8, lanes=lanes, readout=Readout.COUNT)
    dut = EventEngine(params, pack(params, [[1] * 10] * 8, [0] * 8))

    async def bench(ctx):
        await finish(ctx, dut)
        ctx.set(dut.i.valid, 1)
        for address in range(10):
            ctx.set(dut.i.payload, {"kind": 0, "address": address, "payload": 1})
            await ctx.tick().until(dut.i.ready)

    async def count(ctx):
        cycles = []
        for cycle in range(10 * params.words + 40):
            *_, valid, ready = await ctx.tick().sample(dut.i.valid, dut.i.ready)
            cycles += [cycle] if valid and ready else []
        return cycles

    _, cycles = simulate(dut, bench, count)
    # the first VALUE enters the sequencer and two more the buffer; each other is taken as the sequencer completes one
    assert np.diff(cycles[2:10]).tolist() == [params.words] * 7


def test_sixteen_synaptic_operations_per_cycle():
    """256 x 256 synapses, 16 lanes: a spike costs 256 / 16 cycles, an empty step 4 more and those of the banks."""
    params = SpikingParams(inputs=256, neurons=256, lanes=16, weight_bits=4, neuron=LifParams(threshold=1000))
    rng = np.random.default_rng(0)
    dut = EventEngine(params, pack(params, rng.integers(-8, 8, (256, 256)).tolist(), [0] * 256))
    spikes = [value(int(address)) for address in np.sort(rng.choice(256, 24, replace=False))]

    async def producer(ctx):
        ctx.set(dut.o.ready, 1)
        await finish(ctx, dut)
        await send_tokens(ctx, dut.i, [*spikes, *[TICK] * 5, END])
        await finish(ctx, dut)
        return ctx.get(dut.counters.synapse_words)

    async def watch(ctx):
        taken = []
        for cycle in range(900):
            *_, valid, ready = await ctx.tick().sample(dut.i.valid, dut.i.ready)
            taken += [cycle] if valid and ready else []
        return taken

    words, taken = simulate(dut, producer, watch)
    costs = np.diff(taken)
    # two tokens wait in the buffer; another is taken while the last word of one begins
    assert costs[2:26].tolist() == [16] * 24
    assert costs[27:29].tolist() == [20 + params.bank_cycles] * 2
    assert words * params.lanes == len(spikes) * 256


def test_weights_and_biases_can_be_written():
    rng = np.random.default_rng(3)
    params = SpikingParams(
        inputs=3,
        neurons=9,
        lanes=5,
        bias=True,
        writable=True,
        readout=Readout.MEMBRANE,
        neuron=LifParams(threshold=50),
    )
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
    zeros = {shape.name: [] for shape in memories(params)}
    dut = EventEngine(params, zeros, first_region=4)
    # the first, empty sample starts from the biases that were there before
    tokens = [END, *(token for train in inputs for token in train_tokens(train))]
    received, _ = run_rtl(dut, tokens, 1 + len(expected), writes=writes)
    assert received == [END, *expected]


def test_clear_of_the_counters():
    params = SpikingParams(inputs=1, neurons=1, readout=Readout.COUNT, neuron=LifParams(threshold=0))
    dut = EventEngine(params, pack(params, [[1]], [0]))

    async def bench(ctx):
        ctx.set(dut.o.ready, 1)
        await finish(ctx, dut)
        assert all(count == 0 for count in (await finish(ctx, dut)).values())
        await send_tokens(ctx, dut.i, [value(0), TICK, END])
        before = await finish(ctx, dut)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        return before, await finish(ctx, dut)

    before, after = simulate(dut, bench)[0]
    assert before == {
        "values": 1, "ticks": 1, "samples": 1, "synapse_words": 1, "update_words": 2, "spikes": 1, "saturations": 0
    }  # fmt: skip
    assert set(after.values()) == {0}


def test_pack_puts_a_row_of_words_per_input():
    params = SpikingParams(inputs=2, neurons=3, lanes=2, weight_bits=4, bias=True, neuron=LifParams(state_bits=8))
    images = pack(params, [[1, 2], [3, 4], [5, -1]], [1, -1, 2])
    assert images == {"weights": [0x31, 0x05, 0x42, 0x0F], "bias": [0xFF01, 0x0002]}


@pytest.mark.parametrize(
    ("weight", "bias", "message"),
    [
        ([[1, 2]], [0], r"must have shape \(2, 2\)"),
        ([[1, 2], [3, 4]], [0], "takes as many biases, not 1"),
        ([[1, 2], [3, 8]], [0, 0], "a weight of 8 does not fit 4 bits"),
        ([[1, -9], [3, 4]], [0, 0], "a weight of -9 does not fit 4 bits"),
        ([[1, 2], [3, 4]], [0, 1], "has no bias memory"),
    ],
)
def test_pack_refuses(weight, bias, message):
    with pytest.raises(InputError, match=message):
        pack(SpikingParams(inputs=2, neurons=2, weight_bits=4), weight, bias)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2]] * 2, [0, 0], None, [[1, 1]] * 2), r"recurrent weights of an event engine must have shape \(2, 2\)"),
        (([[1, 2]] * 2, [0, 0], [[1, 2]], [[1, 1]] * 2), r"recurrent weights of an event engine must have shape"),
        (([[1, 2]] * 2, [0, 0], [[1, 9]] * 2, [[1, 1]] * 2), "a weight of 9 does not fit 4 bits"),
        (([[1, 2]] * 2, [0, 0], [[1, 2]] * 2, None), r"decays of this event engine must have shape \(2, 2\)"),
        (([[1, 2]] * 2, [0, 0], [[1, 2]] * 2, [[1], [2]]), r"decays of this event engine must have shape \(2, 2\)"),
        (([[1, 2]] * 2, [0, 0], [[1, 2]] * 2, [[1, 1], [17, 1]]), "a decay or tap of 17 is not from 0 to 16"),
    ],
)
def test_pack_refuses_recurrent_weights_and_decays(arguments, message):
    leak = LeakParams(kind=LeakKind.MULTIPLY, decay=0, decay_bits=4, varies=True)
    neuron = CubaLifParams(leak=leak, synapse=leak)
    params = SpikingParams(inputs=2, neurons=2, weight_bits=4, neuron=neuron, recurrent=True)
    with pytest.raises(InputError, match=message):
        pack(params, *arguments)


def test_pack_puts_rows_of_own_spikes_behind_and_decays_in_lanes():
    leak = LeakParams(kind=LeakKind.MULTIPLY, decay=0, decay_bits=3, varies=True)
    neuron = CubaLifParams(leak=leak, synapse=leak)
    params = SpikingParams(inputs=1, neurons=3, lanes=2, weight_bits=4, neuron=neuron, recurrent=True)
    images = pack(params, [[1], [2], [3]], [0] * 3, [[4, 0, 0], [0, 5, 0], [0, 0, 6]], [[1, 2], [3, 4], [5, 8]])
    assert images["weights"] == [0x21, 0x03, 0x04, 0x00, 0x50, 0x00, 0x00, 0x06]
    assert images["decays"] == [0x4321, 0x0085]


def test_engines_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="a recurrent layer has no membrane readout"):
        SpikingParams(inputs=1, neurons=1, recurrent=True, readout=Readout.MEMBRANE)
    with pytest.raises(InputError, match="a decay per neuron needs a multiplier"):
        LeakParams(varies=True)
