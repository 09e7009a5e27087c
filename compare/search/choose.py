"""Choices among designs: which may be chosen, which is the cheapest, which are on the front, which need not be priced.

A design is eligible if its accuracy is at most a margin below the target. That rule is in one place, `is_eligible`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

MARGIN = 0.01
"""How far below the target an accuracy may be: one percentage point."""
_ROUNDING = 1e-9
"""Accuracies are counts over samples, so equal ones may differ by rounding."""


@dataclass(frozen=True)
class Scored:
    """Accuracy and cost of a design; the cost may be a bound."""

    accuracy: float
    cost: float


def is_eligible(accuracy: float, target: float) -> bool:
    """Return whether a design of this accuracy may be chosen."""
    return accuracy >= target - MARGIN - _ROUNDING


def default_target(accuracies: Iterable[Iterable[float]]) -> float:
    """Return the lower of the best accuracies of the sides."""
    return min(max(side, default=0.0) for side in accuracies)


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


def cheapest(designs: Sequence[tuple[T, Scored]], target: float, count: int = 1) -> list[T]:
    """Return the cheapest eligible designs, the cheapest first; of equally cheap ones the first."""
    allowed = [(each, scored) for each, scored in designs if is_eligible(scored.accuracy, target)]
    return [each for each, _ in sorted(allowed, key=lambda pair: pair[1].cost)[:count]]
