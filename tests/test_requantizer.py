"""The fit of a multiplier and a bias to a trained quantiser's thresholds."""

import numpy as np
import pytest

from tospike.gen.requantizer import fit_thresholds, thresholds
from tospike.hw.params import RequantizeParams
from tospike.sim.network import Grid, GridRounding

RNG = np.random.default_rng(5)
REACH = 400


def levels_of(fit, acc, low, high):
    y = ((acc[None] + fit.bias[:, None]) * fit.multiplier[:, None] + (1 << (fit.shift - 1))) >> fit.shift
    return np.clip(y, low, high)


def trained(grid, unit, bias, acc):
    return grid.levels(unit[:, None] * (acc[None] + bias[:, None]))


def random_channels(count=200):
    unit = 10 ** RNG.uniform(-2.2, -0.3, count)
    return unit, RNG.normal(0, 40, count)


def fit(grid, unit, bias):
    reach = np.full(len(unit), -REACH), np.full(len(unit), REACH)
    steps = thresholds(unit, bias, grid, grid.low, grid.high)
    factor = unit / float(grid.scale)
    return steps, fit_thresholds(steps, bias + grid.zero / factor, factor, grid.low, reach, RequantizeParams(), "s")


@pytest.mark.parametrize("ties_up", [False, True])
@pytest.mark.parametrize(("low", "high", "zero"), [(-2, 1, 0), (0, 1, 0.5), (0, 3, 0), (1, 3, 2), (-128, 127, 0)])
def test_thresholds_are_where_the_quantiser_steps(low, high, zero, ties_up):
    grid = Grid(
        scale=np.asarray(0.75),
        low=low,
        high=high,
        zero=zero,
        rounding=GridRounding.TIES_UP if ties_up else GridRounding.HALF_EVEN,
    )
    unit, bias = random_channels()
    unit[:20], bias[:20] = 0.375, np.arange(20)  # every other value is a tie
    steps = thresholds(unit, bias, grid, low, high)
    acc = np.arange(-REACH, REACH + 1)
    reached = low + (acc[None, :, None] >= steps[:, None, :]).sum(axis=2)
    np.testing.assert_array_equal(reached, trained(grid, unit, bias, acc))


@pytest.mark.parametrize(("low", "high", "zero"), [(0, 1, 0.5), (0, 1, 0), (0, 2, 1), (1, 3, 2), (0, 2, 0)])
def test_up_to_three_levels_are_exact(low, high, zero):
    grid = Grid(scale=np.asarray(1.0), low=low, high=high, zero=zero)
    unit, bias = random_channels()
    _, fitted = fit(grid, unit, bias)
    acc = np.arange(-REACH, REACH + 1)
    assert fitted.inexact == 0
    np.testing.assert_array_equal(levels_of(fitted, acc, low, high), trained(grid, unit, bias, acc))


@pytest.mark.parametrize(("low", "high", "zero"), [(-1, 1, 0), (0, 3, 0), (0, 15, 0), (1, 15, 8)])
def test_what_is_not_exact_is_counted_and_near(low, high, zero):
    grid = Grid(scale=np.asarray(1.0), low=low, high=high, zero=zero)
    unit, bias = random_channels()
    _, fitted = fit(grid, unit, bias)
    acc = np.arange(-REACH, REACH + 1)
    got, wanted = levels_of(fitted, acc, low, high), trained(grid, unit, bias, acc)
    assert fitted.inexact == (got != wanted).any(axis=1).sum()
    assert np.abs(got - wanted).max() <= 1 and np.mean(got != wanted) < 0.02


def test_a_fit_beats_rounding():
    grid = Grid(scale=np.asarray(1.0), low=0, high=3, zero=0)
    unit, bias = random_channels()
    _, fitted = fit(grid, unit, bias)
    acc = np.arange(-REACH, REACH + 1)
    rounded = np.clip(np.floor((acc + np.rint(bias)[:, None]) * unit[:, None] + 0.5), 0, 3)
    wanted = trained(grid, unit, bias, acc)
    assert fitted.inexact < (rounded != wanted).any(axis=1).sum() / 2


def test_thresholds_out_of_reach_do_not_bind():
    """An accumulator that is never reached leaves the multiplier free."""
    grid = Grid(scale=np.asarray(1.0), low=0, high=15, zero=0)
    unit, bias = np.array([0.031]), np.array([100.3])
    steps = thresholds(unit, bias, grid, 0, 15)
    none = np.array([-5]), np.array([5])
    narrow = fit_thresholds(steps, bias, unit, 0, none, RequantizeParams(), "s")
    acc = np.arange(-5, 6)
    assert narrow.inexact == 0
    np.testing.assert_array_equal(levels_of(narrow, acc, 0, 15), trained(grid, unit, bias, acc))
