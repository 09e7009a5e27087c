"""Which terms of many sums to add first, so that sums share adders. Plain Python, no Amaranth.

Common pairs are found greedily, as in Paar, "Optimized arithmetic for Reed-Solomon encoders" (ISIT 1997), but level by
level, so that no sum becomes deeper.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, kw_only=True, order=True)
class Term:
    """``-+ node * 2**shift``."""

    shift: int
    node: int
    negative: bool = False


Pair = tuple[Term, Term]
Kind = tuple[int, int, int, bool]
"""What is common to pairs with the same adder: both nodes, the distance of their shifts, whether their signs differ."""


def common_pairs(sums: Sequence[Sequence[Term]]) -> list[tuple[list[Pair], list[Term]]]:
    """Return, for each sum, pairs of its terms that another sum has, too, and the terms that are left.

    The most frequent pair is chosen first; sums that have it give both terms away.
    """
    rest = [set(terms) for terms in sums]
    chosen: list[list[Pair]] = [[] for _ in sums]
    counts: Counter[Kind] = Counter()
    having: defaultdict[Kind, list[int]] = defaultdict(list)
    for number, terms in enumerate(rest):
        for pair in combinations(sorted(terms), 2):
            kind = kind_of(*pair)
            counts[kind] += 1
            having[kind].append(number)
    queue = [(-count, kind) for kind, count in counts.items() if count > 1]
    heapq.heapify(queue)
    while queue:
        count, kind = heapq.heappop(queue)
        if -count != counts[kind]:  # counts only fall: it comes later
            if counts[kind] > 1:
                heapq.heappush(queue, (-counts[kind], kind))
            continue
        for number in dict.fromkeys(having[kind]):
            for pair in _found(kind, rest[number]):
                chosen[number].append(pair)
                for term in pair:
                    rest[number].remove(term)
                    counts.subtract(kind_of(term, other) for other in rest[number])
    return [(pairs, sorted(terms)) for pairs, terms in zip(chosen, rest, strict=True)]


def kind_of(one: Term, two: Term) -> Kind:
    """Return what determines the adder of two terms, up to a shift and a sign."""
    one, two = sorted((one, two))
    return one.node, two.node, two.shift - one.shift, one.negative != two.negative


def _found(kind: Kind, terms: set[Term]) -> Iterator[Pair]:
    """Yield the pairs of this kind in a sum, smallest first."""
    first, second, distance, differ = kind
    for term in sorted(terms):
        other = Term(shift=term.shift + distance, node=second, negative=term.negative != differ)
        if term.node == first and {term, other} <= terms and other != term:
            yield term, other
