"""Beats of the host's streams in Amaranth's simulator."""

import random


async def send_beats(ctx, axis, beats, *, stall=0.0, seed=0):
    rng = random.Random(seed)
    for data, last in beats:
        while rng.random() < stall:
            await ctx.tick()
        ctx.set(axis.tdata, data)
        ctx.set(axis.tlast, last)
        ctx.set(axis.tvalid, 1)
        await ctx.tick().until(axis.tready)
        ctx.set(axis.tvalid, 0)


async def receive_beats(ctx, axis, count, *, stall=0.0, seed=1):
    rng = random.Random(seed)
    beats = []
    while len(beats) < count:
        ready = rng.random() >= stall
        ctx.set(axis.tready, ready)
        _, _, valid, data, last = await ctx.tick().sample(axis.tvalid, axis.tdata, axis.tlast)
        if valid and ready:
            beats.append((data, last))
    return beats
