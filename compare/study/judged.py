"""What a verdict compares on one platform, and the ratios of their energies, SNN over ANN, by cost model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.cost_model import Platform
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.report.candidates import Candidate
from tospike.compare.report.design import KINDS, DesignReport, Kind
from tospike.compare.verdict.ratio import LogRatio, energy_ratio

Energies = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The best design of each side on a platform, and all candidates."""

    ann: DesignReport
    snn: DesignReport
    seeds: tuple[DesignReport, ...] = ()
    """The same two designs of networks that were trained with other seeds, by the golden model."""
    against: Candidate
    """The ANN among the candidates."""
    judged: Candidate
    """The SNN among the candidates."""
    candidates: tuple[Candidate, ...]
    platform: Platform
    technologies: Sequence[str]
    """Cost models of the platform; the first one chose the designs, and decides."""

    def of(self, kind: Kind) -> tuple[DesignReport, ...]:
        """Return the design of a side for each seed."""
        return tuple(each for each in (self.ann, self.snn, *self.seeds) if each.kind == kind)

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
    """Return the ratios by the hardware's counters; an FPGA has each technology with and without static power."""
    found = {}
    for name in sides.technologies:
        corners = (each.counters_pj.corner_pj.get(name, ()) for each in (sides.ann, sides.snn))
        found[name] = energy_ratio(*(_total(sides, kind, name) for kind in KINDS)).over_corners(*corners)
    if sides.platform is Platform.FPGA:
        for name in sides.technologies:
            corners = (each.counters_pj.corner_dynamic_pj.get(name, ()) for each in (sides.ann, sides.snn))
            ratio = energy_ratio(*(_dynamic(sides, kind, name) for kind in KINDS))
            found[f"{name}, dynamic"] = ratio.over_corners(*corners)
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


def _total(sides: Judged, kind: Kind, technology: str) -> Energies:
    """Return (seeds, samples) pJ."""
    return np.array([each.counters_pj.technology_samples[technology] for each in sides.of(kind)])


def _dynamic(sides: Judged, kind: Kind, technology: str) -> Energies:
    """Return (seeds, samples) pJ without static power, which is proportional to the cycles."""
    cycles = np.array([each.cycles_samples for each in sides.of(kind)])
    static = np.array([[each.counters_pj.static_pj[technology]] for each in sides.of(kind)])
    return _total(sides, kind, technology) - static * cycles / cycles.mean(axis=1, keepdims=True)
