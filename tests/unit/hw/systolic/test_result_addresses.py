"""The walk over finished tiles against nested loops."""

import random

import pytest
from support.stream_bench import simulate

from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, SystolicParams
from tospike.hw.systolic.layout import initial
from tospike.hw.systolic.result_addresses import ResultAddressGenerator

SLOTS = 2


def expected(params):
    """(slot, row, column, channel, ends of row, tile, band, layer) of each result."""
    array, layer = params.array, params.layers[0]
    height = array.rows if array.dataflow is Dataflow.OS else layer.rows
    slot = 0
    for top in range(0, layer.rows, height):
        rows = min(height, layer.rows - top)
        for left in range(0, layer.outputs, array.cols):
            cols = min(array.cols, layer.outputs - left)
            for row in range(rows):
                for col in range(cols):
                    row_ends = col == cols - 1
                    tile_ends = row_ends and row == rows - 1
                    band_ends = tile_ends and left + cols == layer.outputs
                    last = band_ends and top + rows == layer.rows
                    yield slot, row, col, left + col, row_ends, tile_ends, band_ends, last
            slot ^= 1


@pytest.mark.parametrize("refused", [0.0, 0.6])
@pytest.mark.parametrize("dataflow", list(Dataflow))
@pytest.mark.parametrize(
    ("size", "rows", "outputs"),
    [((1, 1), 1, 1), ((1, 1), 3, 4), ((2, 3), 5, 7), ((3, 2), 6, 8), ((4, 4), 4, 12), ((4, 1), 9, 3), ((1, 5), 2, 11)],
)
def test_every_result_once_and_in_order(size, rows, outputs, dataflow, refused):
    array = ArrayParams(rows=size[0], cols=size[1], dataflow=dataflow)
    params = SystolicParams(array=array, layers=(DenseLayer(rows=rows, inputs=3, outputs=outputs),))
    walker = ResultAddressGenerator(params)
    results = list(expected(params))
    tiles = sum(result[5] for result in results)
    descriptor = initial(params)["layers"][0]

    async def walk(ctx):
        rng = random.Random(7)
        ctx.set(walker.layer, walker.layer.shape().from_bits(descriptor))
        for _ in range(2):  # the same layer again: everything begins afresh, except for the slots
            ctx.set(walker.start, 1)
            await ctx.tick()
            ctx.set(walker.start, 0)
            await ctx.tick()
            got, written, freed = [], 0, 0
            while len(got) < len(results):
                ctx.set(walker.credit, rng.random() >= refused)
                writes = written < tiles and written - freed < SLOTS and rng.random() >= refused
                ctx.set(walker.written, writes)
                if ctx.get(walker.go):
                    assert freed < written
                    edges = walker.edges
                    flags = (edges.row, edges.tile, edges.band, walker.last)
                    fields = (walker.slot, walker.row, walker.col, walker.channel, *flags)
                    got.append(tuple(int(ctx.get(field)) for field in fields))
                    assert ctx.get(walker.freed) == got[-1][5]
                    freed += got[-1][5]
                else:
                    assert not ctx.get(walker.freed)
                written += writes
                await ctx.tick()
            ctx.set(walker.credit, 1)
            assert not ctx.get(walker.go)
            flip = rounds * tiles % 2 if (rounds := len(seen)) else 0
            assert got == [(result[0] ^ flip, *result[1:]) for result in results]
            seen.append(got)

    seen = []
    simulate(walker, walk)


def test_a_result_per_cycle():
    """Tiles of one result: nothing is longer than a cycle."""
    params = SystolicParams(array=ArrayParams(rows=1, cols=1), layers=(DenseLayer(rows=4, inputs=1, outputs=5),))
    walker = ResultAddressGenerator(params)

    async def walk(ctx):
        ctx.set(walker.layer, walker.layer.shape().from_bits(initial(params)["layers"][0]))
        ctx.set(walker.start, 1)
        await ctx.tick()
        ctx.set(walker.start, 0)
        ctx.set(walker.credit, 1)
        ctx.set(walker.written, 1)
        await ctx.tick()
        for number in range(20):
            assert ctx.get(walker.go), number
            assert ctx.get(walker.last) == (number == 19)
            await ctx.tick()

    simulate(walker, walk)
