"""Break-even points of a study: of its networks, of the literature, and by the general formula."""

import math
from collections.abc import Sequence

from tospike.compare.energy.break_even import LARGE_SRAM, PUBLISHED, Reuse, SpikeActivity, break_even
from tospike.compare.energy.gates.place import GatePlace, place_in_gates
from tospike.compare.energy.place import spike_break_even, spikes_between
from tospike.compare.energy.technology import Technology
from tospike.compare.report.study import BreakEvenReport
from tospike.compare.study.measure import Measured


def break_even_report(
    ann: Measured, snn: Measured, activity: SpikeActivity | None, technologies: Sequence[Technology]
) -> BreakEvenReport | None:
    """Return every break-even point; ``None`` if the networks have no layers to compare."""
    if activity is None or activity.spikes_per_activation is None or activity.density is None:
        return None
    n, density = activity.spikes_per_activation, activity.density
    return BreakEvenReport(
        n=n,
        n_star=_this_network(ann, snn, n, technologies),
        gates=_in_gates(ann, snn, n),
        published={point.name: point.spikes_per_activation(density=density) for point in PUBLISHED},
        formula=_by_formula(),
    )


def _by_formula() -> dict[str, float]:
    """Return break-even points with a large SRAM, by placement of the states and reuse of the ANN's data."""
    return {
        f"{place}, reuse {reuse}": break_even(LARGE_SRAM, Reuse(ann_weight=reuse, ann_activation=reuse, state=state))
        for place, state in (("state in a register", math.inf), ("state in SRAM", 1.0))
        for reuse in (1, 4, 16)
    }


def _this_network(ann: Measured, snn: Measured, n: float, technologies: Sequence[Technology]) -> dict[str, float]:
    """Return the spikes per activation at which this SNN would need as much energy as this ANN, by technology."""
    found = {}
    for technology in technologies:
        pj = ann.design.counters_pj.technologies[technology.name]
        factor = spike_break_even(technology, snn.params, snn.result.counters, snn.result.cycles, ann_pj=pj)
        if factor is not None:
            found[technology.name] = factor * n
    return found


def _in_gates(ann: Measured, snn: Measured, n: float) -> GatePlace | None:
    spikes = spikes_between(snn.params, snn.result.counters)
    return place_in_gates(ann.design.gates_pj, snn.design.gates_pj, n * spikes / (spikes.mean() or 1.0))
