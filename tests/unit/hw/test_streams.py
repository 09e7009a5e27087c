"""The buffer of two and the queue behind a pipeline: order, throughput, and a ready that ends there."""

from itertools import product

import pytest
from amaranth.hdl import *
from amaranth.sim import Simulator
from support.stream_bench import receive, send, simulate

from tospike.hw.streams import Buffer, CreditQueue, some_after


@pytest.mark.parametrize("stalls", [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.4, 0.4)])
def test_every_payload_once_and_in_order(stalls):
    dut = Buffer(unsigned(8))
    payloads = list(range(200))

    async def producer(ctx):
        await send(ctx, dut.i, payloads, stall=stalls[0])

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(payloads), stall=stalls[1])

    assert simulate(dut, producer, consumer)[1] == payloads


def test_a_payload_per_cycle_after_one_cycle():
    dut = Buffer(unsigned(8))

    async def producer(ctx):
        await send(ctx, dut.i, range(5))

    async def watch(ctx):
        ctx.set(dut.o.ready, 1)
        return [bool((await ctx.tick().sample(dut.o.valid))[-1]) for _ in range(8)]

    assert simulate(dut, producer, watch)[1] == [False] + [True] * 5 + [False] * 2


def test_takes_two_and_ready_follows_a_cycle_later():
    dut = Buffer(unsigned(8))

    async def bench(ctx):
        ctx.set(dut.i.valid, 1)
        readies = []
        for cycle in range(5):
            ctx.set(dut.o.ready, cycle == 3)
            readies.append(ctx.get(dut.i.ready))
            await ctx.tick()
        return readies

    assert simulate(dut, bench)[0] == [1, 1, 0, 0, 1]


DELAY = 4
"""Cycles from a reservation to what it is for."""


@pytest.mark.parametrize("stall", [0.0, 0.5, 0.9])
def test_a_credit_queue_loses_nothing(stall):
    """The pipeline before it sends whatever it was promised room for, and nothing overflows or comes twice."""
    dut = CreditQueue(unsigned(8), depth=DELAY + CreditQueue.LATENCY + 2)
    payloads = list(range(200))

    async def pipeline(ctx):
        inside, sent, idle = [None] * DELAY, 0, 0
        while sent < len(payloads) or any(slot is not None for slot in inside):
            room = ctx.get(dut.credit) and sent < len(payloads)
            inside.append(payloads[sent] if room else None)
            sent, idle = sent + room, idle + (sent < len(payloads) and not room)
            ctx.set(dut.reserve, room)
            out = inside.pop(0)
            ctx.set(dut.valid, out is not None)
            ctx.set(dut.payload, out or 0)
            await ctx.tick()
        ctx.set(dut.reserve, 0)
        ctx.set(dut.valid, 0)
        return idle

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(payloads), stall=stall)

    idle, received = simulate(dut, pipeline, consumer)
    assert received == payloads
    assert (idle == 0) == (stall == 0.0)


def test_whether_some_are_left_needs_no_sum():
    m = Module()
    count, more, fewer, some = Signal(3), Signal(), Signal(), Signal()
    m.d.comb += some.eq(some_after(count, count != 0, more=more, fewer=fewer))

    async def process(ctx):
        for here, added, taken in product(range(7), range(2), range(2)):
            if here + added >= taken:
                ctx.set(count, here)
                ctx.set(more, added)
                ctx.set(fewer, taken)
                await ctx.delay(1e-6)
                assert ctx.get(some) == (here + added - taken > 0)

    simulator = Simulator(m)
    simulator.add_testbench(process)
    simulator.run()
