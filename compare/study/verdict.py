"""The verdict: spikes or not, from the best design of each side.

Energy per inference decides, between designs whose accuracies are comparable: the side that needs less must be at least
as accurate as the other on the test samples, or not inferior by more than a margin (`tospike.compare.verdict`). Every
ratio is SNN over ANN: below 1 favours spikes. The interval of the ratio is over inputs, over all cost models of the
platform, and over the error of the level at which energies were measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.levels import Level
from tospike.compare.energy.technology import Platform
from tospike.compare.report.candidates import Candidate
from tospike.compare.report.design import KINDS, DesignReport, Kind
from tospike.compare.report.verdict import AccuracyComparison, Platforms, PlatformVerdict, Verdict
from tospike.compare.study.sentence import verdict_sentence
from tospike.compare.verdict.decision import Decision, Split, decide, flips
from tospike.compare.verdict.level_error import level_error
from tospike.compare.verdict.noninferior import compare_accuracy
from tospike.compare.verdict.ratio import CONFIDENCE, LogRatio, energy_ratio


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
    technologies: Sequence[str]
    """Cost models of the platform; the first one chose the designs, and decides."""

    def of(self, kind: Kind) -> tuple[DesignReport, ...]:
        """Return the design of a side for each seed."""
        return tuple(each for each in (self.ann, self.snn, *self.seeds) if each.kind == kind)

    @property
    def mismatches(self) -> int:
        """Outputs in which RTL and golden models differ."""
        return sum(design.mismatches or 0 for design in (self.ann, self.snn))


def judge(workload: str, sides: Mapping[Platform, Judged]) -> Verdict:
    """Judge the best ANN against the best SNN, on each platform.

    Parameters
    ----------
    workload
        Its name, for the sentence.
    sides
        The designs that each platform compares; that of the cost model that decides is the first.

    Raises
    ------
    InputError
        The designs ran on different samples.
    """
    found = {platform: _judge_platform(each) for platform, each in sides.items()}
    first = next(iter(sides.values()))
    own, ann, snn = next(iter(found.values())), first.ann, first.snn
    over = next(iter(_ratios(first)[1].values())).over
    return Verdict(
        **vars(own),
        sentence=verdict_sentence(workload, ann, snn, own, over=over, mismatches=first.mismatches),
        interval_over=over,
        confidence=CONFIDENCE,
        by_level={
            Level.COUNTS: snn.energy_pj.total / ann.energy_pj.total,
            Level.COUNTERS: first.judged.energy_pj / first.against.energy_pj,
            own.level: own.ratio,
        },
        platforms=Platforms(asic=found.get(Platform.ASIC), fpga=found.get(Platform.FPGA)),
    )


def _judge_platform(sides: Judged) -> PlatformVerdict:
    level, ratios = _ratios(sides)
    deepest = next(iter(ratios.values()))
    ratio = deepest.ratio if level is Level.GATES else _by_technology(sides, sides.technologies[0])
    accuracy = _accuracy(sides, snn_is_cheaper=ratio < 1)
    error = level_error(sides.judged.place) if level is Level.COUNTERS else 0.0
    decision = decide(ratios, level_error=error)
    if sides.mismatches:
        decision = Decision(word="undecided", interval=decision.interval, split=None)
    elif not accuracy.comparable:
        decision = Decision(word="undecided", interval=decision.interval, split=_accuracy_split(sides, ratio))
    return PlatformVerdict(
        decision=decision.word,
        judged=sides.judged,
        against=sides.against,
        ratio=ratio,
        interval=decision.interval,
        level=level,
        by_technology={name: _by_technology(sides, name) for name in sides.technologies},
        intervals={name: found.interval for name, found in ratios.items()},
        level_error=error,
        split=decision.split,
        flips="No figure can be trusted before RTL and golden models agree."
        if sides.mismatches
        else flips(ratio, decision),
        accuracy=accuracy,
    )


def _by_technology(sides: Judged, name: str) -> float:
    return sides.judged.technologies[name] / sides.against.technologies[name]


def _ratios(sides: Judged) -> tuple[Level, dict[str, LogRatio]]:
    """Return the deepest level that ran for both, and its ratios by cost model, the one that decides first."""
    ann, snn = sides.ann, sides.snn
    if ann.gates_pj and snn.gates_pj:
        delays = [each for each in (DelayModel.LIBRARY, DelayModel.ZERO) if each in ann.gates_pj.delays]
        return Level.GATES, {
            f"{ann.gates_pj.technology}, {each} delays": energy_ratio(
                _samples(ann.gates_pj.delays[each].samples), _samples(snn.gates_pj.delays[each].samples)
            )
            for each in delays
        }
    return Level.COUNTERS, {
        name: energy_ratio(
            *(_samples(*(each.counters_pj.technology_samples[name] for each in sides.of(kind))) for kind in KINDS)
        )
        for name in sides.technologies
    }


def _samples(*seeds: Sequence[float]) -> NDArray[np.float64]:
    """Return (seeds, samples)."""
    return np.array(seeds, dtype=float)


def _accuracy(sides: Judged, *, snn_is_cheaper: bool) -> AccuracyComparison:
    """Compare the accuracy of the cheaper side with that of the other one, on the test samples."""
    ann, snn = (np.array([each.correct_samples for each in sides.of(kind)], dtype=bool) for kind in KINDS)
    paired = compare_accuracy(ann, snn) if snn_is_cheaper else compare_accuracy(snn, ann)
    return AccuracyComparison(
        ann=float(ann.mean()),
        snn=float(snn.mean()),
        bound=paired.bound,
        margin=paired.margin,
        comparable=paired.other >= paired.reference or paired.is_noninferior,
    )


def _accuracy_split(sides: Judged, ratio: float) -> Split:
    """Return the ratio with the cheaper side as chosen, and with the most accurate candidate of that side."""
    cheaper = "snn" if ratio < 1 else "ann"
    own = [each for each in sides.candidates if each.side == cheaper]
    best = max(own, key=lambda each: (each.accuracy, -each.energy_pj))
    name = sides.technologies[0]
    pj = {
        "ann": sides.against.technologies[name],
        "snn": sides.judged.technologies[name],
        cheaper: best.technologies[name],
    }
    other = pj["snn"] / pj["ann"]
    return Split(axis="accuracy", low=min(ratio, other), high=max(ratio, other))
