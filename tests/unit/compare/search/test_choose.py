"""Eligibility, choice and front of a search, on random candidates."""

import numpy as np
import pytest

from tospike.compare.search.choose import (
    MARGIN,
    Scored,
    cheapest,
    default_target,
    front,
    is_dominated,
    is_eligible,
)

TARGET = 0.95


def random_side(rng):
    return [(number, Scored(float(a), float(c))) for number, (a, c) in enumerate(rng.uniform((0.9, 1), (1, 9), (6, 2)))]


def ratio(ann, snn, target=TARGET):
    """SNN over ANN, of the cheapest eligible designs."""
    costs = [dict(side)[cheapest(side, target)[0]].cost for side in (snn, ann)]
    return costs[0] / costs[1]


@pytest.mark.parametrize("seed", range(50))
def test_another_candidate_never_moves_the_ratio_away_from_its_side(seed):
    rng = np.random.default_rng(seed)
    ann, snn = ([*random_side(rng), (6, Scored(0.97, 8.0))] for _ in range(2))
    more = (7, Scored(float(rng.uniform(0.9, 1)), float(rng.uniform(0.1, 9))))
    before = ratio(ann, snn)
    assert ratio(ann, [*snn, more]) <= before
    assert ratio([*ann, more], snn) >= before


@pytest.mark.parametrize("seed", range(20))
def test_swapping_the_sides_inverts_the_ratio(seed):
    rng = np.random.default_rng(seed)
    ann, snn = ([*random_side(rng), (6, Scored(0.97, 8.0))] for _ in range(2))
    assert ratio(snn, ann) == pytest.approx(1 / ratio(ann, snn))
    sides = [[scored.accuracy for _, scored in side] for side in (ann, snn)]
    assert default_target(sides) == default_target(reversed(sides))


def test_equal_sides_tie():
    side = random_side(np.random.default_rng(1))
    assert ratio(side, side) == 1


def test_a_margin_below_the_target_is_eligible_and_rounding_does_not_matter():
    assert is_eligible(0.97 - MARGIN, 0.97) and is_eligible(0.1 + 0.2 - MARGIN, 0.3)
    assert not is_eligible(0.97 - MARGIN - 1e-6, 0.97)


def test_the_first_of_equally_cheap_designs_is_chosen():
    side = [("a", Scored(0.99, 2.0)), ("b", Scored(0.98, 2.0)), ("c", Scored(0.5, 1.0))]
    assert cheapest(side, 0.98, 3) == ["a", "b"]


@pytest.mark.parametrize("seed", range(20))
def test_the_front_has_what_nothing_else_dominates(seed):
    rng = np.random.default_rng(seed)
    designs = [Scored(float(a), float(c)) for a, c in rng.integers((90, 1), (100, 9), (12, 2))]
    chosen = front(designs)
    for design, on_front in zip(designs, chosen, strict=True):
        others = [other for other in designs if other != design]
        better = [o for o in others if o.accuracy >= design.accuracy and o.cost <= design.cost]
        assert on_front == (not better)
        if not on_front:
            assert is_dominated(design, [d for d, kept in zip(designs, chosen, strict=True) if kept])
