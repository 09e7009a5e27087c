"""An engine of beats in Amaranth's simulator, against its golden model."""

import numpy as np
from support.stream_bench import simulate

from tospike.gen.place.placers import PLACERS
from tospike.hw.accelerator import make_engine
from tospike.sim.models import MODELS


class Consumer:
    """Takes beats in given cycles."""

    def __init__(self, ready):
        self._ready = np.flatnonzero(ready)
        self.taken = []

    def take_values(self, offer, count, last_address):
        taken = self._ready[np.searchsorted(self._ready, offer)]
        self.taken.append(int(taken[0]))
        return taken


def expected_times(params, gaps, ready):
    """Cycles in which the input's and the output's beats are taken."""
    consumer = Consumer(ready)
    link = MODELS[type(params)].link(params, None, np.zeros((1, 1, 1)), consumer)
    one = np.ones(1, dtype=np.int64)
    taken, offer = [], np.zeros(1, dtype=np.int64)
    for gap in gaps:
        at = link.take_values(offer + gap, one, one)
        taken.append(int(at[0]))
        offer = at + 1
    return taken, consumer.taken


def played(params, contents, beats, gaps, ready, count):
    """(input's cycles, output's cycles, beats, counters) of the RTL."""
    dut = make_engine(params, contents, 0)

    async def source(ctx):
        for beat, gap in zip(beats, gaps, strict=True):
            for _ in range(gap):
                await ctx.tick()
            ctx.set(dut.i.payload, beat)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    taken, left, got = [], [], []

    async def watch(ctx):
        for cycle in range(len(ready)):
            ctx.set(dut.o.ready, int(ready[cycle]))
            *_, took, gave, payload = await ctx.tick().sample(
                dut.i.valid & dut.i.ready, dut.o.valid & dut.o.ready, dut.o.payload
            )
            if took:
                taken.append(cycle)
            if gave:
                left.append(cycle)
                got.append([int(value) for value in payload])
            if len(left) == count and len(taken) == len(beats):  # the last ones may not matter
                break
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.busy)
        return {name: ctx.get(dut.counters[name]) for name, _ in dut.counters.shape()}

    _, counters = simulate(dut, source, watch)
    return taken, left, got, counters


def check_beats(params, golden, pack, *, seed=3, frames=4, gap=0.0, stall=0.0):
    """Play random frames through an engine with random weights; return the cycles in which beats leave it.

    ``golden(params, stages, x)`` is its model, ``pack(params, stages)`` its contents.
    """
    rng = np.random.default_rng(seed)
    stages = PLACERS[type(params)].random_stages(None, 0, params, rng)
    act, inputs, outputs = params.input.payload, params.input.addresses, params.output.addresses
    x = rng.integers(act.min, act.max, (frames, inputs), endpoint=True)
    x[0] = act.max
    run = golden(params, stages, x)
    # what is beyond the end of a frame must not matter
    beyond = rng.integers(act.min, act.max, (frames, params.input.beats * params.input.lanes))
    beyond[:, :inputs] = x
    beats = beyond.reshape(-1, params.input.lanes).tolist()
    gaps = rng.geometric(1 - gap, len(beats)) - 1
    ready = rng.random(20_000) >= stall
    count = frames * params.output.beats
    taken, left, got, counters = played(params, pack(params, stages), beats, gaps.tolist(), ready, count)
    assert (taken, left) == expected_times(params, gaps.tolist(), ready)
    values = np.array(got).reshape(frames, -1)[:, :outputs]
    assert values.tolist() == run.sent[:, 0].tolist()
    assert counters == {name: int(total.sum()) for name, total in run.counters.items()}
    return left
