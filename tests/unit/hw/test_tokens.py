import random

import pytest
from amaranth.hdl import *
from support.stream_bench import END, TICK, as_token, receive, send, send_tokens, simulate, value

from tospike.hw.params import IntFormat, TokenFormat
from tospike.hw.streams import Queue, Register
from tospike.hw.tokens import Densifier, token_layout


def as_dense(payload):
    return (int(payload.value), int(payload.last))


@pytest.mark.parametrize("buffered", [False, True])
@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("addresses", [1, 2, 3, 8, 10])
def test_densifier_fills_in_zeros(addresses, stall, buffered):
    rng = random.Random(addresses)
    fmt = TokenFormat(addresses=addresses, payload=IntFormat(bits=4, signed=True))
    frames = [[0] * addresses, [-8] * addresses]
    frames += [[rng.choice([0, 0, 1, -3, 7]) for _ in range(addresses)] for _ in range(10)]
    tokens = []
    for frame in frames:
        tokens += [value(a, v) for a, v in enumerate(frame) if v]
        tokens += [*rng.choice([[], [TICK]]), END]
    dut = Densifier(fmt, buffered=buffered)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=stall)

    async def consumer(ctx):
        return await receive(ctx, dut.o, addresses * len(frames), stall=stall, convert=as_dense)

    _, out = simulate(dut, producer, consumer)
    expected = [(v, int(a == addresses - 1)) for frame in frames for a, v in enumerate(frame)]
    assert out == expected


@pytest.mark.parametrize("last_address", [0, 2, 3])
def test_a_buffered_densifier_gives_what_a_plain_one_gives_whatever_the_tokens(last_address):
    """Any order, kinds and lengths; the buffer takes a cycle more."""
    rng = random.Random(last_address)
    fmt = TokenFormat(addresses=4, payload=IntFormat(bits=4, signed=True))
    token = [value(0, 1), value(1, 2), value(2, -3), value(3, 4), TICK, END, END]
    tokens = [rng.choice(token) for _ in range(2000)]
    ready = [rng.random() < 0.7 for _ in range(1500)]

    def run(buffered):
        dut = Densifier(fmt, variable=True, buffered=buffered)

        async def producer(ctx):
            ctx.set(dut.last_address, last_address)
            await ctx.tick().repeat(2)
            await send_tokens(ctx, dut.i, tokens)

        async def consumer(ctx):
            await ctx.tick().repeat(2)
            seen = []
            for is_ready in [False] * buffered + ready:
                ctx.set(dut.o.ready, is_ready)
                _, _, valid, payload = await ctx.tick().sample(dut.o.valid, dut.o.payload)
                seen.append(as_dense(payload) if valid else None)
            return seen

        return simulate(dut, producer, consumer)[1]

    assert run(True) == [None, *run(False)]


def test_complete_frames_may_end_early():
    """No address is compared; what is missing at the end is zero."""
    fmt = TokenFormat(addresses=4, payload=IntFormat(bits=4, signed=True))
    frames = [[1, 0, -3, 2], [5, 4], []]
    tokens = [token for frame in frames for token in [*(value(a, v) for a, v in enumerate(frame)), END]]
    dut = Densifier(fmt, complete=True)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=0.3)

    async def consumer(ctx):
        return await receive(ctx, dut.o, 4 * len(frames), stall=0.3, convert=as_dense)

    _, out = simulate(dut, producer, consumer)
    assert [v for v, _ in out] == [1, 0, -3, 2, 5, 4, 0, 0, 0, 0, 0, 0]


def test_densifier_takes_one_cycle_per_address_and_one_for_the_end():
    fmt = TokenFormat(addresses=6, payload=IntFormat(bits=4, signed=False))
    dut = Densifier(fmt)
    frames = 3

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [value(2), value(5), END] * frames)

    async def consumer(ctx):
        ctx.set(dut.o.ready, 1)
        cycles = seen = 0
        while seen < frames:
            _, _, valid, payload = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            cycles += 1
            seen += bool(valid and payload.last)
        return cycles

    _, cycles = simulate(dut, producer, consumer)
    assert cycles == 7 * frames - 1


@pytest.mark.parametrize("stall", [(0.0, 0.0), (0.6, 0.0), (0.0, 0.6), (0.4, 0.4)])
@pytest.mark.parametrize("make", [Register, lambda shape: Queue(shape, depth=2), lambda s: Queue(s, depth=5)])
def test_registers_and_queues_lose_and_invent_nothing(make, stall):
    fmt = TokenFormat(addresses=100, payload=IntFormat(bits=4, signed=True))
    tokens = [value(i, (i % 15) - 7) for i in range(100)] + [TICK, END]
    dut = make(token_layout(fmt))

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=stall[0])

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(tokens), stall=stall[1], convert=as_token)

    assert simulate(dut, producer, consumer)[1] == tokens


@pytest.mark.parametrize("make", [Register, lambda shape: Queue(shape, depth=4)])
def test_full_throughput(make):
    dut = make(unsigned(8))

    async def producer(ctx):
        await send(ctx, dut.i, range(50))

    async def consumer(ctx):
        ctx.set(dut.o.ready, 1)
        await ctx.tick().until(dut.o.valid)
        for _ in range(49):
            _, _, valid = await ctx.tick().sample(dut.o.valid)
            assert valid

    simulate(dut, producer, consumer)
