"""Two products of one multiplier are the two products: for all operands at small widths, proved at the full ones."""

from itertools import product

import pytest
from amaranth.hdl import *
from amaranth.sim import Simulator
from support.formal import NO_FORMAL, prove

from tospike.hw.array.packing import PackedMultiplier, pair_weights
from tospike.hw.params import ArrayParams, IntFormat, packing, packing_shift


def array(act_bits, signed, weight_bits, **options):
    act = IntFormat(bits=act_bits, signed=signed)
    return ArrayParams(rows=1, cols=2, act=act, weight_bits=weight_bits, products_per_multiplier=2, **options)


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize(
    ("act_bits", "signed", "weight_bits"), [(1, False, 2), (3, False, 2), (1, True, 2), (3, True, 3), (2, True, 4)]
)
def test_all_products(monkeypatch, act_bits, signed, weight_bits, tight):
    """In a multiplier with bits to spare, and in one that is just wide enough."""
    least = act_bits + 2 * weight_bits + (not signed)
    if tight:
        monkeypatch.setattr(packing, "MULTIPLIER_BITS", least)
    params = array(act_bits, signed, weight_bits, product_registers=1)
    assert packing_shift(params.act, params.weight) == act_bits + weight_bits - (tight and signed)
    dut = PackedMultiplier(params)
    low, high = Signal(signed_(weight_bits)), Signal(signed_(weight_bits))
    m = Module()
    m.submodules.dut = dut
    m.d.comb += Value.cast(dut.pair).eq(pair_weights(params, low, high))
    values = range(params.weight.min, params.weight.max + 1)
    checked = []

    async def bench(ctx):
        for act, a, b in product(range(params.act.min, params.act.max + 1), values, values):
            ctx.set(dut.act, act)
            ctx.set(low, a)
            ctx.set(high, b)
            await ctx.tick().repeat(2)
            assert ctx.get(dut.low) == act * a
            assert ctx.get(dut.above) + ctx.get(dut.carry) == act * b
            checked.append(act)

    sim = Simulator(m)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    assert len(checked) == 1 << act_bits + 2 * weight_bits
    monkeypatch.setattr(packing, "MULTIPLIER_BITS", least - 1)
    assert packing_shift(params.act, params.weight) is None


def signed_(bits):
    return Shape(bits, signed=True)


@pytest.mark.parametrize(
    ("act_bits", "signed", "weight_bits", "fits"),
    [
        (8, True, 4, True),
        (8, False, 4, True),
        (8, True, 5, True),
        (8, False, 5, False),
        (6, True, 6, True),
        (5, False, 6, True),
        (8, True, 6, False),
        (8, True, 8, False),
    ],
)
def test_which_widths_fit(act_bits, signed, weight_bits, fits):
    act, weight = IntFormat(bits=act_bits, signed=signed), IntFormat(bits=weight_bits, signed=True)
    assert (packing_shift(act, weight) is not None) == fits


def claim(params, *, wrong=False):
    """A module that asserts that the products are right; ``wrong`` forgets the carry."""
    m = Module()
    m.submodules.dut = dut = PackedMultiplier(params)
    low, high = (Signal(signed_(params.weight.bits), name=name) for name in ("low_i", "high_i"))
    act = Signal.like(dut.act)
    m.d.comb += [dut.act.eq(act), Value.cast(dut.pair).eq(pair_weights(params, low, high))]
    ages = [(act, low, high)]
    for age in range(1 + params.product_registers):
        ages.append(tuple(Signal.like(value, name=f"{value.name}_{age}", init=0) for value in ages[0]))
        m.d.sync += [after.eq(before) for before, after in zip(*ages[-2:], strict=True)]
    act_then, low_then, high_then = ages[-1]
    carry = C(0) if wrong else dut.carry
    m.d.comb += [Assume(~ResetSignal()), Assert(dut.low == act_then * low_then)]
    m.d.comb += Assert(dut.above + carry == act_then * high_then)
    return m, [act, low, high]


@NO_FORMAL
@pytest.mark.parametrize(
    ("act_bits", "signed", "weight_bits", "registers"),
    [
        (8, True, 4, 1),
        (8, False, 4, 1),
        pytest.param(8, True, 5, 0, marks=pytest.mark.slow),
        pytest.param(8, True, 5, 2, marks=pytest.mark.slow),
        (6, True, 6, 2),
        (5, False, 6, 1),
    ],
)
def test_products_are_exact(tmp_path, act_bits, signed, weight_bits, registers):
    params = array(act_bits, signed, weight_bits, product_registers=registers)
    passed, log = prove(tmp_path, *claim(params), depth=3 + registers)
    assert passed, log


@NO_FORMAL
def test_a_forgotten_carry_is_noticed(tmp_path):
    passed, _ = prove(tmp_path, *claim(array(8, True, 4, product_registers=1), wrong=True), depth=4)
    assert not passed
