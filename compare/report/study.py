"""The report of a study: the contents of report.json."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.energy.break_even import SpikeActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.gates.place import GatePlace
from tospike.compare.energy.technology import Platform
from tospike.compare.plain import absent
from tospike.compare.report.candidates import BestCandidates, Candidate, SearchReport
from tospike.compare.report.design import DesignReport
from tospike.compare.report.variations import (
    ExactPairReport,
    HybridReport,
    IsoAccuracy,
    MatchedQnnComparison,
    Missing,
    Sensitivity,
    Variant,
)
from tospike.compare.report.verdict import Interval, Verdict

FORMAT = 4
"""Format version of report.json, raised when a key is removed or changes its meaning."""


@dataclass(frozen=True, kw_only=True)
class WorkloadReport:
    """Networks and data of the comparison."""

    name: str
    description: str
    samples: int
    split: str
    """The part of the data used."""


@dataclass(frozen=True, kw_only=True)
class BreakEvenReport:
    """Spikes per non-zero activation (n) of the SNN, and break-even points in the same unit."""

    n: float
    n_star: Mapping[str, float]
    """Break-even of this network by technology, from the hardware's counters; 0: the ANN always wins."""
    published: Mapping[str, Interval]
    """Published results, at this ANN's density of activations."""
    formula: Mapping[str, float]
    """The general formula with a large SRAM, by reuse and placement of the states."""
    gates: GatePlace | None = absent()
    """Break-even of this network in gates, if measured."""


@dataclass(frozen=True, kw_only=True)
class TechnologyReport:
    """The technology that prices the hardware's counters."""

    name: str
    description: str
    platform: Platform
    constants: Mapping[str, Constant]


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Random seeds."""

    placement: int


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Provenance of the figures."""

    tospike: str
    """Version of tospike."""
    command: str
    tools: Mapping[str, str]
    """Versions of the tools."""
    seeds: Seeds
    seconds: Mapping[str, float]
    """Wall-clock time of each step."""


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """The verdict for one workload, with all evidence."""

    format: int = FORMAT
    workload: WorkloadReport
    question: str
    warnings: tuple[str, ...]
    verdict: Verdict
    designs: tuple[DesignReport, ...]
    """The designs that the verdict compares: the ANN, then the SNN; and then a hybrid, if one was asked for."""
    candidates: tuple[Candidate, ...]
    """The designs of a search, or the pair."""
    best: BestCandidates
    """Those that the verdict compares."""
    search: SearchReport | None = absent()
    repeats: tuple[DesignReport, ...] = absent(tuple)
    """The compared designs with the weights of other seeds and folds; the verdict is over all of them."""
    controls: tuple[DesignReport, ...] = absent(tuple)
    """Designs that the verdict does not compare: further cheap designs of a search, the bit-matched QNN, the event ANN
    of an exact pair."""
    matched_qnn: MatchedQnnComparison | Missing | None = absent()
    exact_pair: ExactPairReport | None = absent()
    hybrid: HybridReport | None = absent()
    """The mix of both networks in ``designs``."""
    activity: SpikeActivity | None
    """``None``: no layer of the SNN has spikes as input."""
    break_even: BreakEvenReport | None
    """``None``: the networks have no layers to compare."""
    iso_accuracy: IsoAccuracy | None = absent()
    sensitivity: tuple[Sensitivity, ...] | None = absent()
    """One-at-a-time sensitivity, the strongest effect first."""
    variants: tuple[Variant, ...] | None = absent()
    """Designs from which ``sensitivity`` was computed."""
    gates: Missing | None = absent()
    """Why the requested gates were not measured; empty if they were."""
    models: Mapping[str, str]
    """Source of every published energy model."""
    constants: Mapping[str, Constant]
    """Prices of operations."""
    technology: TechnologyReport
    """Prices of the hardware's counters."""
    calibrations: Mapping[str, str] = absent(dict)
    """By technology: with what its prices are calibrated, and by how much."""
    provenance: Provenance

    @property
    def shown(self) -> tuple[DesignReport, ...]:
        """The designs with a column: those that the verdict compares, then controls."""
        return self.designs + self.controls

    @property
    def ann(self) -> DesignReport:
        """The ANN of the verdict."""
        return next(design for design in self.designs if design.kind == "ann")

    @property
    def snn(self) -> DesignReport:
        """The SNN of the verdict."""
        return next(design for design in self.designs if design.kind == "snn")
