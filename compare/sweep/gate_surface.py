"""The break-even surface in gates, with as few netlists as possible.

The threshold of the neurons is part of the gates, so each spike rate needs its own netlist. Energy rises with the rate,
so bisection measures only the rates needed to bracket the break-even. Results that points share are measured once: an
SNN for all arrays, and an ANN for all time steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.sweep.gates import GatePoint, Side, check
from tospike.compare.sweep.layer import spikes_per_activation
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import GateSideResult
from tospike.compare.sweep.surface import RATES, BreakEven, crossing

Found = dict[GatePoint, GateSideResult]
Run = Callable[[Sequence[GatePoint]], Sequence[GateSideResult]]
"""Returns the results of `tospike.compare.sweep.gates.measure`, in the order of the points."""


def check_surface(points: Sequence[Point], *, target: str, delays: DelayModel) -> None:
    """Refuse points that cannot be measured in gates, before anything runs.

    Raises
    ------
    InputError
        A point places its membranes differently than built, or a library or a tool is missing.
    """
    for point in points:
        for side in Side:
            check(GatePoint.of(side, point, target=target, delays=delays))


def gate_surface(points: Sequence[Point], *, target: str, delays: DelayModel, run: Run) -> tuple[BreakEven, ...]:
    """Return the break-even of each of ``points`` in the gates of ``target``, in that order."""
    surface = [_Search(point, target, delays) for point in points]
    found: Found = {}
    while wanted := tuple(dict.fromkeys(side for search in surface for side in search.missing(found))):
        found.update(zip(wanted, run(wanted), strict=True))
    return tuple(search.result(found) for search in surface)


class _Search:
    """Bisection for the break-even of one point."""

    def __init__(self, point: Point, target: str, delays: DelayModel):
        self._point = point
        self._rates = [replace(point, spike_rate=rate) for rate in RATES]
        self._ann = GatePoint.of(Side.ANN, point, target=target, delays=delays)
        self._snn = [GatePoint.of(Side.SNN, rate, target=target, delays=delays) for rate in self._rates]

    def missing(self, found: Found) -> list[GatePoint]:
        """Return the points to measure next; none once the break-even is bracketed by neighbouring rates."""
        low, high = 0, len(self._snn)
        while low < high:
            middle = (low + high) // 2
            side = self._snn[middle]
            unknown = [work for work in (self._ann, side) if work not in found]
            if unknown:
                return unknown
            below = found[side].pj < found[self._ann].pj
            low, high = (middle + 1, high) if below else (low, middle)
        return []

    def result(self, found: Found) -> BreakEven:
        """Return the break-even, once no points are missing."""
        measured = ((rate, found[side]) for rate, side in zip(self._rates, self._snn, strict=True) if side in found)
        curve = tuple((spikes_per_activation(rate), side) for rate, side in measured)
        ann = found[self._ann]
        return BreakEven(
            point=self._point,
            n_star=crossing([(n, side.pj) for n, side in curve], ann.pj),
            n_max=spikes_per_activation(self._rates[-1]),
            ann=ann,
            curve=curve,
            level=Level.GATES,
            cells=self._ann.target,
            delays=self._ann.delays,
        )
