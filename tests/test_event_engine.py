"""The event engine's RTL against its golden model: every token, every counter."""

import numpy as np
import pytest
from amaranth.hdl import *
from stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.hw.layout import config_writes
from tospike.hw.params import (
    SPIKE,
    EventParams,
    InputError,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NeuronParams,
    Readout,
    Reset,
    Rounding,
)
from tospike.hw.snn.engine import EventEngine
from tospike.hw.snn.layout import counter_names, memories, pack
from tospike.sim.event import run_event


def frame_tokens(values):
    return [value(a, int(v)) for a, v in enumerate(values) if v] + [END]


def train_tokens(train):
    return [token for step in train for token in [*frame_tokens(step)[:-1], TICK]] + [END]


def expected_tokens(params, run, sample):
    if params.readout is Readout.SPIKES:
        return train_tokens(run.spikes[sample])
    return frame_tokens(run.outputs[sample])


async def finish(ctx, dut):
    """Waits until the engine rests; returns its counters."""
    while ctx.get(dut.busy):
        await ctx.tick()
    return {name: ctx.get(dut.counters[name]) for name in counter_names(dut.params)}


def run_rtl(dut, tokens, count, *, stall=0.0, seed=0, writes=()):
    """The tokens that come out, and the counters."""

    async def producer(ctx):
        for region, index, chunk in writes:
            ctx.set(dut.config, {"valid": 1, "region": region, "index": index, "data": chunk})
            await ctx.tick()
            ctx.set(dut.config.valid, 0)
        await send_tokens(ctx, dut.i, tokens, stall=stall, seed=seed)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, count, stall=stall, seed=seed + 1, convert=as_token)
        return received, await finish(ctx, dut)

    return simulate(dut, producer, consumer)[1]


def check(params, weight, bias, inputs, *, stall=0.0, seed=0):
    run = run_event(params, weight, bias, inputs)
    tokens = [token for train in inputs for token in train_tokens(train)]
    expected = [token for sample in range(len(inputs)) for token in expected_tokens(params, run, sample)]
    dut = EventEngine(params, pack(params, weight.tolist(), bias.tolist()))
    received, counters = run_rtl(dut, tokens, len(expected), stall=stall, seed=seed)
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in run.counters.items()}
    return run


def random_case(rng, *, lanes, neurons, readout=None, kind=None):
    def choose(*options):
        return options[rng.integers(len(options))]

    readout = readout or choose(*Readout)
    kind = kind or choose(*[k for k in NeuronKind if k.spikes or readout is Readout.MEMBRANE])
    leak = LeakParams(
        kind=choose(*LeakKind),
        shift=int(rng.integers(1, 5)),
        decay=int(rng.integers(0, 257)),
        fraction_bits=8,
        rounding=choose(*Rounding),
    )
    neuron = NeuronParams(
        kind=kind,
        state_bits=choose(4, 7, 12),
        threshold=int(rng.integers(0, 7)),
        reset=choose(*Reset),
        leak=leak,
    )
    params = EventParams(
        inputs=choose(1, 3, 6),
        neurons=neurons,
        lanes=lanes,
        payload=choose(SPIKE, IntFormat(bits=3, signed=True), IntFormat(bits=2, signed=False)),
        weight_bits=4,
        neuron=neuron,
        readout=readout,
        count_bits=choose(1, 4),
        bias=choose(False, True),
    )
    weight = rng.integers(-8, 8, (neurons, params.inputs))
    bias = rng.integers(-6, 7, neurons) * params.bias
    payload = params.payload
    inputs = rng.integers(payload.min, payload.max + 1, (4, choose(1, 2, 4), params.inputs))
    return params, weight, bias, inputs * (rng.random(inputs.shape) < choose(0.0, 0.3, 1.0))


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("neurons", [1, 7, 8, 9, 20])
def test_engine_equals_golden_model(lanes, neurons):
    rng = np.random.default_rng(100 * lanes + neurons)
    for number in range(4):
        check(*random_case(rng, lanes=lanes, neurons=neurons), stall=(0.0, 0.4)[number % 2], seed=number)
