"""Choices among designs: which is the cheapest, which are on the front, which need not be priced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Scored:
    """Accuracy and cost of a design; the cost may be a bound."""

    accuracy: float
    cost: float


def is_dominated(bound: Scored, known: Iterable[Scored]) -> bool:
    """Return whether a design with at least this cost is no better than one of the known designs."""
    return any(each.accuracy >= bound.accuracy and each.cost <= bound.cost for each in known)


def front(designs: Sequence[Scored]) -> list[bool]:
    """Return which designs are on the Pareto front of accuracy and cost."""
    return [
        not any(
            other.accuracy >= each.accuracy
            and other.cost <= each.cost
            and (other.accuracy > each.accuracy or other.cost < each.cost)
            for other in designs
        )
        for each in designs
    ]


T = TypeVar("T")


def cheapest(designs: Iterable[tuple[T, float]], count: int = 1) -> list[T]:
    """Return the designs of least cost, the cheapest first; of equally cheap ones the first."""
    return [each for each, _ in sorted(designs, key=lambda pair: pair[1])[:count]]
