"""The fit of a multiplier and a bias to a trained quantiser's thresholds."""

import numpy as np
import pytest

from tospike.gen.quantize.requantizer import LEAST_MULTIPLIER, common_shift, fit_thresholds, multipliers, thresholds
from tospike.hw.params import InputError, RequantizeParams
from tospike.sim.network import GridRounding, QuantGrid

RNG = np.random.default_rng(5)
REACH = 400


def levels_of(fitted, acc, low, high):
    fit, shift, finer = fitted
    y = (((acc[None] << finer) + fit.bias[:, None]) * fit.multiplier[:, None] + (1 << (shift - 1))) >> shift
    return np.clip(y, low, high)


def trained(grid, unit, bias, acc):
    return grid.levels(unit[:, None] * (acc[None] + bias[:, None]))


def random_channels(count=200):
    unit = 10 ** RNG.uniform(-2.2, -0.3, count)
    return unit, RNG.normal(0, 40, count)


def fit(grid, unit, bias, finer=0, reach=REACH):
    """The fit, its shift and its fraction bits."""
    params = RequantizeParams(fraction_bits=finer)
    ends = np.full(len(unit), -reach), np.full(len(unit), reach)
    steps = thresholds(unit, bias, grid, grid.qmin, grid.qmax)
    factor = unit / float(grid.scale) / 2**finer
    shift = common_shift(1.5 * factor, np.inf, params, "s")
    fine = bias * 2.0**finer + grid.zero_point / factor
    fitted = fit_thresholds(steps, fine, multipliers(factor, shift, params), grid.qmin, ends, shift, params)
    return fitted, shift, finer


@pytest.mark.parametrize("ties_up", [False, True])
@pytest.mark.parametrize(("low", "high", "zero"), [(-2, 1, 0), (0, 1, 0.5), (0, 3, 0), (1, 3, 2), (-128, 127, 0)])
def test_thresholds_are_where_the_quantiser_steps(low, high, zero, ties_up):
    grid = QuantGrid(
        scale=np.asarray(0.75),
        qmin=low,
        qmax=high,
        zero_point=zero,
        rounding=GridRounding.TIES_UP if ties_up else GridRounding.HALF_EVEN,
    )
    unit, bias = random_channels()
    unit[:20], bias[:20] = 0.375, np.arange(20)  # every other value is a tie
    steps = thresholds(unit, bias, grid, low, high)
    acc = np.arange(-REACH, REACH + 1)
    reached = low + (acc[None, :, None] >= steps[:, None, :]).sum(axis=2)
    np.testing.assert_array_equal(reached, trained(grid, unit, bias, acc))


@pytest.mark.parametrize("finer", [0, 5])
@pytest.mark.parametrize(("low", "high", "zero"), [(0, 1, 0.5), (0, 1, 0), (0, 2, 1), (1, 3, 2), (0, 2, 0)])
def test_up_to_three_levels_are_exact(low, high, zero, finer):
    grid = QuantGrid(scale=np.asarray(1.0), qmin=low, qmax=high, zero_point=zero)
    unit, bias = random_channels()
    fitted = fit(grid, unit, bias, finer)
    acc = np.arange(-REACH, REACH + 1)
    assert not fitted[0].inexact.any()
    np.testing.assert_array_equal(levels_of(fitted, acc, low, high), trained(grid, unit, bias, acc))


@pytest.mark.parametrize(("low", "high", "zero"), [(-1, 1, 0), (0, 3, 0), (0, 15, 0), (1, 15, 8)])
def test_what_is_not_exact_is_counted_and_near(low, high, zero):
    grid = QuantGrid(scale=np.asarray(1.0), qmin=low, qmax=high, zero_point=zero)
    unit, bias = random_channels()
    fitted = fit(grid, unit, bias)
    acc = np.arange(-REACH, REACH + 1)
    got, wanted = levels_of(fitted, acc, low, high), trained(grid, unit, bias, acc)
    np.testing.assert_array_equal(fitted[0].inexact, (got != wanted).any(axis=1))
    assert np.abs(got - wanted).max() <= 1 and np.mean(got != wanted) < 0.02


def test_a_fit_beats_rounding():
    grid = QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=3, zero_point=0)
    unit, bias = random_channels()
    fitted = fit(grid, unit, bias)
    acc = np.arange(-REACH, REACH + 1)
    rounded = np.clip(np.floor((acc + np.rint(bias)[:, None]) * unit[:, None] + 0.5), 0, 3)
    wanted = trained(grid, unit, bias, acc)
    assert fitted[0].inexact.sum() < (rounded != wanted).any(axis=1).sum() / 2


def test_thresholds_out_of_reach_do_not_bind():
    """An accumulator that is never reached leaves the multiplier free."""
    grid = QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=15, zero_point=0)
    unit, bias = np.array([0.031]), np.array([100.3])
    narrow = fit(grid, unit, bias, reach=5)
    acc = np.arange(-5, 6)
    assert not narrow[0].inexact.any()
    np.testing.assert_array_equal(levels_of(narrow, acc, 0, 15), trained(grid, unit, bias, acc))


def test_finer_biases_are_exact_in_more_channels():
    grid = QuantGrid(scale=np.asarray(1.0), qmin=0, qmax=15, zero_point=0)
    unit, bias = random_channels()
    counts = [fit(grid, unit, bias, finer)[0].inexact.sum() for finer in (0, 2, 6)]
    assert counts[0] > counts[1] >= counts[2]


# ------------------------------------------------------------------------------------------------ the common shift


def test_the_largest_shift_that_fits():
    params = RequantizeParams()
    factor = np.array([0.5, 0.01])
    shift = common_shift(factor, 256.0, params, "s")
    assert shift == 16 and multipliers(factor, shift, params).tolist() == [32768, 655]
    assert common_shift(np.array([1e-9]), 256.0, params, "s") == 31
    assert common_shift(np.array([0.99999999]), 256.0, params, "s") == 15
    with pytest.raises(InputError, match="stage 's' needs a requantisation factor of 40000"):
        common_shift(np.array([40000.0]), 1e9, params, "s")


def test_a_large_factor_is_cut_where_a_small_one_needs_its_bits():
    params = RequantizeParams()
    factor = np.array([200.0, 0.01])
    shift = common_shift(factor, 2.0, params, "s")
    assert multipliers(factor, shift, params).tolist() == [65535, 164]
    assert common_shift(factor, 256.0, params, "s") == 8  # no factor may be cut
    assert common_shift(np.array([200.0, 1.0]), 2.0, params, "s") == 8  # none has to be
    assert 0.01 * 2 ** common_shift(np.array([200.0, 0.01]), 100.0, params, "s") < LEAST_MULTIPLIER  # not so far
