"""The break-even surface by the hardware's counters and, optionally, in gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tospike.compare.energy.gates.measure import fitting_technology
from tospike.compare.energy.gates.options import LibraryOptions
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.sweep.axes import Axes
from tospike.compare.sweep.gate_surface import check_surface, gate_surface
from tospike.compare.sweep.runner import COUNTERS, GATES, P, R, Task
from tospike.compare.sweep.surface import BreakEven, surface, with_rates
from tospike.hw.params import option, same_option


class BreakEvenAxes(Axes):
    """The axes of the surface, without the spike rate, which is searched."""

    ONE = frozenset({*Axes.ONE, "density"})
    LEFT_OUT = frozenset({"spike_rate"})
    DEFAULTS: ClassVar = {"rows": "1,4,16", "state": "register,memory"}

    def in_gates(self, target: str) -> "BreakEvenAxes":
        """Return the axes with defaults for gates: membranes as built, and the technology that matches the cells."""
        return BreakEvenAxes({"state": "built", "technology": fitting_technology(target), **self.given})


@dataclass(frozen=True, kw_only=True)
class BreakEvenGates:
    """Options of the gates."""

    PANEL: ClassVar = "Gates"

    gates: bool = option(False, "Also measure in gates; membranes are then as built")
    gate_target: str = same_option(LibraryOptions, "target")
    delays: DelayModel = option(DelayModel.LIBRARY, "Gate delays: none (zero: no glitches), or the library's")


class Measure(Protocol):
    """Measures points of a sweep."""

    def __call__(self, points: Sequence[P], task: Task[P, R], /) -> list[R]:
        """Return the results, in the order of the points."""


def break_even(axes: Axes, gates: BreakEvenGates, measure: Measure) -> tuple[BreakEven, ...]:
    """Return the break-even of each combination of ``axes``: all by counters, then, if requested, all in gates.

    Raises
    ------
    InputError
        The hardware does not support a point, or it cannot be measured in gates; checked before any measurement.
    """
    points = axes.points
    if gates.gates:
        check_surface(points, target=gates.gate_target, delays=gates.delays)
    found = surface(measure(with_rates(points), COUNTERS), points)
    if gates.gates:
        found += gate_surface(
            points, target=gates.gate_target, delays=gates.delays, run=lambda works: measure(works, GATES)
        )
    return found
