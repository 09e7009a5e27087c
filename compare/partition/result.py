"""The result of a partition: every placement with its costs, and the best of several kinds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tospike.gen.area.systolic import Area
from tospike.hw.params import InputError


class Objective(StrEnum):
    """What a placement minimises."""

    ENERGY = "energy"
    """Energy per inference, by the hardware's counters."""
    LATENCY = "latency"
    """Cycles of a sample alone in the pipeline."""
    AREA = "area"
    """Area of memories, flip-flops and arithmetic."""
    EDP = "edp"
    """Energy times latency."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A placement that was evaluated."""

    place: str
    """As ``--place`` takes it."""
    accuracy: float
    """Fraction of the samples."""
    cycles: float
    """Mean of a lone sample."""
    energy_pj: float
    """Mean per inference, by the hardware's counters."""
    area: float
    """um2 of memories, flip-flops and arithmetic; 0 on an FPGA."""
    cells: Area | None = None
    """On the device, predicted; ``None``: no device is given, or unknown."""

    def value(self, objective: Objective) -> float:
        """Return what is minimised."""
        return {
            Objective.ENERGY: self.energy_pj,
            Objective.LATENCY: self.cycles,
            Objective.AREA: self.area,
            Objective.EDP: self.energy_pj * self.cycles,
        }[objective]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The best placement, and those that it is compared with."""

    best: Placed
    """That of the least cost within the accuracy loss."""
    runner_up: Placed | None
    """The next one; ``None``: there is no other."""
    all_ann: Placed | None
    """The best in which no layer spikes; ``None``: none fits the device."""
    all_snn: Placed | None
    """The best in which all layers spike; ``None``: none fits the device."""
    best_hybrid: Placed | None
    """The best that mixes both; ``None``: there is none, as for a single layer."""

    def others(self) -> Iterator[tuple[str, Placed]]:
        """Yield those besides the best, with their names."""
        for name in ("all_ann", "all_snn", "best_hybrid", "runner_up"):
            if (each := getattr(self, name)) is not None:
                yield name, each

    def relative_costs(self, objective: Objective) -> dict[str, float]:
        """Return how many times the best one's cost each of the others has; 1 is a tie."""
        best = self.best.value(objective)
        return {name: each.value(objective) / best for name, each in self.others()}


def choose(
    placements: Sequence[tuple[frozenset[bool], Placed]],
    objective: Objective,
    max_accuracy_loss: float,
    *,
    needs_both_sides: bool = True,
) -> Choice:
    """Choose among placements, each with whether some of its layers spike, and some do not.

    ``max_accuracy_loss`` is in points, inclusive, against the most accurate placement.

    Raises
    ------
    InputError
        There is no placement, or with ``needs_both_sides`` none of an ANN or of an SNN alone.
    """
    if not placements:
        raise InputError("no placement can be built")
    most = max(each.accuracy for _, each in placements)
    ordered = sorted(placements, key=lambda each: each[1].value(objective))
    # accuracies are fractions of samples, whose differences are rounded
    best, *others = [each for _, each in ordered if 100 * (most - each.accuracy) <= max_accuracy_loss + 1e-9]

    def first(*spikes: bool) -> Placed | None:
        return next((each for kinds, each in ordered if kinds == set(spikes)), None)

    all_ann, all_snn = first(False), first(True)
    if needs_both_sides and (all_ann is None or all_snn is None):
        side = "ANN" if all_ann is None else "SNN"
        raise InputError(f"no engines run all layers as an {side}: there is nothing to compare the placements with")
    return Choice(
        best=best,
        runner_up=others[0] if others else None,
        all_ann=all_ann,
        all_snn=all_snn,
        best_hybrid=first(False, True),
    )


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A placement in RTL."""

    place: str
    samples: int
    mismatches: int
    """Samples, alone or back to back, and totals of counters that differ from the golden model."""


@dataclass(frozen=True, kw_only=True)
class Partition(Choice):
    """Every placement of a network, and the best."""

    network: str
    data: str
    samples: int
    objective: Objective
    technology: str
    placements: tuple[Placed, ...]
    """All that were evaluated, the cheapest first."""
    margins: dict[str, float]
    """How many times the best one's cost the others have."""
    refused: dict[str, str]
    """Placements that no engine can run, with the reason."""
    verified: tuple[Verified, ...]
