"""What a design costs, and what a search minimises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from statistics import fmean


class SearchObjective(StrEnum):
    """The cost that a search minimises."""

    ENERGY = "energy"
    """Energy per inference, by the hardware's counters."""
    LATENCY = "latency"
    """Cycles of a sample alone in the pipeline."""
    AREA = "area"
    """Area of memories, flip-flops and arithmetic."""
    EDP = "edp"
    """Energy times latency."""
    THROUGHPUT = "throughput"
    """Cycles from one sample to the next."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Means per inference of a design, or lower bounds of them."""

    cycles: float
    interval: float
    """Cycles from one sample to the next; those of a sample if only one is in the pipeline at a time."""
    energy_pj: float
    um2: float

    def value(self, objective: SearchObjective) -> float:
        """Return the cost that a search minimises; a bound of it if these are bounds."""
        return _VALUES[objective](self)


def mean_costs(several: Sequence[Costs], samples: Sequence[int]) -> Costs:
    """Return the mean of costs that are means over so many ``samples`` each."""
    names = (each.name for each in fields(Costs))
    return Costs(**{name: weighted([getattr(costs, name) for costs in several], samples) for name in names})


def weighted(means: Sequence[float], samples: Sequence[int]) -> float:
    """Return the mean of means over so many ``samples`` each."""
    return means[0] if len(means) == 1 else fmean(means, samples)


_VALUES: Mapping[SearchObjective, Callable[[Costs], float]] = {
    SearchObjective.ENERGY: lambda costs: costs.energy_pj,
    SearchObjective.LATENCY: lambda costs: costs.cycles,
    SearchObjective.AREA: lambda costs: costs.um2,
    SearchObjective.EDP: lambda costs: costs.energy_pj * costs.cycles,
    SearchObjective.THROUGHPUT: lambda costs: costs.interval,
}
