"""What a verdict compares on one platform, and the ratios of their energies, SNN over ANN, by cost model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.compare.energy.cost_model import Platform
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.report.candidates import Candidate
from tospike.compare.report.design import KINDS, DesignReport, Kind
from tospike.compare.report.sentence import DYNAMIC
from tospike.compare.verdict.ratio import LogRatio, energy_ratio

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The best design of each side on a platform, and all candidates."""

    runs: Mapping[Kind, Sequence[Sequence[DesignReport]]]
    """The design of each side, by seed and fold of its network: all are tested on the same samples in the same order.

    That of the first seed and the last fold was measured, the others ran in the golden model.
    """
    against: Candidate
    """The ANN among the candidates."""
    judged: Candidate
    """The SNN among the candidates."""
    candidates: tuple[Candidate, ...]
    platform: Platform
    technologies: Sequence[str]
    """Cost models of the platform; the first one chose the designs, and decides."""

    @property
    def ann(self) -> DesignReport:
        """The ANN that was measured."""
        return self.runs["ann"][0][-1]

    @property
    def snn(self) -> DesignReport:
        """The SNN that was measured."""
        return self.runs["snn"][0][-1]

    @property
    def repeats(self) -> tuple[DesignReport, ...]:
        """The other runs of both."""
        measured = (self.ann, self.snn)
        return tuple(run for kind in KINDS for row in self.runs[kind] for run in row if run not in measured)

    def over_samples(self, kind: Kind, values: Callable[[DesignReport], ArrayLike]) -> Values:
        """Return (seeds, samples) values of a side from those of each run's samples."""
        rows = ([np.asarray(values(run), dtype=float) for run in row] for row in self.runs[kind])
        return np.array([np.concatenate(row) for row in rows])

    @property
    def mismatches(self) -> int:
        """Outputs in which RTL and golden models differ."""
        return sum(design.mismatches or 0 for design in (self.ann, self.snn))


def ratio_of(sides: Judged, technology: str) -> float:
    """Return the ratio of the two candidates' energies by the hardware's counters."""
    return sides.judged.technologies[technology] / sides.against.technologies[technology]


def energy_ratios(sides: Judged) -> tuple[Level, dict[str, LogRatio]]:
    """Return the deepest level that ran for both, and its ratios by cost model, the one that decides first.

    In gates, each model of the delays is a cost model.
    """
    if sides.platform is Platform.ASIC and sides.ann.gates_pj and sides.snn.gates_pj:
        return Level.GATES, _gate_ratios(sides)
    return Level.COUNTERS, counter_ratios(sides)


def counter_ratios(sides: Judged) -> dict[str, LogRatio]:
    """Return the ratios by the hardware's counters; an FPGA has each technology with and without static power.

    What uncertain prices change is that of the designs that were measured, the same for all seeds and folds.
    """
    found = {}
    ann, snn = sides.ann.counters_pj, sides.snn.counters_pj
    for name in sides.technologies:
        ratio = energy_ratio(*(_total(sides, kind, name) for kind in KINDS))
        corners = (each.corner_pj.get(name, ()) for each in (ann, snn))
        found[name] = ratio.over_corners(*corners, stated=snn.technologies[name] / ann.technologies[name])
    if sides.platform is Platform.FPGA:
        for name in sides.technologies:
            ratio = energy_ratio(*(_dynamic(sides, kind, name) for kind in KINDS))
            corners = (each.corner_dynamic_pj.get(name, ()) for each in (ann, snn))
            stated = snn.dynamic_pj[name] / ann.dynamic_pj[name]
            found[f"{name}{DYNAMIC}"] = ratio.over_corners(*corners, stated=stated)
    return found


def _gate_ratios(sides: Judged) -> dict[str, LogRatio]:
    ann, snn = sides.ann.gates_pj, sides.snn.gates_pj
    assert ann and snn  # both ran in gates
    delays = [each for each in (DelayModel.LIBRARY, DelayModel.ZERO) if each in ann.delays]
    return {
        f"{ann.technology}, {each} delays": energy_ratio(
            *(np.array([gates.delays[each].samples]) for gates in (ann, snn))
        )
        for each in delays
    }


def _total(sides: Judged, kind: Kind, technology: str) -> Values:
    """Return (seeds, samples) pJ."""
    return sides.over_samples(kind, lambda run: run.counters_pj.technology_samples[technology])


def _dynamic(sides: Judged, kind: Kind, technology: str) -> Values:
    """Return (seeds, samples) pJ without static power, which is proportional to the cycles."""

    def dynamic(run: DesignReport) -> ArrayLike:
        cycles, total = np.array(run.cycles_samples), np.array(run.counters_pj.technology_samples[technology])
        return total - run.counters_pj.static_pj[technology] * cycles / cycles.mean()

    return sides.over_samples(kind, dynamic)
