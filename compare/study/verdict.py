"""The verdict: spikes or not, from the best design of each side.

Energy per inference decides, between designs whose accuracies are comparable: the side that needs less must be at least
as accurate as the other on the test samples, or not inferior by more than a margin (`tospike.compare.verdict`). Every
ratio is SNN over ANN: below 1 favours spikes. The interval of the ratio is over inputs, over all cost models of the
platform, and over the error of the level at which energies were measured.
"""

import math
from collections.abc import Sequence

from tospike.compare.energy.cost_model import Platform
from tospike.compare.energy.levels import Level
from tospike.compare.report.design import KINDS
from tospike.compare.report.sentence import verdict_sentence
from tospike.compare.report.verdict import AccuracyComparison, Platforms, PlatformVerdict, Verdict
from tospike.compare.study.judged import Judged, counter_ratios, energy_ratios, ratio_of
from tospike.compare.verdict.decision import Decision, Split, decide, flips
from tospike.compare.verdict.level_error import level_error
from tospike.compare.verdict.noninferior import compare_accuracy
from tospike.compare.verdict.ratio import CONFIDENCE


def judge(workload: str, sides: Sequence[Judged]) -> Verdict:
    """Judge the best ANN against the best SNN, on each platform.

    Parameters
    ----------
    workload
        Its name, for the sentence.
    sides
        The designs that each platform compares; that of the cost model that decides first.

    Raises
    ------
    InputError
        The designs ran on different samples.
    """
    found = {each.platform: _judge_platform(each) for each in sides}
    first = sides[0]
    own, ann, snn = found[first.platform], first.ann, first.snn
    over = next(iter(energy_ratios(first)[1].values())).over
    return Verdict(
        **vars(own),
        sentence=verdict_sentence(
            workload,
            ann,
            snn,
            own,
            over=over,
            uncertain_prices=first.platform is Platform.FPGA,
            mismatches=first.mismatches,
        ),
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
    level, ratios = energy_ratios(sides)
    ratio = next(iter(ratios.values())).ratio if level is Level.GATES else ratio_of(sides, sides.technologies[0])
    accuracy = _accuracy(sides, snn_is_cheaper=ratio < 1)
    error = level_error(sides.judged.place) if level is Level.COUNTERS else 0.0
    accurate = {} if accuracy.comparable else _as_accurate(sides, ratio)
    moved = {name: math.log(accurate[name] / ratio_of(sides, name)) for name in accurate}
    own = {name: moved.get(name.split(",")[0], moved.get(sides.technologies[0], 0.0)) for name in ratios}
    decision = decide(ratios, level_error=error, accuracy=own)
    is_reached = accuracy.comparable or bool(accurate)
    if sides.mismatches or not is_reached:
        split = None if sides.mismatches else Split(axis="accuracy", low=ratio, high=ratio)
        decision = Decision(word="undecided", interval=decision.interval, split=split)
    return PlatformVerdict(
        decision=decision.word,
        judged=sides.judged,
        against=sides.against,
        ratio=ratio,
        interval=decision.interval,
        level=level,
        by_technology={
            name: ratio_of(sides, name) if name in sides.technologies else found.ratio
            for name, found in counter_ratios(sides).items()
        },
        intervals={name: found.interval for name, found in ratios.items()},
        level_error=error,
        split=decision.split,
        flips=_flips(sides, ratio, decision, is_reached=is_reached),
        accuracy=accuracy,
    )


def _flips(sides: Judged, ratio: float, decision: Decision, *, is_reached: bool) -> str:
    if sides.mismatches:
        return "No figure can be trusted before RTL and golden models agree."
    if not is_reached:
        return f"It hangs on the accuracy: no {'SNN' if ratio < 1 else 'ANN'} here is as accurate as the other side."
    return flips(ratio, decision)


def _accuracy(sides: Judged, *, snn_is_cheaper: bool) -> AccuracyComparison:
    """Compare the accuracy of the cheaper side with that of the other one, on the test samples."""
    ann, snn = (sides.over_samples(kind, lambda run: run.correct_samples).astype(bool) for kind in KINDS)
    paired = compare_accuracy(ann, snn) if snn_is_cheaper else compare_accuracy(snn, ann)
    return AccuracyComparison(
        ann=float(ann.mean()),
        snn=float(snn.mean()),
        samples=ann.shape[1],
        bound=paired.bound,
        margin=paired.margin,
        comparable=paired.other >= paired.reference or paired.is_noninferior,
    )


def _as_accurate(sides: Judged, ratio: float) -> dict[str, float]:
    """Return the ratio by technology with the cheapest candidate of the cheaper side that is as accurate as the other
    side's design; empty if there is none."""
    cheaper, other = ("snn", sides.against) if ratio < 1 else ("ann", sides.judged)
    own = [each for each in sides.candidates if each.side == cheaper and each.accuracy >= other.accuracy]
    found = {}
    for name in sides.technologies if own else ():
        pj = {"ann": sides.against.technologies[name], "snn": sides.judged.technologies[name]}
        pj[cheaper] = min(each.technologies[name] for each in own)
        found[name] = pj["snn"] / pj["ann"]
    return found
