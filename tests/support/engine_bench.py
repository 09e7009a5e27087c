"""Plays frames to an engine of an ANN."""

from itertools import cycle as cycle_forever

import numpy as np
from support.stream_bench import END, as_token, receive, send_tokens, simulate, value, write_config


def frame_tokens(frames, *, sparse=False):
    """VALUEs of each frame in order, zeros left out if ``sparse``, and an END each."""
    return [
        token
        for frame in frames
        for token in [*(value(i, int(v)) for i, v in enumerate(frame) if v or not sparse), END]
    ]


def play(dut, sent, frames, values, *, stall=0.0, configure=(), weights=()):
    """Sends tokens, receives ``frames`` frames of ``values`` values; returns (tokens, counters, cycles).

    ``cycles`` are those in which tokens were taken at the output, after the one that took the last VALUE.
    """
    times = {"in": 0, "out": []}

    async def watch(ctx):
        cycle = 0
        async for _, _, taken, token, left in ctx.tick().sample(
            dut.i.valid & dut.i.ready, dut.i.payload, dut.o.valid & dut.o.ready
        ):
            if taken and as_token(token)[0] == value(0)[0]:
                times["in"] = cycle
            if left:
                times["out"].append(cycle)
            cycle += 1

    async def source(ctx):
        if configure:
            await write_config(ctx, dut, configure)
            await ctx.tick().repeat(3)
        if weights and not stall:  # the golden model begins with a full queue
            await ctx.tick().until(~dut.weights.ready)
        await send_tokens(ctx, dut.i, sent, stall=stall, seed=5)

    async def weight_source(ctx):
        rng = np.random.default_rng(6)
        beats = cycle_forever({"word": beat, "last": n == len(weights)} for n, beat in enumerate(weights, 1))
        ctx.set(dut.weights.payload, next(beats))
        ctx.set(dut.weights.valid, 1)
        async for _, _, taken, waiting in ctx.tick().sample(dut.weights.valid & dut.weights.ready, dut.weights.valid):
            if taken:
                ctx.set(dut.weights.payload, next(beats))
            if taken or not waiting:
                ctx.set(dut.weights.valid, rng.random() >= stall)

    async def sink(ctx):
        received = await receive(ctx, dut.o, frames * (values + 1), stall=stall, convert=as_token)
        await ctx.tick().until(~dut.busy)
        return received, {name: ctx.get(dut.counters[name]) for name, _ in dut.counters.shape()}

    _, (received, counters) = simulate(dut, source, sink, background=[watch, weight_source] if weights else [watch])
    return received, counters, np.array(times["out"]) - times["in"]


def check_engine(dut, golden, timing, x, *, stall=0.0, sparse=False, weights=()):
    """An engine equals its golden model in tokens and counters, and for a lone frame without stalls in every cycle."""
    values = dut.params.output.addresses
    received, counters, cycles = play(dut, frame_tokens(x, sparse=sparse), len(x), values, stall=stall, weights=weights)
    assert received == frame_tokens(golden.sent[:, 0])
    expected = {name: int(count.sum()) for name, count in golden.counters.items()}
    if stall or len(x) > 1:  # how long the array waits for the consumer, or for the frame before, is not in the model
        counters.pop("array_cycles")
        expected.pop("array_cycles")
    assert counters == expected
    if len(x) == 1 and not stall:
        assert cycles.tolist() == [*timing.values.tolist(), timing.end]
