"""The break-even surface: the spikes per activation at which a configuration's SNN and ANN need equal energy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import PointResult, SideResult

RATES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Spikes per input and step at which a configuration is measured. Energy is interpolated linearly between them; only
full queues and steps without spikes cause deviations."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """n* of one configuration."""

    point: Point
    """The configuration; its spike rate is ignored."""
    n_star: float | None
    """0: the ANN wins even without spikes. ``None``: the SNN wins even with a spike per input and step."""
    n_max: float
    """n for a spike per input and step."""
    ann: SideResult
    curve: tuple[tuple[float, SideResult], ...]
    """The SNN at each measured n, ascending."""
    level: Level = Level.COUNTERS
    cells: str | None = None
    """The cell library, for gates."""
    delays: DelayModel | None = None
    """The delay model, for gates."""


def with_rates(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the points to measure for the break-even of ``points`` by counters."""
    return tuple(replace(point, spike_rate=rate) for point in points for rate in RATES)


def surface(results: Sequence[PointResult], points: Sequence[Point]) -> tuple[BreakEven, ...]:
    """Return the break-even of each of ``points``, from the results of `with_rates`, in that order."""
    count = len(RATES)
    return tuple(_break_even(point, results[i * count : (i + 1) * count]) for i, point in enumerate(points))


def _break_even(point: Point, results: Sequence[PointResult]) -> BreakEven:
    ann = results[0].ann
    curve = tuple((result.n, result.snn) for result in results)
    n_star = crossing([(n, side.pj) for n, side in curve], ann.pj)
    return BreakEven(point=point, n_star=n_star, n_max=results[-1].n, ann=ann, curve=curve)


def crossing(curve: Sequence[tuple[float, float]], level: float) -> float | None:
    """Return the x at which the ascending ``curve`` of (x, y) first reaches ``level``; ``None`` if it never does."""
    if curve[0][1] >= level:
        return 0.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        if y1 >= level:
            return x0 + (x1 - x0) * (level - y0) / (y1 - y0)
    return None
