"""Adders that sums share."""

import numpy as np
import pytest

from tospike.hw.params import IntFormat
from tospike.hw.unrolled.digits import multiples, signed_digits
from tospike.hw.unrolled.sharing import Term, common_pairs, kind_of
from tospike.hw.unrolled.sums import Sum, layer_graph

U2 = IntFormat(bits=2, signed=False)


def terms(*signs):
    return [Term(shift=0, node=node, negative=sign < 0) for node, sign in enumerate(signs) if sign]


def test_the_most_frequent_pair_comes_first():
    sums = [terms(1, 1, -1), terms(0, 1, -1), terms(0, -1, 1), terms(1, 1, 0)]
    made = common_pairs(sums)
    for pairs, rest in made[:3]:
        ((one, two),) = pairs
        assert (one.node, two.node, one.negative != two.negative) == (1, 2, True)
        assert len(rest) == len(sums[made.index((pairs, rest))]) - 2
    assert made[3] == ([], terms(1, 1, 0))  # no other sum has this pair left


def test_a_shift_and_a_sign_do_not_matter():
    one, two = Term(shift=1, node=3), Term(shift=2, node=5, negative=True)
    later = [Term(shift=term.shift + 4, node=term.node, negative=not term.negative) for term in (one, two)]
    assert kind_of(one, two) == kind_of(two, one) == kind_of(*later)


@pytest.mark.parametrize("seed", range(3))
def test_terms_are_neither_lost_nor_added(seed):
    rng = np.random.default_rng(seed)
    sums = [terms(*rng.integers(-1, 2, 12)) for _ in range(10)]
    for before, (pairs, rest) in zip(sums, common_pairs(sums), strict=True):
        assert sorted([*(term for pair in pairs for term in pair), *rest]) == sorted(before)


def test_ternary_sums_take_fewer_adders_than_terms():
    weights = np.random.default_rng(1).integers(-1, 2, (32, 32))
    graph, sums = layer_graph(
        weights.tolist(), [0] * 32, U2, fraction_bits=0, terms=32, has_multiples=False, adder_levels=1
    )
    adders = sum(isinstance(node, Sum) for node in graph.nodes)
    assert len(sums) == 32
    assert adders < 0.8 * (np.count_nonzero(weights) - 32)


@pytest.mark.parametrize("value", range(-128, 128))
def test_every_weight_of_8_bits_is_the_sum_of_two_multiples_at_most(value):
    assert sum(-(1 << place) if negative else 1 << place for place, negative in signed_digits(value)) == value
    made = multiples(value)
    assert sum(-m.odd << m.shift if m.negative else m.odd << m.shift for m in made) == value
    assert len(made) <= 2 and all(len(signed_digits(m.odd)) <= 2 for m in made)
