"""One-at-a-time sensitivity: the effect of single changes of either network on the verdict.

Each change is quantised, planned and run by the golden model again, for its accuracy and exact counters. Changes of
prices alone (technology, placement of the membranes) need no run.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.technology import Technology
from tospike.compare.report.design import Kind
from tospike.compare.report.variations import Sensitivity, Variant
from tospike.compare.study.engines import option_changes
from tospike.compare.study.variations.matched_qnn import matched_act_bits
from tospike.compare.study.variations.trial import SAMPLES, Trials
from tospike.compare.verdict.noninferior import MARGIN
from tospike.gen.data.datasets import DataSet
from tospike.gen.pipeline import Prepared
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

_PLACES = {StatePlacement.MEMORY: "a memory", StatePlacement.REGISTER: "registers"}


def matched_qnn_change(snn: Prepared) -> tuple[str, dict[str, Any]]:
    """Return the change to the bit-matched QNN: activations of ceil(log2(T + 1)) bits (Yan et al.)."""
    bits = matched_act_bits(snn)
    return f"ANN: {bits}-bit activations, the bit-matched QNN", {"act_bits": bits}


def variants(trials: Trials, progress: Callable[[str], None] = lambda change: None) -> tuple[Variant, ...]:
    """Run every possible change of both networks, and both as given (with an empty ``change``)."""
    found = []
    kinds: tuple[Kind, ...] = ("ann", "snn")
    for kind in kinds:
        changes = {"": {}, **dict(option_changes(trials.prepared[kind]))}
        if kind == "ann":
            name, matched = matched_qnn_change(trials.prepared["snn"])
            changes = {n: c for n, c in changes.items() if c != matched} | {name: matched}
        for change, given in changes.items():
            progress(change or f"{kind.upper()} as given")
            trial = trials.run(kind, given)
            if trial is not None:
                found.append(Variant(kind=kind, change=change, accuracy=trial.accuracy, pj=trial.mean_pj))
    return tuple(found)


def placed_states(snn: Prepared, data: DataSet, technology: Technology) -> dict[str, float]:
    """Return the pJ of the SNN with its membranes in a memory, and in registers."""
    result = evaluate(snn, data, Backend.GOLDEN, samples=min(SAMPLES, len(data.x))).result
    assert result is not None
    return {
        f"SNN: membranes in {_PLACES[place]}": float(
            counter_energy(technology, snn.design.params, result.counters, result.cycles, state=place).total.mean()
        )
        for place in _PLACES
    }


def rank(
    found: Sequence[Variant], placed: Mapping[str, float], technologies: Mapping[str, float]
) -> tuple[Sensitivity, ...]:
    """Rank the changes by their effect on the ratio, the strongest first.

    Parameters
    ----------
    found
        Result of `variants`.
    placed
        Result of `placed_states`.
    technologies
        SNN over ANN by technology.
    """
    ann, snn = (next(v for v in found if v.kind == kind and not v.change) for kind in ("ann", "snn"))
    base = snn.pj / ann.pj
    ratios: list[tuple[str, float | None, float]] = [
        (v.change, v.accuracy, snn.pj / v.pj if v.kind == "ann" else v.pj / ann.pj) for v in found if v.change
    ]
    ratios += [(change, None, pj / ann.pj) for change, pj in placed.items()]
    ratios += [(f"technology {name}", None, ratio) for name, ratio in technologies.items()]
    least = max(ann.accuracy, snn.accuracy) - MARGIN - 1e-9
    changes = [
        Sensitivity(
            change=change,
            accuracy=accuracy,
            ratio=ratio,
            factor=ratio / base,
            flips=(ratio < 1) != (base < 1),
            comparable=accuracy is None or accuracy >= least,
        )
        for change, accuracy, ratio in ratios
    ]
    moved = [change for change in changes if abs(math.log(change.factor)) > 1e-6]
    return tuple(sorted(moved, key=lambda change: -abs(math.log(change.factor))))
