"""The whole report of a study: what report.json holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.energy.break_even import SpikeActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.gates.place import GatePlace
from tospike.compare.plain import absent
from tospike.compare.report.design import DesignReport
from tospike.compare.report.variations import IsoAccuracy, MatchedQnnComparison, Missing, Sensitivity, Variant
from tospike.compare.report.verdict import Interval, Verdict

FORMAT = 2
"""Of report.json: it rises when a key goes or means something else."""


@dataclass(frozen=True, kw_only=True)
class WorkloadReport:
    """What was compared on which data."""

    name: str
    description: str
    samples: int
    split: str
    """Which part of the data they are."""


@dataclass(frozen=True, kw_only=True)
class BreakEvenReport:
    """Where the SNN lies, and where it would meet the ANN, in spikes per activation that is not zero (n)."""

    n: float
    n_star: Mapping[str, float]
    """Break-even of this network by technology, from the hardware's counters; 0: at no number of spikes."""
    published: Mapping[str, Interval]
    """Published answers at this ANN's density of activations."""
    formula: Mapping[str, float]
    """The general formula with a large SRAM, by reuse and place of the states."""
    gates: GatePlace | None = absent()
    """The same in gates, where measured."""


@dataclass(frozen=True, kw_only=True)
class TechnologyReport:
    """What prices the hardware's counters."""

    name: str
    description: str
    constants: Mapping[str, Constant]


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Where chance plays a part."""

    placement: int


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How the figures came about."""

    tospike: str
    """Its version."""
    command: str
    tools: Mapping[str, str]
    """Versions."""
    seeds: Seeds
    seconds: Mapping[str, float]
    """Wall time of each step."""


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """Spikes or not, for one workload: the verdict and everything that it rests on."""

    format: int = FORMAT
    workload: WorkloadReport
    question: str
    warnings: tuple[str, ...]
    verdict: Verdict
    designs: tuple[DesignReport, ...]
    """The two that the verdict compares: the ANN, then the SNN."""
    controls: tuple[DesignReport, ...] = absent(tuple)
    """Designs beside them: the bit-matched QNN."""
    matched_qnn: MatchedQnnComparison | Missing | None = absent()
    activity: SpikeActivity | None
    """``None``: no layer of the SNN is driven by spikes."""
    break_even: BreakEvenReport | None
    """``None`` where the networks have no layers to compare."""
    iso_accuracy: IsoAccuracy | None = absent()
    sensitivity: tuple[Sensitivity, ...] | None = absent()
    """One-at-a-time sensitivity, the strongest effect first."""
    variants: tuple[Variant, ...] | None = absent()
    """What ``sensitivity`` comes from."""
    gates: Missing | None = absent()
    """Why the gates, which were asked for, were not measured; empty if they were."""
    models: Mapping[str, str]
    """Source of every published energy model."""
    constants: Mapping[str, Constant]
    """Prices of operations."""
    technology: TechnologyReport
    """Prices of the hardware's counters."""
    provenance: Provenance

    @property
    def shown(self) -> tuple[DesignReport, ...]:
        """The designs that have a column: those that the verdict compares, then controls beside them."""
        return self.designs + self.controls

    @property
    def ann(self) -> DesignReport:
        """The ANN of the verdict."""
        return next(design for design in self.designs if design.kind == "ann")

    @property
    def snn(self) -> DesignReport:
        """The SNN of the verdict."""
        return next(design for design in self.designs if design.kind == "snn")
