import random

import pytest
from stream_bench import simulate

from tospike.hw.layout import MemoryShape, config_writes, pack_lanes
from tospike.hw.memory import ImageMemory
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
    dut = ImageMemory(shape, init=image, region=3)

    async def bench(ctx):
        for address in range(depth):
            expected = image[address] if address < len(image) else 0
            assert await read(ctx, dut, address) == expected
        for region, words in ((3, fresh), (2, [0] * depth)):
            for index, chunk in config_writes(shape, words):
                ctx.set(dut.config.valid, 1)
                ctx.set(dut.config.region, region)
                ctx.set(dut.config.index, index)
                ctx.set(dut.config.data, chunk)
                await ctx.tick()
            ctx.set(dut.config.valid, 0)
        return [await read(ctx, dut, address) for address in range(depth)]

    assert simulate(dut, bench)[0] == fresh


def test_image_too_long_is_refused():
    with pytest.raises(InputError, match="image of memory weights has 3 words, more than its 2"):
        ImageMemory(MemoryShape(name="weights", width=8, depth=2), init=[1, 2, 3])


def test_lane_zero_is_least_significant():
    assert pack_lanes([1, -1, 2], 4) == 0x2F1
