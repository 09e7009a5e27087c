"""Which single change would flip the verdict: the same two networks with one thing changed on one side.

Every change is quantised, planned and run through the golden model again, for its accuracy and for its exact counters;
the prices of the counters apply. Changes of prices alone (technology, place of the membranes) need no run.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.technology import Technology
from tospike.compare.report.design import Kind
from tospike.compare.report.variations import Sensitivity, Variant
from tospike.compare.study.describe import ann_bits, layer_engines, weight_bits
from tospike.compare.study.matched_qnn import matched_act_bits
from tospike.compare.study.trial import SAMPLES, Trials
from tospike.compare.study.verdict import ACCURACY_TOLERANCE
from tospike.gen.data.datasets import DataSet
from tospike.gen.pipeline import Prepared
from tospike.hw.params import (
    ConvParams,
    DeltaAnnParams,
    DeltaParams,
    EngineParams,
    EventAnnParams,
    RegisterParams,
    SpikingParams,
    SystolicParams,
)
from tospike.tb.evaluate import Backend, evaluate

_PLACES = {StatePlacement.MEMORY: "a memory", StatePlacement.REGISTER: "registers"}


Change = tuple[str, dict[str, Any]]
"""A description, and model options."""


def option_changes(prepared: Prepared) -> Iterator[Change]:
    """Return the changes that can be tried on one side."""
    last = layer_engines(prepared.design.params)[-1]
    return CHANGES[type(last)](prepared, last)


def _ann_bits(prepared: Prepared) -> Iterator[Change]:
    weights, activations = ann_bits(prepared.design.params)
    yield from ((f"ANN: {bits}-bit weights", {"weight_bits": bits}) for bits in (4, 6) if bits < weights)
    yield from ((f"ANN: {bits}-bit activations", {"act_bits": bits}) for bits in (4, 6) if bits < activations)


def _lanes(prepared: Prepared, side: str) -> Iterator[Change]:
    lanes = max(engine.lanes for engine in layer_engines(prepared.design.params))
    yield from ((f"{side}: {_counted(n, 'lane')}", {"lanes": n}) for n in (lanes // 2, 2 * lanes) if 1 <= n <= 64)


def _event_ann(prepared: Prepared, engine: EventAnnParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    yield from _lanes(prepared, "ANN")


def _delta_ann(prepared: Prepared, engine: DeltaAnnParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    yield from _lanes(prepared, "ANN")
    first = prepared.design.params.engines[0]
    assert isinstance(first, DeltaParams)  # such a chain begins with one
    if first.steps > 1:
        thresholds = (first.threshold + more for more in (1, 4, 16))
        yield from ((f"ANN: changes of more than {n}", {"delta_threshold": n}) for n in thresholds)


def _array(prepared: Prepared, engine: SystolicParams | ConvParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    half, double = engine.array.cols // 2, 2 * engine.array.cols
    yield from ((f"ANN: {_counted(cols, 'column')}", {"cols": cols}) for cols in (half, double) if cols)
    yield "ANN: 2 rows", {"rows": 2}


def _spiking(prepared: Prepared, engine: SpikingParams | RegisterParams) -> Iterator[Change]:
    spec, bits = prepared.network.input, weight_bits(prepared.design.params)
    yield from ((f"SNN: {n}-bit weights", {"weight_bits": n}) for n in (4, 6) if n < bits)
    yield from _lanes(prepared, "SNN")
    if spec.encoding is not None and not spec.encoding.code.takes_frames:
        yield from ((f"SNN: {_counted(n, 'time step')}", {"steps": n}) for n in (spec.steps // 2, 2 * spec.steps) if n)


CHANGES: Mapping[type[EngineParams], Callable[[Prepared, Any], Iterator[Change]]] = {
    SpikingParams: _spiking,
    RegisterParams: _spiking,
    EventAnnParams: _event_ann,
    DeltaAnnParams: _delta_ann,
    SystolicParams: _array,
    ConvParams: _array,
}
"""What can be changed, by the class of the last layer's engine."""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def matched_qnn_change(snn: Prepared) -> tuple[str, dict[str, Any]]:
    """Return the change to the bit-matched QNN: activations of ceil(log2(T + 1)) bits (Yan et al.)."""
    bits = matched_act_bits(snn)
    return f"ANN: {bits}-bit activations, the bit-matched QNN", {"act_bits": bits}


def variants(trials: Trials, progress: Callable[[str], None] = lambda change: None) -> tuple[Variant, ...]:
    """Run every change of either side that the networks allow, and both as they are (``change`` is empty)."""
    found = []
    kinds: tuple[Kind, ...] = ("ann", "snn")
    for kind in kinds:
        changes = {"": {}, **dict(option_changes(trials.prepared[kind]))}
        if kind == "ann":
            name, matched = matched_qnn_change(trials.prepared["snn"])
            changes = {n: c for n, c in changes.items() if c != matched} | {name: matched}
        for change, given in changes.items():
            progress(change or f"{kind.upper()} as it is")
            trial = trials.run(kind, given)
            if trial is not None:
                found.append(Variant(kind=kind, change=change, accuracy=trial.accuracy, pj=trial.mean_pj))
    return tuple(found)


def placed_states(snn: Prepared, data: DataSet, technology: Technology) -> dict[str, float]:
    """PJ of the SNN with its membranes in a memory, and in registers."""
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
    """Order the changes by how far they move the ratio, the strongest first.

    Parameters
    ----------
    found
        From `variants`.
    placed
        From `placed_states`.
    technologies
        SNN over ANN on every technology.
    """
    ann, snn = (next(v for v in found if v.kind == kind and not v.change) for kind in ("ann", "snn"))
    base = snn.pj / ann.pj
    ratios: list[tuple[str, float | None, float]] = [
        (v.change, v.accuracy, snn.pj / v.pj if v.kind == "ann" else v.pj / ann.pj) for v in found if v.change
    ]
    ratios += [(change, None, pj / ann.pj) for change, pj in placed.items()]
    ratios += [(f"technology {name}", None, ratio) for name, ratio in technologies.items()]
    least = max(ann.accuracy, snn.accuracy) - ACCURACY_TOLERANCE - 1e-9
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
