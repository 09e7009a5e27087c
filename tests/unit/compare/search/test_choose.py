"""Eligibility, choice and front of a search, on random candidates."""

import numpy as np
import pytest

from tospike.compare.search.choose import Scored, cheapest, front, is_dominated
from tospike.compare.search.eligible import find_eligible
from tospike.hw.params import InputError

SAMPLES = 400


def random_side(rng, name, count=6):
    """Functions with their answers, and a cost for each."""
    answers = {
        (name, number): (tuple((rng.uniform(size=SAMPLES) < rng.uniform(0.9, 1)).tolist()),) for number in range(count)
    }
    return answers, {each: float(rng.uniform(1, 9)) for each in answers}


def ratio(ann, snn):
    """SNN over ANN, of the cheapest eligible functions."""
    found = find_eligible({"ann": ann[0], "snn": snn[0]})
    best = [
        costs[cheapest(((each, cost) for each, cost in costs.items() if found.functions[each].eligible))[0]]
        for _, costs in (snn, ann)
    ]
    return best[0] / best[1]


@pytest.mark.parametrize("seed", range(50))
def test_another_candidate_of_known_accuracy_never_moves_the_ratio_away_from_its_side(seed):
    rng = np.random.default_rng(seed)
    ann, snn = (random_side(rng, name) for name in ("ann", "snn"))
    before = ratio(ann, snn)
    for side, own in (("ann", ann), ("snn", snn)):
        # another hardware of a function that exists: the target stays
        same = own[0][side, int(rng.integers(6))]
        more = ({**own[0], (side, 6): same}, {**own[1], (side, 6): float(rng.uniform(0.1, 9))})
        if side == "ann":
            assert ratio(more, snn) >= before
        else:
            assert ratio(ann, more) <= before


@pytest.mark.parametrize("seed", range(20))
def test_swapping_the_sides_inverts_the_ratio(seed):
    rng = np.random.default_rng(seed)
    one, other = (random_side(rng, name) for name in ("one", "other"))
    assert ratio(other, one) == pytest.approx(1 / ratio(one, other))


def test_equal_sides_tie():
    rng = np.random.default_rng(1)
    answers, costs = random_side(rng, "ann")
    same = (
        {("snn", number): found for (_, number), found in answers.items()},
        {("snn", n): c for (_, n), c in costs.items()},
    )
    assert ratio((answers, costs), same) == 1


def with_wrong(wrong, samples=SAMPLES, seeds=1):
    return (tuple(number not in wrong for number in range(samples)),) * seeds


def test_the_target_is_the_lower_of_the_best():
    found = find_eligible({"ann": {"a": with_wrong({1})}, "snn": {"s": with_wrong({1, 2, 3}), "t": with_wrong({1, 2})}})
    assert found.target.side == "snn" and found.target.accuracy == 398 / 400 and found.target.margin == 0.02
    assert all(found.functions[each].eligible for each in "ast")


def test_what_loses_more_than_the_margin_is_not_eligible():
    sides = {"ann": {"a": with_wrong(set())}, "snn": {"s": with_wrong(set(range(4))), "t": with_wrong(set(range(14)))}}
    found = find_eligible(sides)
    assert found.functions["s"].eligible and found.functions["a"].eligible
    assert not found.functions["t"].eligible and found.functions["t"].bound < -0.02


def test_with_few_samples_only_the_most_accurate_of_each_side_are_eligible():
    few = {"ann": {"a": with_wrong({0}, 20), "b": with_wrong({1}, 20), "c": with_wrong({0, 1}, 20)}}
    found = find_eligible({**few, "snn": {"s": with_wrong({0}, 20), "t": with_wrong({0, 2}, 20)}})
    assert {each for each, how in found.functions.items() if how.eligible} == {"a", "b", "s"}


def test_answers_of_all_seeds_count():
    """Five networks that lose the same samples prove no more than one; the margin is that of all answers."""
    sides = {
        "ann": {"a": with_wrong(set(), seeds=5)},
        "snn": {"s": with_wrong({1, 2}), "t": with_wrong({1, 2}, seeds=5)},
    }
    found = find_eligible({**sides, "snn": {**sides["snn"], "best": with_wrong(set())}})
    assert found.functions["t"].bound == pytest.approx(found.functions["s"].bound, abs=2e-3)
    assert found.target.margin == 0.01


def test_a_given_accuracy_is_a_threshold():
    sides = {"ann": {"a": with_wrong(set(range(8)))}, "snn": {"s": with_wrong(set(range(9))), "t": with_wrong(set())}}
    found = find_eligible(sides, 0.98)
    assert [found.functions[each].eligible for each in "ast"] == [True, False, True]
    assert found.target.side is None and found.functions["a"].bound is None
    with pytest.raises(InputError, match=r"no ANN within the budget reaches --accuracy 0\.99 on validation, the best"):
        find_eligible(sides, 0.99)


def test_the_first_of_equally_cheap_designs_is_chosen():
    assert cheapest([("a", 2.0), ("b", 2.0), ("c", 3.0)], 2) == ["a", "b"]


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
