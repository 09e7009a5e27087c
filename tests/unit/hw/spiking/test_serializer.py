"""Words of lanes to tokens: every pattern, random stalls, one token per cycle."""

import itertools
import random

import pytest
from amaranth.hdl import *
from support.stream_bench import END, TICK, as_token, receive, send, simulate, value

from tospike.hw.params import SPIKE, IntFormat, TokenFormat
from tospike.hw.spiking.serializer import Serializer


def tokens_of(words, lanes):
    tokens = []
    for word in words:
        base = word["word"] * lanes
        tokens += [value(base + lane, v) for lane, v in enumerate(word["values"]) if v]
        tokens += [TICK] * word["tick"] + [END] * word["end"]
    return tokens


def serialize(words, fmt, lanes, *, stall=0.0):
    dut = Serializer(fmt, lanes=lanes)
    expected = tokens_of(words, lanes)

    async def producer(ctx):
        await send(ctx, dut.i, words, stall=stall)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)

    assert simulate(dut, producer, consumer)[1] == expected


@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_every_pattern_of_four_lanes(stall):
    words = [
        {"word": number % 3, "values": list(bits), "tick": mark == 1, "end": mark == 2}
        for number, (bits, mark) in enumerate(itertools.product(itertools.product([0, 1], repeat=4), range(3)))
    ]
    random.Random(0).shuffle(words)
    serialize(words, TokenFormat(addresses=12, payload=SPIKE), 4, stall=stall)


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("payload", [IntFormat(bits=5, signed=True), IntFormat(bits=2, signed=False)])
def test_values_of_other_formats(lanes, payload):
    rng = random.Random(lanes)
    words = [
        {
            "word": rng.randrange(4),
            "values": [rng.choice([0, rng.randint(payload.min, payload.max)]) for _ in range(lanes)],
            "tick": 0,
            "end": rng.random() < 0.3,
        }
        for _ in range(60)
    ]
    serialize(words, TokenFormat(addresses=4 * lanes, payload=payload), lanes, stall=0.3)


def test_one_token_per_cycle_and_three_cycles_of_latency():
    words = [
        {"word": 0, "values": [1, 1, 1], "tick": 0, "end": 0},
        {"word": 1, "values": [0, 1, 0], "tick": 0, "end": 0},
        {"word": 2, "values": [0, 0, 0], "tick": 1, "end": 0},
    ]
    dut = Serializer(TokenFormat(addresses=9, payload=SPIKE), lanes=3)

    async def producer(ctx):
        await send(ctx, dut.i, words)

    async def consumer(ctx):
        ctx.set(dut.o.ready, 1)
        offered = []
        for cycle in range(15):
            *_, valid = await ctx.tick().sample(dut.o.valid)
            offered += [cycle] if valid else []
        return offered

    assert simulate(dut, producer, consumer)[1] == [3, 4, 5, 6, 7]


def test_takes_a_word_while_the_token_before_is_refused():
    dut = Serializer(TokenFormat(addresses=2, payload=SPIKE), lanes=1)
    words = [{"word": n, "values": [1], "tick": 0, "end": 0} for n in (0, 1, 0)]

    async def bench(ctx):
        for word in words:
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            *_, ready = await ctx.tick().sample(dut.i.ready)
            assert ready
            ctx.set(dut.i.valid, 0)
            await ctx.tick().repeat(3)

    simulate(dut, bench)


@pytest.mark.parametrize(("neurons", "lanes"), [(1, 1), (5, 3), (8, 4), (3, 8)])
def test_complete_words_send_zeros_too(neurons, lanes):
    """All neurons leave, whatever their values; lanes without a neuron do not, and an END comes alone."""
    fmt = TokenFormat(addresses=neurons, payload=IntFormat(bits=5, signed=True))
    dut = Serializer(fmt, lanes=lanes, complete=True)
    rng = random.Random(neurons)
    words, expected = [], []
    for _ in range(6):
        update = [rng.choice([0, 0, -16, 15]) for _ in range(neurons)] + [0] * (-neurons % lanes)
        last = len(update) // lanes - 1
        words += [
            {"word": n, "values": update[n * lanes : (n + 1) * lanes], "tick": n == last, "end": 0}
            for n in range(last + 1)
        ]
        words.append({"word": 0, "values": [0] * lanes, "tick": 0, "end": 1})
        expected += [*(value(n, v) for n, v in enumerate(update[:neurons])), TICK, END]

    async def producer(ctx):
        await send(ctx, dut.i, words, stall=0.3)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=0.3, convert=as_token)

    assert simulate(dut, producer, consumer)[1] == expected
