"""Random event engines, and their tokens in Amaranth's simulator."""

from dataclasses import replace

import numpy as np
from amaranth.hdl import *
from support.neuron_cases import of_kind
from support.stream_bench import END, as_token, receive, send_tokens, simulate, train_tokens, value, write_config

from tospike.hw.params import (
    SPIKE,
    AdaptationParams,
    Comparison,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NeuronUpdate,
    NoiseParams,
    PayloadCode,
    Readout,
    Reset,
    ResetTiming,
    Rounding,
    SpikingParams,
)
from tospike.hw.params.neurons.sliding import NEGATIVE_TAP, NO_TAP
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import counter_names, pack
from tospike.sim.spiking.golden import run_event


def frame_tokens(values):
    return [value(a, int(v)) for a, v in enumerate(values) if v] + [END]


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
        if writes:
            await write_config(ctx, dut, writes)
            await ctx.tick().repeat(2)  # until the last is in its memory; a host's beats come later still
        await send_tokens(ctx, dut.i, tokens, stall=stall, seed=seed)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, count, stall=stall, seed=seed + 1, convert=as_token)
        return received, await finish(ctx, dut)

    return simulate(dut, producer, consumer)[1]


def packed(params, *arrays):
    return pack(params, *(None if array is None else array.tolist() for array in arrays))


def random_decays(rng, params):
    """Of each neuron, for leaks that vary."""
    columns = [rng.integers(0, constant.largest + 1, params.neurons) for constant in params.neuron.varying.values()]
    return np.stack(columns, axis=1) if columns else None


def check(params, weight, bias, inputs, recurrent=None, decays=None, *, stall=0.0, seed=0):
    run = run_event(params, weight, bias, inputs, recurrent, decays)
    tokens = [token for train in inputs for token in train_tokens(train)]
    expected = [token for sample in range(len(inputs)) for token in expected_tokens(params, run, sample)]
    dut = EventEngine(params, packed(params, weight, bias, recurrent, decays))
    received, counters = run_rtl(dut, tokens, len(expected), stall=stall, seed=seed)
    assert received == expected
    assert counters == {name: int(counts.sum()) for name, counts in run.counters.items()}
    return run


def random_leak(rng):
    kind = list(LeakKind)[rng.integers(2)]
    return LeakParams(
        varies=kind is LeakKind.MULTIPLY and bool(rng.integers(2)),
        kind=kind,
        shift=int(rng.integers(1, 5)),
        decay=int(rng.integers(0, 257)),
        decay_bits=8,
        rounding=list(Rounding)[rng.integers(len(Rounding))],
    )


def random_neuron(rng, kind):
    """Any neuron that its parameters allow."""

    def choose(*options):
        return options[rng.integers(len(options))]

    if kind is NeuronKind.SLIDING:
        signs = np.array([0, 0, NEGATIVE_TAP])
        taps = tuple(int(tap + signs[rng.integers(3)]) for tap in rng.integers(0, 4, choose(1, 2, 3, 7)))
        taps = (*taps[:-1], choose(taps[-1], NO_TAP))
        noise = NoiseParams(bits=2, draws=choose(1, 2)) if choose(False, False, True) else None
        state_bits = choose(4, 7, 12)
        more = {"dilation": choose(1, 1, 2, 4), "varies": choose(False, False, True)}
        return of_kind(kind, state_bits=state_bits, threshold=int(rng.integers(1, 7)), taps=taps, noise=noise, **more)
    reset, timing = choose(*Reset), choose(*ResetTiming)
    if (reset is not Reset.SUBTRACT and timing is ResetTiming.SNNTORCH) or reset is Reset.NONE:
        timing = ResetTiming.SAME
    rests = reset in (Reset.ZERO, Reset.VALUE) and timing is ResetTiming.SAME
    comparison = choose(*Comparison)
    spike_bits = choose(1, 1, 2, 3) if timing is not ResetTiming.SNNTORCH and reset is not Reset.NONE else 1
    state_bits = choose(4, 7, 12)
    threshold = int(rng.integers(0, 7))
    moves = spike_bits == 1 and timing is not ResetTiming.SNNTORCH
    adaptation = AdaptationParams(step=choose(1, 3, 7), leak=replace(random_leak(rng), varies=False))
    noise = NoiseParams(
        bits=(bits := choose(1, 3)), shift=min(choose(0, 2), state_bits - bits), seed=int(rng.integers(1000))
    )
    if choose(False, True):
        noise = replace(noise, draws=choose(2, 3, 4), scale=choose(1, 5), shift=choose(-3, -4))
    code = PayloadCode.COUNT
    if spike_bits > 1 and reset is Reset.SUBTRACT and timing is ResetTiming.SAME:
        code = choose(*PayloadCode)
    if code is not PayloadCode.COUNT:
        state_bits = max(state_bits, 7)
    return of_kind(
        kind,
        code=code,
        state_bits=state_bits,
        threshold=max(threshold, int(comparison is Comparison.AT_LEAST or spike_bits > 1)),
        comparison=comparison,
        reset=reset,
        v_reset=int(rng.integers(-5, 0)) if reset is Reset.VALUE else 0,
        reset_timing=timing,
        spike_bits=spike_bits,
        refractory=choose(0, 0, 1, 3) if rests else 0,
        leak=random_leak(rng),
        current_bits=choose(4, 9),
        synapse=random_leak(rng),
        leak_bias=int(rng.integers(-3, 4)),
        state_fraction_bits=choose(0, 0, 2),
        initial=choose(0, 0, threshold, -3) if state_bits > 4 else 0,
        adaptation=adaptation if moves and choose(False, False, True) else None,
        noise=noise if moves and choose(False, False, True) else None,
        lower_bound=choose(None, None, -5, -6, -8) if reset is Reset.VALUE else choose(None, None, 0, -1, -5),
    )


def random_update(rng, neuron, bias):
    """Any that neuron and bias allow."""
    return list(NeuronUpdate)[rng.integers(2)] if neuron.is_static and not bias else NeuronUpdate.ALL


def random_case(rng, *, lanes, neurons, readout=None, kind=None):
    def choose(*options):
        return options[rng.integers(len(options))]

    readout = readout or choose(*Readout)
    kind = kind or choose(*[k for k in NeuronKind if k.spikes or readout is Readout.MEMBRANE])
    neuron = random_neuron(rng, kind)
    bias = choose(False, True)
    params = SpikingParams(
        inputs=choose(1, 3, 6),
        neurons=neurons,
        lanes=lanes,
        payload=choose(SPIKE, IntFormat(bits=3, signed=True), IntFormat(bits=2, signed=False)),
        weight_bits=4,
        neuron=neuron,
        readout=readout,
        count_bits=choose(1, 4),
        bias=bias,
        recurrent=readout is not Readout.MEMBRANE and choose(False, True),
        update=random_update(rng, neuron, bias),
    )
    recurrent = rng.integers(-8, 8, (neurons, neurons)) if params.recurrent else None
    weight = rng.integers(-8, 8, (neurons, params.inputs))
    bias = rng.integers(-6, 7, neurons) * params.bias
    payload = params.payload
    inputs = rng.integers(payload.min, payload.max + 1, (4, choose(1, 2, 4), params.inputs))
    inputs = inputs * (rng.random(inputs.shape) < choose(0.0, 0.3, 1.0))
    return params, weight, bias, inputs, recurrent, random_decays(rng, params)
