"""The score bound of paired proportions: against the likelihood, its symmetry, its coverage, and clusters of seeds."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from tospike.compare.verdict.noninferior import compare_accuracy, margin_for, score_bound
from tospike.hw.params import InputError

CASES = [(0, 1, 44), (0, 5, 50), (12, 2, 50), (0, 0, 30), (3, 3, 500), (40, 55, 1000), (0, 500, 1000)]


@pytest.mark.parametrize(("gained", "lost", "pairs"), CASES)
def test_the_bound_by_the_most_likely_proportions(gained, lost, pairs):
    bound = score_bound(gained, lost, pairs)

    def unlikelihood(q):  # proportion of lost pairs; that of gained pairs is q + bound
        p = [q, q + bound, 1 - 2 * q - bound]
        counts = [lost, gained, pairs - lost - gained]
        return -sum(n * np.log(max(x, 1e-300)) for n, x in zip(counts, p, strict=True) if n)

    low, high = max(0.0, -bound), (1 - bound) / 2
    q = minimize_scalar(unlikelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    score = (gained - lost - pairs * bound) / np.sqrt(pairs * (2 * q + bound - bound**2))
    assert score == pytest.approx(norm.ppf(0.95), rel=1e-3)


@pytest.mark.parametrize(("gained", "lost", "pairs"), CASES)
def test_the_bound_lies_below_the_estimate_and_moves_with_confidence(gained, lost, pairs):
    bounds = [score_bound(gained, lost, pairs, confidence=confidence) for confidence in (0.6, 0.9, 0.95, 0.999)]
    assert (gained - lost) / pairs > bounds[0]
    assert bounds == sorted(bounds, reverse=True)
    assert all(-1 <= bound <= 1 for bound in bounds)


def test_all_lost():
    assert -1 <= score_bound(0, 20, 20) < -0.8


def test_coverage():
    random = np.random.default_rng(31)
    pairs, p_gained, p_lost = 400, 0.02, 0.035
    drawn = random.multinomial(pairs, [p_gained, p_lost, 1 - p_gained - p_lost], 3000)
    kinds, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    covers = np.array([score_bound(gained, lost, pairs) <= p_gained - p_lost for gained, lost in kinds])
    assert 0.93 < counts[covers].sum() / counts.sum() < 0.97


def test_the_margin_is_wider_with_few_answers():
    assert (margin_for(1999), margin_for(2000)) == (0.02, 0.01)


def test_one_seed_each_is_the_plain_test():
    random = np.random.default_rng(32)
    reference, other = random.random((1, 300)) < 0.9, random.random((1, 300)) < 0.88
    found = compare_accuracy(reference, other)
    gained, lost = np.sum(other & ~reference), np.sum(reference & ~other)
    assert found.bound == pytest.approx(score_bound(gained, lost, 300))
    assert (found.reference, found.other) == (reference.mean(), other.mean())


def test_seeds_that_answer_alike_are_worth_one():
    random = np.random.default_rng(33)
    reference, other = random.random((1, 500)) < 0.9, random.random((1, 500)) < 0.9
    once = compare_accuracy(reference, other)
    often = compare_accuracy(np.repeat(reference, 4, axis=0), np.repeat(other, 3, axis=0))
    assert often.bound == pytest.approx(once.bound)


def test_coverage_with_seeds_whose_answers_depend_on_the_sample():
    random = np.random.default_rng(34)
    seeds, samples, trials, covered = 4, 250, 600, 0
    easy, hard = (0.99, 0.98), (0.7, 0.68)  # for reference and other; a fifth of the samples is hard
    truth = 0.8 * (easy[1] - easy[0]) + 0.2 * (hard[1] - hard[0])
    for _ in range(trials):
        is_hard = random.random(samples) < 0.2
        answers = [random.random((seeds, samples)) < np.where(is_hard, hard[side], easy[side]) for side in (0, 1)]
        covered += compare_accuracy(*answers).bound <= truth
    assert 0.92 < covered / trials < 0.98


def test_non_inferiority():
    right = np.ones((1, 5000), bool)
    slightly, clearly = right.copy(), right.copy()
    slightly[0, :20] = False
    clearly[0, :60] = False
    assert compare_accuracy(right, slightly).is_noninferior
    assert not compare_accuracy(right, clearly).is_noninferior
    assert compare_accuracy(clearly, right).is_noninferior
    assert not compare_accuracy(right[:, :30], right[:, :30]).is_noninferior  # 30 samples show nothing


def test_other_samples_are_refused():
    with pytest.raises(InputError, match=r"same samples: shapes \(1, 4\) and \(1, 5\)"):
        compare_accuracy(np.ones((1, 4), bool), np.ones((1, 5), bool))
    with pytest.raises(InputError, match="same samples"):
        compare_accuracy(np.ones((1, 0), bool), np.ones((1, 0), bool))


@pytest.mark.parametrize("seeds", [1, 3, 7])
def test_equal_accuracies_are_equal_numbers(seeds):
    """Means of samples' means differ by rounding; a search takes a function that is as accurate as the best."""
    random = np.random.default_rng(seeds)
    for _ in range(20):
        one = random.random((seeds, 449)) < 0.9
        other = random.permutation(one.reshape(-1)).reshape(one.shape)
        found = compare_accuracy(one, other)
        assert found.reference == found.other == one.mean()
