"""The requantiser against exact fractions: exhaustively at small width, and at the limits of the real one."""

import random
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from amaranth.sim import Simulator

from tospike.hw.params import IntFormat, RequantizeParams, Rounding
from tospike.hw.requantize import Requantizer
from tospike.sim.network import Requantize
from tospike.sim.systolic.golden import requantize


def exact(rounding, acc, bias, multiplier, shift, low, high):
    """The equation, in rational numbers."""
    scaled = Fraction((acc + bias) * multiplier, 1 << shift)
    if rounding is Rounding.HALF_UP:
        rounded = floor(scaled + Fraction(1, 2))
    elif rounding is Rounding.HALF_EVEN:
        rounded = round(scaled)  # of a fraction: exact, ties to even
    elif rounding is Rounding.FLOOR:
        rounded = floor(scaled)
    else:
        rounded = floor(scaled) if scaled >= 0 else ceil(scaled)
    return min(max(rounded, low), high)


def requantize_in_hardware(params, acc, cases, shift, low, high):
    """Results for (acc, bias, multiplier) cases, one per cycle."""
    dut = Requantizer(params, acc)
    results = []

    async def bench(ctx):
        ctx.set(dut.shift, shift)
        ctx.set(dut.low, low)
        ctx.set(dut.high, high)
        inputs = [*cases, *[(0, 0, 0)] * dut.LATENCY]
        for value, bias, multiplier in inputs:
            ctx.set(dut.i, {"acc": value, "bias": bias, "multiplier": multiplier})
            results.append(ctx.get(dut.o))
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    sim.run()
    return results[dut.LATENCY :]


@pytest.mark.parametrize("rounding", list(Rounding))
def test_exhaustive_at_small_width(rounding):
    """Every accumulator of 6 bits, all multipliers of 3 bits, all shifts."""
    params = RequantizeParams(multiplier_bits=3, max_shift=5, rounding=rounding)
    acc = IntFormat(bits=6, signed=True)
    cases = [(value, 0, multiplier) for value in range(acc.min, acc.max + 1) for multiplier in range(8)]
    for shift in range(params.max_shift + 1):
        expected = [exact(rounding, *case, shift, -11, 13) for case in cases]
        assert requantize_in_hardware(params, acc, cases, shift, -11, 13) == expected
        neuron = Requantize(multiplier=np.array([case[2] for case in cases]), shift=shift, clamp=(-11, 13))
        golden = requantize(params, np.array([case[0] for case in cases]), np.zeros(len(cases), np.int64), neuron)
        assert golden.tolist() == expected


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("shift", [0, 1, 17, 31])
def test_full_width(rounding, shift):
    """32-bit accumulators: the extremes, the neighbourhood of ties, and random ones."""
    params = RequantizeParams(rounding=rounding)
    acc = IntFormat(bits=32, signed=True)
    rng = random.Random(shift)
    limits = [acc.min, acc.min + 1, -1, 0, 1, acc.max - 1, acc.max]
    cases = [(value, 0, multiplier) for value in limits for multiplier in (0, 1, 65535)]
    cases += [(value - 7, 7, 1 << 14) for value in range(-9, 10)]
    for _ in range(200):
        bias = rng.randrange(-(1 << 20), 1 << 20)
        cases.append((rng.randrange(acc.min + (1 << 20), acc.max - (1 << 20)), bias, rng.randrange(1 << 16)))
    for low, high in ((0, 255), (-128, 127), (acc.min, acc.max)):
        expected = [exact(rounding, *case, shift, low, high) for case in cases]
        assert requantize_in_hardware(params, acc, cases, shift, low, high) == expected
        neuron = Requantize(multiplier=np.array([case[2] for case in cases]), shift=shift, clamp=(low, high))
        values, biases = np.array([case[0] for case in cases]), np.array([case[1] for case in cases])
        assert requantize(params, values, biases, neuron).tolist() == expected


@pytest.mark.parametrize("bits", [17, 18, 24, 28])
def test_wide_multipliers(bits):
    """Their parts are multiplied separately."""
    params, acc = RequantizeParams(multiplier_bits=bits, max_shift=47), IntFormat(bits=32, signed=True)
    rng, most = random.Random(bits), (1 << bits) - 1
    cases = [(value, 0, multiplier) for value in (acc.min, -1, 1, acc.max) for multiplier in (1, 1 << 16, most)]
    half = acc.max // 2
    cases += [(rng.randrange(-half, half), rng.randrange(1 << 20), rng.randrange(1 << bits)) for _ in range(99)]
    for shift in (3, 30, 47):
        expected = [exact(params.rounding, *case, shift, acc.min, acc.max) for case in cases]
        assert requantize_in_hardware(params, acc, cases, shift, acc.min, acc.max) == expected
        values, biases, factors = np.array(cases).T
        neuron = Requantize(multiplier=factors, shift=shift, clamp=(acc.min, acc.max))
        assert requantize(params, values, biases, neuron).tolist() == expected


def test_multiplier_one_is_the_identity():
    params = RequantizeParams()
    acc = IntFormat(bits=8, signed=True)
    cases = [(value, 0, 1) for value in range(acc.min, acc.max + 1)]
    assert requantize_in_hardware(params, acc, cases, 0, acc.min, acc.max) == [case[0] for case in cases]


def test_sums_come_before_fraction_bits():
    params = RequantizeParams(multiplier_bits=4, max_shift=7, fraction_bits=3)
    acc = IntFormat(bits=9, signed=True)
    cases = [(value, bias, factor) for value in range(-24, 25) for bias in (-20, -1, 0, 5, 40) for factor in (1, 7, 15)]
    for shift in (0, 3, 6):
        expected = [exact(params.rounding, value * 8, bias, factor, shift, -9, 12) for value, bias, factor in cases]
        assert requantize_in_hardware(params, acc, cases, shift, -9, 12) == expected
        values, biases, factors = np.array(cases).T
        neuron = Requantize(multiplier=factors, shift=shift, clamp=(-9, 12), fraction_bits=3)
        assert requantize(params, values, biases, neuron).tolist() == expected
