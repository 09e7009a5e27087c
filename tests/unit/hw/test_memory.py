import random

import pytest
from support.stream_bench import simulate

from tospike.hw.layout import MemoryShape, config_writes, pack_lanes
from tospike.hw.memory import LoadableMemory, banked_latency
from tospike.hw.params import InputError


async def read(ctx, dut, address):
    ctx.set(dut.address, address)
    ctx.set(dut.enable, 1)
    await ctx.tick()
    ctx.set(dut.enable, 0)
    await ctx.tick()
    return ctx.get(dut.data)


@pytest.mark.parametrize(("width", "depth"), [(1, 1), (8, 5), (32, 4), (33, 4), (64, 3), (100, 7)])
def test_image_then_configuration(width, depth):
    rng = random.Random(width)
    shape = MemoryShape(name="weights", width=width, depth=depth)
    image = [rng.getrandbits(width) for _ in range(depth - depth // 2)]
    fresh = [rng.getrandbits(width) for _ in range(depth)]
    dut = LoadableMemory(shape, init=image, writable=True)

    async def bench(ctx):
        for address in range(depth):
            expected = image[address] if address < len(image) else 0
            assert await read(ctx, dut, address) == expected
        for index, chunk in config_writes(shape, fresh):
            ctx.set(dut.config.valid, 1)
            ctx.set(dut.config.index, index)
            ctx.set(dut.config.data, chunk)
            await ctx.tick()
        ctx.set(dut.config.valid, 0)
        await ctx.tick()
        return [await read(ctx, dut, address) for address in range(depth)]

    assert simulate(dut, bench)[0] == fresh


def test_image_too_long_is_refused():
    with pytest.raises(InputError, match="the contents of memory weights are 3 words, but it has 2"):
        LoadableMemory(MemoryShape(name="weights", width=8, depth=2), init=[1, 2, 3])


def test_lane_zero_is_least_significant():
    assert pack_lanes([1, -1, 2], 4) == 0x2F1


@pytest.mark.parametrize("depth", [3, 2048, 2049, 4096, 2 * 2048 + 5, 5 * 2048])
def test_memory_of_several_banks(depth):
    """A word for each address in a row; the first part of the memory is configured anew before."""
    rng = random.Random(depth)
    shape = MemoryShape(name="weights", width=40, depth=depth)
    words = [rng.getrandbits(40) for _ in range(depth)]
    fresh = [rng.getrandbits(40) for _ in range(min(depth, 2050))]
    dut = LoadableMemory(shape, init=words, writable=True, banked=True)
    latency = banked_latency(depth)

    async def bench(ctx):
        ctx.set(dut.config.valid, 1)
        for index, chunk in config_writes(shape, fresh):
            ctx.set(dut.config.index, index)
            ctx.set(dut.config.data, chunk)
            await ctx.tick()
        ctx.set(dut.config.valid, 0)
        await ctx.tick().repeat(2)
        read = []
        for address in [*range(depth), *[0] * latency]:
            read.append(ctx.get(dut.data))
            ctx.set(dut.address, address)
            await ctx.tick()
        return read[latency:]

    assert simulate(dut, bench)[0] == fresh + words[len(fresh) :]
