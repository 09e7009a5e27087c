"""The ratio of energies: symmetry, and coverage of its interval over seeds and inputs."""

from itertools import product

import numpy as np
import pytest

from tospike.compare.verdict.ratio import energy_ratio
from tospike.hw.params import InputError


def draw(random, *, seeds, inputs, seed_spread, common):
    """Return energies of both sides; inputs share ``common`` of their spread."""
    shared = 0.2 * random.standard_normal(inputs)
    sides = []
    for mean, count in zip((100.0, 130.0), seeds, strict=True):
        of_seed = seed_spread * random.standard_normal((count, 1))
        own = 0.2 * random.standard_normal(inputs)
        sides.append(mean * np.exp(of_seed + common * shared + (1 - common) * own - seed_spread**2 / 2))
    return sides


@pytest.mark.parametrize(
    ("seeds", "inputs", "seed_spread"), [((1, 1), 40, 0.0), ((5, 5), 40, 0.05), ((3, 5), 200, 0.1), ((5, 1), 60, 0.0)]
)
def test_coverage(seeds, inputs, seed_spread):
    random = np.random.default_rng(41)
    # both sides' inputs have the same distribution, so that the ratio of expected means is that of the means
    covered, trials = 0, 2000
    for _ in range(trials):
        low, high = energy_ratio(
            *draw(random, seeds=seeds, inputs=inputs, seed_spread=seed_spread, common=0.7)
        ).interval
        covered += low <= 1.3 <= high
    assert 0.85 <= covered / trials <= 0.95


def test_sides_swapped():
    random = np.random.default_rng(42)
    ann, snn = draw(random, seeds=(3, 2), inputs=30, seed_spread=0.1, common=0.5)
    one, other = energy_ratio(ann, snn), energy_ratio(snn, ann)
    assert (other.value, other.low, other.high) == pytest.approx((-one.value, -one.high, -one.low))
    assert one.ratio == pytest.approx(snn.mean() / ann.mean())


def test_the_same_energy_for_every_input_leaves_no_doubt():
    one = energy_ratio(np.full((1, 9), 2.0), np.full((1, 9), 3.0))
    assert one.interval == pytest.approx((1.5, 1.5))


@pytest.mark.parametrize("seed", range(20))
def test_the_ratio_of_sums_of_prices_is_extreme_in_a_corner(seed):
    """Two designs that use each of four things; each thing's price may be wrong by its factor."""
    random = np.random.default_rng(seed)
    used, factors = random.uniform(0, 1, (2, 4)), random.uniform(1, 5, 4)
    corners = np.array(list(product(*((1 / factor, factor) for factor in factors))))
    ann, snn = corners @ used[0], corners @ used[1]
    stated = used[1].sum() / used[0].sum()
    one = energy_ratio(np.array([[used[0].sum()]]), np.array([[used[1].sum()]]))
    found = one.over_corners(ann, snn, stated=stated)
    inside = np.exp(random.uniform(-1, 1, (500, 4)) * np.log(factors))
    ratios = (inside @ used[1]) / (inside @ used[0])
    assert found.interval[0] <= ratios.min() and ratios.max() <= found.interval[1]
    assert found.interval == pytest.approx(((snn / ann).min(), (snn / ann).max()))
    assert (found.low, found.high) == (found.value, found.value)
    # other seeds have another ratio, which prices move as much
    other = energy_ratio(np.array([[1.0]]), np.array([[20.0]])).over_corners(ann, snn, stated=stated)
    assert other.prices == found.prices and other.prices[0] <= 0 <= other.prices[1]


def test_a_common_factor_of_inputs_leaves_no_doubt():
    ann = np.random.default_rng(43).uniform(1, 2, (1, 50))
    low, high = energy_ratio(ann, 3 * ann).interval
    assert (low, high) == pytest.approx((3.0, 3.0))


def test_what_the_interval_is_over():
    one, several = np.ones((1, 4)), np.ones((3, 4))
    assert energy_ratio(one, one).over == ("inputs",)
    assert energy_ratio(several, one).over == ("inputs", "seeds")


def test_bad_input():
    with pytest.raises(InputError, match="same inputs"):
        energy_ratio(np.ones((1, 3)), np.ones((1, 4)))
    with pytest.raises(InputError, match="above 0"):
        energy_ratio(np.zeros((1, 3)), np.ones((1, 3)))
