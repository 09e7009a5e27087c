"""The verdict: spikes or not, from a study's designs.

Designs of different accuracy are not comparable, unless one is better in both accuracy and energy. Among comparable
designs, energy per inference by the hardware's counters decides; latency and area are reported as well. Every ratio is
SNN over ANN: below 1 favours spikes. The interval of the energy ratio shows its dependence on the inputs, the range its
dependence on the technology; a winner must win on both.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.levels import Level
from tospike.compare.report.area import CellArea, FpgaArea
from tospike.compare.report.design import DesignReport
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.verdict import (
    AccuracyMargin,
    CellMargin,
    EnergyMargin,
    FpgaMargin,
    Interval,
    LatencyMargin,
    Margins,
    Verdict,
    Winner,
)
from tospike.hw.params import require

ACCURACY_TOLERANCE = 0.01
"""Largest difference of comparable accuracies: one percentage point."""
CONFIDENCE = 0.90
_RESAMPLES = 2000
_SEED = 1

Reason = Literal["accuracy", "energy", "evidence"]


def judge(designs: Sequence[DesignReport], *, workload: str, tolerance: float = ACCURACY_TOLERANCE) -> Verdict:
    """Judge the first ANN against the first SNN of ``designs``.

    Raises
    ------
    InputError
        A kind is missing.
    """
    ann, snn = _first(designs, "ann"), _first(designs, "snn")
    margins = Margins(
        accuracy=_accuracy_margin(ann, snn, tolerance),
        energy=_energy_margin(ann, snn),
        latency=_latency_margin(ann, snn),
        area=_area_margin(ann, snn),
    )
    mismatches = sum(design.mismatches or 0 for design in (ann, snn))
    winner, reason = _winner(margins, mismatches)
    sentence = _sentence(workload, winner, reason, margins, mismatches)
    return Verdict(winner=winner, sentence=sentence, reason=reason, ratio=margins.energy.ratio, margins=margins)


def _first(designs: Sequence[DesignReport], kind: str) -> DesignReport:
    found = [design for design in designs if design.kind == kind]
    kinds = ", ".join(design.kind for design in designs) or "nothing"
    require(len(found) > 0, f"a verdict needs one ANN and one SNN design, not {kinds}")
    return found[0]


def _winner(margins: Margins, mismatches: int) -> tuple[Winner, Reason]:
    """Return the winner, and the deciding criterion."""
    energy, accuracy = margins.energy, margins.accuracy
    if mismatches:
        return "undecided", "evidence"
    bounds = [energy.ratio, *(energy.interval or ()), *energy.technologies.values()]
    cheaper: Winner = "ann" if min(bounds) > 1 else "snn" if max(bounds) < 1 else "tie"
    if accuracy.comparable:
        return cheaper, "energy"
    better: Winner = "snn" if accuracy.difference_points > 0 else "ann"
    return (cheaper if cheaper == better else "undecided"), "accuracy"


# --------------------------------------------------------------------------------------------------- margins


def _accuracy_margin(ann: DesignReport, snn: DesignReport, tolerance: float) -> AccuracyMargin:
    """Compare the RTL's accuracies if both ran on all samples, else the golden model's."""
    below, above = ann.whole_rtl_accuracy, snn.whole_rtl_accuracy
    ran_whole = below is not None and above is not None
    if below is None or above is None:
        below, above = ann.accuracy.golden, snn.accuracy.golden
    points = 100 * (above - below)
    return AccuracyMargin(
        basis="rtl" if ran_whole else "golden",
        ann=below,
        snn=above,
        difference_points=points,
        tolerance_points=100 * tolerance,
        # accuracies are counts over samples: 97 against 98 % must not become 1.0000000001 points
        comparable=abs(points) <= 100 * tolerance + 1e-9,
    )


def _energy_margin(ann: DesignReport, snn: DesignReport) -> EnergyMargin:
    """Return the ratio of means with its bootstrap interval, percentiles of the samples' ratios, and ratios by
    technology."""
    below, above = ann.counters_pj, snn.counters_pj
    samples = np.asarray(above.samples), np.asarray(below.samples)
    paired = len(below.samples) == len(above.samples) > 1
    return EnergyMargin(
        level=Level.COUNTERS,
        model=below.technology,
        ratio=above.total / below.total,
        interval=bootstrap_ratio(*samples) if paired else None,
        confidence=CONFIDENCE,
        per_sample=_between(samples[0] / samples[1], 5) if paired else None,
        technologies={name: above.technologies[name] / pj for name, pj in below.technologies.items()},
    )


def bootstrap_ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> Interval:
    """Return the interval of ``mean(above) / mean(below)`` by the percentile bootstrap over paired samples.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979. The seed is fixed, so
    the same samples give the same interval.
    """
    picks = np.random.default_rng(_SEED).integers(0, above.size, (_RESAMPLES, above.size))
    ratios = above[picks].mean(axis=1) / below[picks].mean(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    return _between(ratios, tail)


def _between(values: NDArray[np.float64], tail: float) -> Interval:
    """Return the interval that excludes ``tail`` percent on either side."""
    low, high = np.percentile(values, (tail, 100 - tail))
    return float(low), float(high)


def _latency_margin(ann: DesignReport, snn: DesignReport) -> LatencyMargin:
    """Return the ratio of mean latencies, in time if both designs were placed and routed, otherwise in cycles."""
    if ann.latency_us and snn.latency_us:
        return LatencyMargin(unit="us", ratio=snn.latency_us.mean / ann.latency_us.mean)
    return LatencyMargin(unit="cycles", ratio=snn.cycles.mean / ann.cycles.mean)


def _area_margin(ann: DesignReport, snn: DesignReport) -> FpgaMargin | CellMargin | None:
    match ann.fpga, snn.fpga:
        case FpgaArea() as below, FpgaArea() as above:
            return FpgaMargin(
                lut4=_ratio(above.lut4, below.lut4),
                carry=_ratio(above.carry, below.carry),
                ff=_ratio(above.ff, below.ff),
                bram=_ratio(above.bram, below.bram),
                dsp=_ratio(above.dsp, below.dsp),
            )
        case CellArea() as few, CellArea() as many:
            return CellMargin(
                area=_ratio(many.area, few.area),
                ff=_ratio(many.ff, few.ff),
                memory_bits=_ratio(many.memory_bits, few.memory_bits),
            )
        case _:
            return None


def _ratio(above: float, below: float) -> float | None:
    return above / below if below else None


# -------------------------------------------------------------------------------------------------- sentence

_ADVICE = {"ann": "do not spike", "snn": "spike", "tie": "energy does not decide", "undecided": "undecided"}


def _sentence(workload: str, winner: Winner, reason: Reason, margins: Margins, mismatches: int) -> str:
    """Write the verdict in one sentence, for citation."""
    start = f"On {workload}, {_ADVICE[winner]}"
    if mismatches:
        return f"{start}: RTL and golden model disagree on {mismatches} outputs, so no figure here can be trusted."
    accuracy = margins.accuracy
    reached = f"ANN {percent(accuracy.ann)}, SNN {percent(accuracy.snn)}"
    gap = abs(accuracy.difference_points)
    if winner == "undecided":
        cheap = "SNN" if margins.energy.ratio < 1 else "ANN"
        return (
            f"{start}: the accuracies are {gap:.1f} points apart ({reached}), more than the "
            f"{accuracy.tolerance_points:.1f} that would make them comparable, and the less accurate {cheap} is "
            f"the one that needs less energy (the {_energy_clause(margins.energy)})."
        )
    premise = f"at comparable accuracy ({reached}) the "
    if reason == "accuracy":
        premise = f"with {gap:.1f} points more accuracy as well ({reached}), the {winner.upper()} is ahead; the "
    return f"{start}: {premise}{_energy_clause(margins.energy)}{_other_clauses(margins)}."


def _energy_clause(energy: EnergyMargin) -> str:
    notes = [f"RTL counters, {energy.model}"]
    if energy.interval:
        notes.append(f"{100 * energy.confidence:.0f} % interval {_range(*energy.interval)} over inputs")
    if len(energy.technologies) > 1:
        ratios = energy.technologies.values()
        notes.append(f"{_range(min(ratios), max(ratios))} over technologies")
    return f"SNN needs {significant(energy.ratio)} times the ANN's energy per inference ({'; '.join(notes)})"


def _range(low: float, high: float) -> str:
    return f"{significant(low)} to {significant(high)}"


def _other_clauses(margins: Margins) -> str:
    latency = margins.latency
    text = f", {significant(latency.ratio)} times its {'latency' if latency.unit == 'us' else 'cycles'}"
    match margins.area:
        case None:
            return text + " (area was not measured)"
        case FpgaMargin(lut4=float(ratio)):
            return f"{text} and {significant(ratio)} times its LUTs"
        case CellMargin(area=float(ratio)):
            return f"{text} and {significant(ratio)} times its cells' area"
        case _:
            return text
