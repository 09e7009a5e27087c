"""Energy at equal accuracy: both networks over bits and time steps, and the cheapest of each side at an accuracy.

A single pair of networks compares two arbitrary accuracies. Here each side may trade accuracy for energy: the ANN by
bits of weights and activations, the SNN by bits of weights and time steps. All variants are quantised after training
and run by the golden model on the same samples, so that accuracies and energies are paired.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.compare.report.design import Kind
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.variations import IsoAccuracy, Match, Point
from tospike.compare.report.verdict import Interval
from tospike.compare.study.layers import ann_bits, weight_bits
from tospike.compare.study.variations.matched_qnn import matched_act_bits
from tospike.compare.study.variations.trial import Trial, Trials
from tospike.compare.verdict.ratio import CONFIDENCE
from tospike.gen.pipeline import Prepared
from tospike.hw.params import ceil_div

WEIGHT_BITS = (3, 4, 6)
"""In addition to those of the network as given."""
RESAMPLES = 2000
_SEED = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class GridPoint:
    """One network at one point of its grid."""

    kind: Kind
    label: str
    trial: Trial


def ann_grid(ann: Prepared, matching_bits: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield label and options of the ANN's points: bits of weights and activations, up to its own."""
    own_weights, own_acts = ann_bits(ann.design.params)
    for weights in (*(bits for bits in WEIGHT_BITS if bits < own_weights), own_weights):
        for acts in sorted({bits for bits in (matching_bits, 4) if bits < own_acts} | {own_acts}):
            given = {"weight_bits": weights} if weights != own_weights else {}
            given |= {"act_bits": acts} if acts != own_acts else {}
            yield (f"{weights}-bit weights, {acts}-bit activations" if given else ""), given


def snn_grid(snn: Prepared) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield label and options of the SNN's points: bits of weights, and time steps unless the data are spikes."""
    own_bits = weight_bits(snn.design.params)
    spec = snn.network.input
    own = spec.steps
    steps = (own,) if spec.encoding is None else sorted({ceil_div(own, 2), ceil_div(3 * own, 4), own, 2 * own})
    for bits in (*(bits for bits in WEIGHT_BITS if bits < own_bits), own_bits):
        for number in steps:
            given = {"weight_bits": bits} if bits != own_bits else {}
            given |= {"steps": number} if number != own else {}
            yield (f"{number} steps, {bits}-bit weights" if given else ""), given


def run_grid(trials: Trials, progress: Callable[[str], None] = lambda point: None) -> list[GridPoint]:
    """Run every point of both grids that can be built."""
    ann, snn = trials.prepared["ann"], trials.prepared["snn"]
    grids: tuple[tuple[Kind, Iterator[tuple[str, dict[str, Any]]]], ...] = (
        ("ann", ann_grid(ann, matched_act_bits(snn))),
        ("snn", snn_grid(snn)),
    )
    found = []
    for kind, grid in grids:
        for label, given in grid:
            progress(f"{kind.upper()}: {label or 'as given'}")
            trial = trials.run(kind, given)
            if trial is not None:
                found.append(GridPoint(kind=kind, label=label, trial=trial))
    return found


def compare_at_equal_accuracy(
    grid: Sequence[GridPoint], *, technology: str, of_samples: int | None = None
) -> IsoAccuracy:
    """Compare the cheapest points of both sides at equal accuracy; the sentence states if fewer than ``of_samples``
    ran.

    Intervals are from the percentile bootstrap: each resampling changes all accuracies and energies, and therefore also
    the choice of the cheapest points. Choosing points by the samples that judge them favours both sides alike.
    """
    sides = {kind: [point for point in grid if point.kind == kind] for kind in ("ann", "snn")}
    own = {kind: next(n for n, point in enumerate(points) if not point.label) for kind, points in sides.items()}
    samples = len(grid[0].trial.correct)
    draws = _draws(samples)
    tables = {kind: _table(points, draws) for kind, points in sides.items()}
    fronts = {kind: _front(accuracy[0], pj[0]) for kind, (accuracy, pj) in tables.items()}

    lesser = np.minimum(*(tables[kind][0][:, own[kind]] for kind in ("ann", "snn")))
    overall = _match(sides, tables, lesser)
    assert overall is not None  # both reach it as given
    snn_accuracy = tables["snn"][0]
    others = (_match(sides, tables, snn_accuracy[:, number]) for number in fronts["snn"])
    # each pair has one interval: that of its lowest accuracy
    apart = (match for match in others if match and (match.snn, match.ann) != (overall.snn, overall.ann))
    return IsoAccuracy(
        technology=technology,
        samples=samples,
        points=tuple(
            Point(
                kind=point.kind,
                label=point.label,
                accuracy=point.trial.accuracy,
                pj=point.trial.mean_pj,
                front=number in fronts[kind],
            )
            for kind, points in sides.items()
            for number, point in enumerate(points)
        ),
        matches=tuple(sorted((overall, *apart), key=lambda match: match.accuracy)),
        target=overall.accuracy,
        ratio=overall.ratio,
        interval=overall.interval,
        sentence=_sentence(overall, samples=samples, of_samples=of_samples),
    )


Table = NDArray[np.float64]
"""(1 + RESAMPLES, points): the first row is for the original samples."""


def _match(
    sides: Mapping[str, Sequence[GridPoint]], tables: Mapping[str, tuple[Table, Table]], targets: Table
) -> Match | None:
    """Return the cheapest points of both sides that reach each draw's accuracy; ``None`` if one side does not."""
    ratios = _cheapest(*tables["snn"], targets) / _cheapest(*tables["ann"], targets)
    if np.isnan(ratios[0]):
        return None
    target = float(targets[0])
    snn, ann = (_name(sides[kind][_index_of_cheapest(tables[kind], target)]) for kind in ("snn", "ann"))
    return Match(snn=snn, ann=ann, accuracy=target, ratio=float(ratios[0]), interval=_interval(ratios))


def _draws(samples: int) -> Table:
    """Return the (1 + RESAMPLES, samples) weights of the samples in each draw."""
    drawn = np.random.default_rng(_SEED).multinomial(samples, np.full(samples, 1 / samples), RESAMPLES)
    return np.vstack([np.ones(samples), drawn]) / samples


def _table(points: Sequence[GridPoint], draws: Table) -> tuple[Table, Table]:
    """Return the accuracies and energies of all points in all draws."""
    correct, pj = (np.stack([getattr(p.trial, name) for p in points], axis=1) for name in ("correct", "pj"))
    return draws @ correct.astype(np.float64), draws @ pj


def _reaches(accuracy: Table, target: Table | float) -> NDArray[np.bool_]:
    # accuracies are counts over samples, so equal ones may differ by rounding
    return np.asarray(accuracy >= np.asarray(target) - 1e-9)


def _cheapest(accuracy: Table, pj: Table, targets: Table) -> Table:
    """Return the (1 + RESAMPLES,) energies of the cheapest point that reaches each draw's target; NaN if none does."""
    costs = np.where(_reaches(accuracy, targets[:, None]), pj, np.inf).min(axis=1)
    return np.where(np.isinf(costs), np.nan, costs)


def _index_of_cheapest(table: tuple[Table, Table], target: float) -> int:
    """Return the index of the cheapest point for the original samples."""
    accuracy, pj = (part[0] for part in table)
    return int(np.argmin(np.where(_reaches(accuracy, target), pj, np.inf)))


def _front(accuracy: Table, pj: Table) -> set[int]:
    """Return the indices of the Pareto front."""
    best, front = -1.0, set()
    for number in np.lexsort((-accuracy, pj)).tolist():
        if accuracy[number] > best + 1e-9:
            best = float(accuracy[number])
            front.add(number)
    return front


def _interval(ratios: Table) -> Interval:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(ratios[1:], (tail, 100 - tail))
    return float(low), float(high)


def _name(point: GridPoint) -> str:
    return point.label or "as given"


def _sentence(match: Match, *, samples: int, of_samples: int | None) -> str:
    low, high = (significant(end) for end in match.interval)
    part = f" on the first {samples:,} samples" if of_samples is not None and samples < of_samples else ""
    return (
        f"At equal accuracy, at least the {percent(match.accuracy)} that both reach as given{part}, the cheapest "
        f"SNN ({match.snn}) needs {significant(match.ratio)} times the energy of the cheapest ANN ({match.ann}; "
        f"{100 * CONFIDENCE:.0f} % interval {low} to {high} over inputs)."
    )
