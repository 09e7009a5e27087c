"""The step of a grid on which values already lie."""

from fractions import Fraction
from itertools import combinations_with_replacement
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tospike.gen.quantize.common_step import common_step
from tospike.hw.params import InputError


def test_integers_exhaustively() -> None:
    """All sets of three integers from -6 to 6, at every bound, in steps of binary and of decimal fractions."""
    for step in (1.0, 2.0**-40, 7e-3):
        for some in combinations_with_replacement(range(-6, 7), 3):
            divisor = gcd(*some)
            for largest in (1, 3, 6):
                found = common_step([step * np.array(some)], largest)
                if divisor == 0 or max(map(abs, some)) // divisor > largest:
                    assert found is None
                else:
                    assert found == pytest.approx(step * divisor, rel=1e-12)


def test_a_power_of_two_is_exact() -> None:
    for exponent in range(-60, 60):
        assert common_step([[5 * 2.0**exponent, 3 * 2.0**exponent]], 127) == 2.0**exponent


def test_nothing_but_zeros_has_no_step() -> None:
    assert common_step([np.zeros((3, 3))], 127) is None
    assert common_step([], 127) is None
    assert common_step([np.zeros(3)], 127, unbounded=[[0.5]]) is None


def test_one_magnitude_is_its_own_step() -> None:
    assert common_step([[0.3]], 127) == 0.3
    assert common_step([[0.3, -0.3, 0.0]], 1) == 0.3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_have_none(bad: float) -> None:
    assert common_step([[1.0, bad]], 127) is None
    assert common_step([[1.0]], 127, unbounded=[[bad]]) is None


def test_float32_tenths() -> None:
    tenths = np.arange(-127, 128).astype(np.float32) * np.float32(0.1)
    assert common_step([tenths], 127) == pytest.approx(0.1, rel=1e-6)
    assert common_step([tenths], 126) is None


def test_biases_may_be_large_and_make_the_step_smaller() -> None:
    assert common_step([[5.0, 3.0]], 127, unbounded=[[1e6, 8.0]]) == 1.0
    assert common_step([[5.0, 3.0]], 127, unbounded=[[2.5]]) == 0.5
    assert common_step([[5.0, 3.0]], 5, unbounded=[[2.5]]) is None
    assert common_step([[5.0, 3.0]], 5, unbounded=[[1e5 + 0.3]]) is None


def test_huge_ranges_and_denormals() -> None:
    assert common_step([[1.0, 1e-30]], 65535) is None
    assert common_step([[1e300, 2e300]], 2, unbounded=[[1e-300]]) is None
    assert common_step([[5e-324, 1e-323]], 127) is None
    assert common_step([[1e-300, 2e-300]], 2, unbounded=[[1e300]]) is None
    small = np.array([1e-40, 3e-40], dtype=np.float32)  # denormal as float32: integers of 2**-149
    assert common_step([small], 65535) is None


def test_random_values_have_none() -> None:
    values = np.random.default_rng(0).normal(size=100_000)
    assert common_step([values], 65535) is None


def test_one_value_that_is_off() -> None:
    values = np.random.default_rng(0).integers(-127, 128, 100_000).astype(np.float64)
    assert common_step([values], 127) == 1.0
    values[4321] = 40.5
    assert common_step([values], 127) is None
    assert common_step([values], 254) == 0.5


@pytest.mark.parametrize("largest", [0, 65536])
def test_the_bound_is_checked(largest: int) -> None:
    with pytest.raises(InputError, match="largest multiple"):
        common_step([[1.0]], largest)


@given(
    st.lists(st.integers(-32767, 32767), min_size=1, max_size=8),
    st.lists(st.integers(-(2**20), 2**20), max_size=3),
    st.integers(-100, 100),
    st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(7, 3)]),
)
def test_float32_noise(weights: list[int], biases: list[int], exponent: int, base: Fraction) -> None:
    """What is found reproduces every value; what is on a grid within the bound is found."""
    step = float(base * Fraction(2) ** exponent)
    values = (np.array(weights) * step).astype(np.float32).astype(np.float64)
    others = (np.array(biases) * step).astype(np.float32).astype(np.float64)
    found = common_step([values], 32767, unbounded=[others])
    if not any(weights):
        assert found is None
        return
    assert found is not None
    assert found >= step * (1 - 2.0**-20)
    integers = np.rint(values / found)
    assert np.abs(integers).max() <= 32767
    np.testing.assert_allclose(integers * found, values, rtol=2.0**-20)
    np.testing.assert_allclose(np.rint(others / found) * found, others, rtol=2.0**-19)
