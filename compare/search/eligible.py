"""Which functions may be chosen: those that answer as well as the sides' common target, on the validation samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from tospike.compare.report.design import Kind
from tospike.compare.verdict.noninferior import compare_accuracy, margin_for
from tospike.hw.params import InputError

T = TypeVar("T")
Answers = tuple[tuple[bool, ...], ...]
"""Whether each validation sample was answered correctly, by the network of each seed."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What both sides should reach."""

    accuracy: float
    side: Kind | None
    """The side whose most accurate function it is; ``None``: a number that was given."""
    margin: float
    """How much of it may be missing, as a fraction."""


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Whether a function may be chosen, and by how much its accuracy may be below the target's."""

    eligible: bool
    bound: float | None
    """Lower bound of its accuracy minus the target's, one-sided, at 95 %; ``None``: the target is a number."""


@dataclass(frozen=True, kw_only=True)
class Eligible(Generic[T]):
    """The target, and what may be chosen."""

    target: Target
    functions: Mapping[T, Eligibility]


def find_eligible(sides: Mapping[Kind, Mapping[T, Answers]], accuracy: float | None = None) -> Eligible[T]:
    """Return which functions of both sides may be chosen.

    By default the target is the most accurate function of the side whose most accurate one is worse. A function is
    eligible if the paired score bound shows that it misses the target by less than the margin
    (`tospike.compare.verdict.noninferior`), or if no other of its side is more accurate: a comparison with the best
    that a side has needs no proof. An ``accuracy`` that is given is a threshold.

    Parameters
    ----------
    sides
        Answers of each function, of the same samples; neither side is empty.
    accuracy
        Target, as a fraction.

    Raises
    ------
    InputError
        A side does not reach the ``accuracy``.
    """
    best = {side: _most_accurate(own) for side, own in sides.items()}
    if accuracy is not None:
        return _above(sides, best, accuracy)
    most = {side: float(np.mean(sides[side][best[side]])) for side in sides}
    lower = min(most, key=lambda side: most[side])
    reference = np.array(sides[lower][best[lower]])
    found = {}
    for side, own in sides.items():
        for each, answers in own.items():
            paired = compare_accuracy(reference, np.array(answers))
            as_good_as_any = paired.other >= most[side]
            found[each] = Eligibility(eligible=as_good_as_any or paired.is_noninferior, bound=paired.bound)
    target = Target(accuracy=most[lower], side=lower, margin=margin_for(reference.size))
    return Eligible(target=target, functions=found)


def _most_accurate(answers: Mapping[T, Answers]) -> T:
    return max(answers, key=lambda each: float(np.mean(answers[each])))


def _above(sides: Mapping[Kind, Mapping[T, Answers]], best: Mapping[Kind, T], accuracy: float) -> Eligible[T]:
    for side, own in sides.items():
        most = float(np.mean(own[best[side]]))
        if most < accuracy:
            raise InputError(
                f"no {side.upper()} within the budget reaches --accuracy {accuracy:g} on validation, the best has "
                f"{most:.4g}: give a lower one, a larger budget or other networks"
            )
    found = {
        each: Eligibility(eligible=float(np.mean(answers)) >= accuracy, bound=None)
        for own in sides.values()
        for each, answers in own.items()
    }
    return Eligible(target=Target(accuracy=accuracy, side=None, margin=0.0), functions=found)
