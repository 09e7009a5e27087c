"""A layer that sends changes: differences, the pipeline behind the membranes, random stalls."""

from dataclasses import replace

import numpy as np
import pytest
from support.delta_ann import S4, U1, U4, chain, synapses, walks
from support.delta_encoder import check_encoder
from support.event_engine import run_rtl
from support.stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.gen.emit.random_design import random_design
from tospike.hw.params import (
    ChangeParams,
    DeltaParams,
    InputError,
    IntFormat,
    TokenFormat,
)
from tospike.hw.spiking.activate import Activate
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import pack
from tospike.sim.encoders.changes import changes, differences
from tospike.sim.encoders.encoder import run_delta
from tospike.sim.spiking.ann import activate
from tospike.sim.spiking.delta_ann import run_delta_ann


@pytest.mark.parametrize("threshold", [0, 1, 5, 30])
def test_differences_add_up_to_what_was_last_sent(threshold):
    frames = np.random.default_rng(threshold).integers(-16, 16, (20, 9, 3))
    sent = differences(frames, threshold)
    last = np.cumsum(sent, axis=1)
    assert (np.abs(frames - last) <= threshold).all(), "what is missing is small"
    assert (np.abs(sent)[sent != 0] > threshold).all(), "what is sent is not"
    assert (last[sent != 0] == frames[sent != 0]).all(), "and is exact"
    assert (np.sign(sent) == changes(frames, threshold)).all()


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("payload", [U4, S4, U1])
@pytest.mark.parametrize(("inputs", "steps"), [(1, 5), (7, 2)])
def test_the_encoder_sends_amounts(inputs, steps, payload, stall):
    for threshold in {0, payload.max // 2}:
        params = DeltaParams(inputs=inputs, steps=steps, threshold=threshold, amounts=True, payload=payload)
        x = np.random.default_rng(steps).integers(payload.min, payload.max + 1, (6, steps, inputs))
        x[0], x[1], x[2] = 0, payload.max, payload.min
        check_encoder(params, x, stall)


def frame_tokens(frames):
    """VALUEs and a TICK for each frame, and an END."""
    return [t for frame in frames for t in [*(value(a, int(v)) for a, v in enumerate(frame) if v), TICK]] + [END]


@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize(("neurons", "threshold"), [(6, 0), (6, 4), (1, 0), (1, 2)])
def test_changes_of_activations_whatever_the_consumer_does(neurons, threshold, stall):
    """No token is lost, what has not changed is left out, TICK and END keep their places, and a sample begins anew."""
    membranes = TokenFormat(addresses=neurons, payload=IntFormat(bits=12, signed=True))
    params = ChangeParams(act=U4, clamp=(0, 15), shift=4, change_threshold=threshold)
    dut = Activate(membranes, params)
    rng = np.random.default_rng(7)
    samples = rng.integers(-200, 400, (6, 4, neurons))
    samples[1], samples[2] = -5, 2000  # samples of which nothing is left, and of which all is but in one frame only
    samples[3, 1] = samples[3, 0]
    complete = [[*(value(a, int(v)) for a, v in enumerate(frame)), TICK] for sample in samples for frame in sample]
    for last in complete[3::4]:
        last.append(END)
    multipliers = np.array([16, 2, 3, 1, 16, 5])[:neurons]
    sent = differences(activate(params, samples, multipliers), threshold)
    expected = [token for sample in sent for token in frame_tokens(sample)]

    async def memory(ctx):
        async for _, _, address in ctx.tick().sample(dut.address):
            ctx.set(dut.multiplier, int(multipliers[min(address, neurons - 1)]))

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [token for frame in complete for token in frame], stall=stall / 2)

    async def consumer(ctx):
        received = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(20)
        return received, ctx.get(dut.busy), ctx.get(dut.o.valid)

    assert simulate(dut, producer, consumer, background=[memory])[1] == (expected, 0, 0)


@pytest.mark.parametrize(("sizes", "lanes"), [((5, 7, 3), 3), ((3, 1, 1), 1), ((2, 8, 4), 4), ((2, 5, 3), 8)])
def test_layers_bear_random_stalls(sizes, lanes):
    """Samples follow each other without a pause; consumer and producer stop at random."""
    params = chain(S4, sizes, lanes=lanes, frames=3, threshold=1)
    design = random_design(params, seed=lanes)
    x = walks(params, 5, seed=9)
    encoder, hidden, last = params.engines
    (weight, bias, _, _, factors), answer = synapses(design)
    changed = run_delta(encoder, x).sent
    run = run_delta_ann(hidden, weight, bias, factors, changed)
    end = run_delta_ann(last, *answer[:2], None, run.changes)
    dut = EventEngine(hidden, pack(hidden, weight.tolist(), bias.tolist(), multipliers=factors.tolist()))
    assert play(dut, changed, [frame_tokens(sample) for sample in run.changes]) == totals(run)
    dut = EventEngine(last, pack(last, answer[0].tolist(), answer[1].tolist()))
    assert play(dut, run.changes, [[*frame_tokens([row])[:-2], END] for row in end.outputs]) == totals(end)


def totals(run):
    return {name: int(count.sum()) for name, count in run.counters.items()}


def play(dut, changed, expected):
    """Counters of an engine that gets ``changed`` and must send ``expected``, sample by sample."""
    sent = [token for sample in changed for token in frame_tokens(sample)]
    wanted = [token for sample in expected for token in sample]
    received, counters = run_rtl(dut, sent, len(wanted), stall=0.4, seed=2)
    assert received == wanted
    return counters


def test_a_change_takes_the_place_of_what_was_before():
    """Sums of a state that is just wide enough for any inputs saturate in no order of the changes of a frame."""
    params = chain(S4, (4, 3), lanes=1, frames=6, bias=False)
    weight = np.array([[7, -8, 7, -8], [-8, -8, -8, -8], [7, 7, 7, 7]])
    ends = [sum(max(w * S4.min, w * S4.max) for w in row) for row in weight.tolist()]
    engine = replace(params.engines[1], state_bits=max(ends).bit_length() + 1)
    low, high = S4.min, S4.max
    x = np.array([[[high, low, high, low], [low, high, low, high], [low] * 4, [high] * 4, [low] * 4, [0] * 4]])
    bias = np.zeros(3, dtype=np.int64)
    run = run_delta_ann(engine, weight, bias, None, differences(x, 0))
    assert np.abs(run.membranes).max() == max(ends)
    dut = EventEngine(engine, pack(engine, weight.tolist(), bias.tolist()))
    assert play(dut, differences(x, 0), [[END]])["saturations"] == 0
    with pytest.raises(InputError, match="membranes from -224 to 256 do not fit 9 bits: give more state-bits"):
        narrow = replace(engine, state_bits=9)
        run_delta_ann(narrow, weight, bias, None, differences(x, 0))
