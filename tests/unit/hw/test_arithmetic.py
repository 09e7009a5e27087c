"""Each function of hw.arithmetic against its twin in sim.arithmetic, over every input at small widths."""

import numpy as np
import pytest
from amaranth.hdl import *
from support.stream_bench import simulate

from tospike.hw import arithmetic as hw
from tospike.hw.params import IntFormat, LeakKind, LeakParams, Rounding
from tospike.sim import arithmetic as sim


def every_value(build, shape, out_width=24):
    """The expression ``build(x)`` for every x of ``shape``, computed by the simulator."""
    x = Signal(shape)
    y = Signal(signed(out_width))
    m = Module()
    m.d.comb += y.eq(build(x))
    m.d.sync += Signal().eq(0)
    lo, hi = (-(1 << (x.shape().width - 1)), 1 << (x.shape().width - 1)) if x.shape().signed else (0, 1 << len(x))
    inputs = np.arange(lo, hi)

    async def bench(ctx):
        results = []
        for number in inputs:
            ctx.set(x, int(number))
            results.append(ctx.get(y))
        return np.array(results)

    return inputs, simulate(m, bench)[0]


@pytest.mark.parametrize("out_signed", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 7, 8, 10])
@pytest.mark.parametrize("shape", [signed(8), unsigned(8), signed(2), unsigned(1)])
def test_saturate(shape, bits, out_signed):
    fmt = IntFormat(bits=bits, signed=out_signed)
    x, y = every_value(lambda v: hw.saturate(v, fmt), shape)
    np.testing.assert_array_equal(y, sim.saturate(x, fmt))


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("shift", [0, 1, 3, 7])
@pytest.mark.parametrize("shape", [signed(8), unsigned(7)])
def test_round_shift(shape, shift, rounding):
    x, y = every_value(lambda v: hw.round_shift(v, shift, rounding), shape)
    np.testing.assert_array_equal(y, sim.round_shift(x, shift, rounding))


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(
    "leak",
    [{"kind": LeakKind.SHIFT, "shift": s} for s in (1, 4, 9)]
    + [{"kind": LeakKind.MULTIPLY, "decay": d, "decay_bits": 4} for d in (0, 1, 13, 16)],
)
def test_leak(leak, rounding):
    params = LeakParams(rounding=rounding, **leak)
    x, y = every_value(lambda v: hw.leak(v, params), signed(9))
    np.testing.assert_array_equal(y, sim.leak(x, params))
    assert (np.abs(y) <= np.abs(x)).all(), "a leak must not grow the membrane"


def test_rounding_modes_differ_where_they_should():
    halves = np.array([-3, -1, 1, 3])  # in halves
    assert sim.round_shift(halves, 1, Rounding.FLOOR).tolist() == [-2, -1, 0, 1]
    assert sim.round_shift(halves, 1, Rounding.HALF_UP).tolist() == [-1, 0, 1, 2]
    assert sim.round_shift(halves, 1, Rounding.TRUNCATE).tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize("bits", [24, 25, 53])
def test_exact_matmul_at_the_ends_of_floats(bits):
    a = np.array([[(1 << (bits - 1)) - 1, 1, 1, -1]])
    assert sim.exact_matmul(a, np.ones((4, 1), dtype=np.int64))[0, 0] == 1 << (bits - 1)


def test_exact_matmul_beyond_float():
    a = np.array([[(1 << 40) + 1, 1]])
    b = np.array([[1 << 20], [1]])
    assert sim.exact_matmul(a, b)[0, 0] == ((1 << 40) + 1) * (1 << 20) + 1


def test_products_in_the_narrowest_exact_type(monkeypatch):
    """By the sums of a column's magnitudes, not by its length times the largest of them."""
    types = []
    monkeypatch.setattr(sim, "exact_type", lambda largest: types.append(largest) or np.float64)
    b = np.array([[127, 1], [-1, -1]] + [[0, 1]] * 1000)
    sim.exact_product(b, 255)
    sim.exact_product(b, 1)
    assert types == [255 * 1002, 127 * 1002]
