"""The bare array against NumPy, cycle by cycle: what leaves which column when."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from tospike.hw.array.array import SystolicArray
from tospike.hw.params import ArrayParams, Dataflow, InputError, IntFormat, PrimitiveSet

SIZES = [(1, 1), (1, 4), (4, 1), (3, 5), (8, 8)]
S8 = IntFormat(bits=8, signed=True)


def play(params, rows, cols, loads=None):
    """Plays unskewed steps into the array, skewed as it wants them, and records results as {(cycle, column): value}.

    ``rows[step]`` is (acts, first, emit), ``cols[step]`` the weights of each column, ``loads[cycle]`` the load flags.
    """
    array = SystolicArray(params)
    steps = len(rows)
    seen = {}
    idle = ([0] * params.rows, 0, 0)

    def delay(col):
        return col // params.products_per_multiplier

    async def bench(ctx):
        for cycle in range(steps + params.rows + params.cols + array.latency + 2):
            for row in range(params.rows):
                acts, first, emit = rows[cycle - row] if 0 <= cycle - row < steps else idle
                ctx.set(array.rows[row], {"act": acts[row], "first": first, "emit": emit})
            for col in range(params.cols):
                ctx.set(array.cols[col], cols[cycle - delay(col)][col] if 0 <= cycle - delay(col) < steps else 0)
            if loads is not None:
                ctx.set(array.load, loads[cycle] if cycle < steps else 0)
            valid = ctx.get(array.valid)
            for col in range(params.cols):
                if valid >> col & 1:
                    seen[cycle, col] = ctx.get(array.results[col])
            await ctx.tick()

    sim = Simulator(array)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    return seen


def integers(rng, fmt, shape):
    return rng.integers(fmt.min, fmt.max, shape, endpoint=True)


def output_stationary(params, tiles, *, idle_before_last=0):
    """Plays (A: rows x K, B: K x cols) products back to back and returns (seen, expected)."""
    rows, cols, expected = [], [], {}
    for a, b in tiles:
        depth = a.shape[1]
        for _ in range(params.rows - depth):  # results leave for `rows` cycles: operands after `emit` do no harm
            rows.append(([int(v) for v in a[:, 0]], 0, 0))
            cols.append([int(v) for v in b[0]])
        for k in range(depth):
            if k == depth - 1:
                for _ in range(idle_before_last):
                    rows.append(([0] * params.rows, 0, 0))
                    cols.append([int(v) for v in b[k]])
            rows.append(([int(v) for v in a[:, k]], int(k == 0), int(k == depth - 1)))
            cols.append([int(v) for v in b[k]])
        product = a.astype(object) @ b.astype(object)
        for (r, c), result in np.ndenumerate(product):
            expected[len(rows) - 1 + params.latency + r + c // params.products_per_multiplier, c] = result
    return play(params, rows, cols), expected


def weight_stationary(params, tiles):
    """Plays (A: M x rows, B: rows x cols) products with weights loaded behind the previous tile's back."""
    load_steps = [(weights, row) for _, weights in tiles for row in range(params.rows)]
    rows = [([0] * params.rows, 0, 0)] * params.rows
    starts, expected = [0], {}
    for a, b in tiles:
        starts.append(len(rows))
        for m, acts in enumerate(a):
            expected.update(
                {(len(rows) + params.latency + c, c): v for c, v in enumerate(acts.astype(object) @ b.astype(object))}
            )
            rows.append(([int(v) for v in acts], int(m == 0), 1))
        rows += [([5 % (1 << params.act.bits - 1)] * params.rows, 0, 0)] * (params.rows - len(a))
    cols = [[0] * params.cols for _ in rows]
    loads = [0] * len(rows)
    for index, (weights, row) in enumerate(load_steps):
        cycle = starts[index // params.rows] + row
        cols[cycle] = [int(v) for v in weights[params.rows - 1 - row]]
        loads[cycle] = sum(1 << r for r in range(params.rows) if row >= r)
    return play(params, rows, cols, loads), expected


@pytest.mark.parametrize(("rows", "cols"), SIZES)
def test_output_stationary_tiles_follow_without_gap(rows, cols):
    rng = np.random.default_rng(rows * 10 + cols)
    params = ArrayParams(rows=rows, cols=cols, dataflow=Dataflow.OS)
    depths = [rows, rows + 3, 1, 2, 2 * rows + 1]
    tiles = [(integers(rng, S8, (rows, k)), integers(rng, S8, (k, cols))) for k in depths]
    seen, expected = output_stationary(params, tiles)
    assert seen == expected


@pytest.mark.parametrize(("rows", "cols"), SIZES)
def test_weight_stationary_tiles_follow_without_gap(rows, cols):
    rng = np.random.default_rng(rows * 10 + cols)
    params = ArrayParams(rows=rows, cols=cols, dataflow=Dataflow.WS)
    tiles = [(integers(rng, S8, (m, rows)), integers(rng, S8, (rows, cols))) for m in (rows, rows + 3, 1, 2 * rows)]
    seen, expected = weight_stationary(params, tiles)
    assert seen == expected


@pytest.mark.parametrize(
    ("rows", "cols", "act_bits", "signed", "weight_bits"),
    [(1, 2, 8, True, 4), (3, 6, 8, False, 4), (8, 8, 8, True, 5), (2, 4, 6, True, 6)],
)
def test_columns_that_share_multipliers(rows, cols, act_bits, signed, weight_bits):
    """Random operands and all four corners, the product of the two least values among them, next to each other."""
    rng = np.random.default_rng(cols)
    act = IntFormat(bits=act_bits, signed=signed)
    params = ArrayParams(rows=rows, cols=cols, act=act, weight_bits=weight_bits, products_per_multiplier=2)
    weights, ends = params.weight_values, [params.weight_values[0], params.weight_values[-1]]
    depth = 16
    tiles = [(integers(rng, act, (rows, depth)), rng.choice(weights, (depth, cols))) for _ in range(2)]
    tiles.append((rng.choice([act.min, act.max], (rows, depth)), rng.choice(ends, (depth, cols))))
    seen, expected = output_stationary(params, tiles)
    assert seen == expected
    assert params.multipliers == rows * cols // 2


def test_idle_steps_within_a_tile_change_nothing():
    rng = np.random.default_rng(3)
    params = ArrayParams(rows=2, cols=3, dataflow=Dataflow.OS)
    tiles = [(integers(rng, S8, (2, 4)), integers(rng, S8, (4, 3))) for _ in range(2)]
    seen, expected = output_stationary(params, tiles, idle_before_last=3)
    assert seen == expected


@pytest.mark.parametrize("dataflow", list(Dataflow))
@pytest.mark.parametrize("registers", [0, 2, 3])
def test_pipeline_depth_is_the_latency(dataflow, registers):
    rng = np.random.default_rng(registers)
    params = ArrayParams(rows=3, cols=2, dataflow=dataflow, product_registers=registers)
    tiles = [(integers(rng, S8, (3, 3)), integers(rng, S8, (3, 3))[:, :2]) for _ in range(3)]
    play_tiles = output_stationary if dataflow is Dataflow.OS else weight_stationary
    seen, expected = play_tiles(params, tiles)
    assert seen == expected


@pytest.mark.parametrize(
    ("act_bits", "signed", "weight_bits", "dataflow"),
    [
        *(
            (*widths, flow)
            for widths in [(2, True, 2), (2, False, 2), (8, False, 3), (5, True, 8)]
            for flow in Dataflow
        ),
        (1, False, 1, Dataflow.OS),
        (8, True, 1, Dataflow.OS),
        (1, False, 4, Dataflow.WS),
    ],
)
def test_widths(act_bits, signed, weight_bits, dataflow):
    """Random operands and the extremes, in an accumulator that is just wide enough."""
    rng = np.random.default_rng(act_bits)
    act = IntFormat(bits=act_bits, signed=signed)
    depth = 4
    params = ArrayParams(
        rows=4, cols=2, dataflow=dataflow, act=act, weight_bits=weight_bits, acc_bits=act_bits + max(2, weight_bits) + 2
    )
    weights = params.weight_values
    tiles = [(integers(rng, act, (4, depth)), rng.choice(weights, (depth, 2))) for _ in range(2)]
    for extreme in (act.min, act.max):
        tiles.append((np.full((4, depth), extreme), np.full((depth, 2), weights[0])))
    play_tiles = output_stationary if dataflow is Dataflow.OS else weight_stationary
    seen, expected = play_tiles(params, tiles)
    assert seen == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 0}, "rows must be an integer from 1 to 256, not 0"),
        ({"acc_bits": 15}, "acc-bits must be an integer from 16 to 32, not 15"),
        ({"product_registers": 4}, "product-registers must be an integer from 0 to 3, not 4"),
        ({"products_per_multiplier": 3}, "products-per-multiplier must be an integer from 1 to 2, not 3"),
        ({"products_per_multiplier": 2}, "cannot be 2: signed activations of 8 bits and two weights of 8 do not fit"),
        (
            {"products_per_multiplier": 2, "weight_bits": 5, "act": IntFormat(bits=8, signed=False)},
            "unsigned activations of 8 bits and two weights of 5 do not fit .* fewer weight-bits",
        ),
        ({"products_per_multiplier": 2, "weight_bits": 1}, "weights of 1 bit need no multipliers"),
        ({"products_per_multiplier": 2, "weight_bits": 4, "cols": 3}, "there are 3: give an even number of cols"),
        ({"products_per_multiplier": 2, "weight_bits": 4, "dataflow": Dataflow.WS}, "only with dataflow os"),
        ({"products_per_multiplier": 2, "weight_bits": 4, "zero_gating": True}, "leave zero-gating out"),
        (
            {"products_per_multiplier": 2, "weight_bits": 4, "primitives": PrimitiveSet.ICE40},
            "give primitives generic or ecp5",
        ),
    ],
)
def test_bad_parameters_are_named(change, message):
    with pytest.raises(InputError, match=message):
        ArrayParams(**{"rows": 2, "cols": 2, **change})
