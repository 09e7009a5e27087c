"""The third side of a study: the best mix of an exact pair's layers, each as an ANN or an SNN layer."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tospike.compare.energy.counters.by_engine import engine_energies
from tospike.compare.energy.engines import ENGINES
from tospike.compare.energy.technology import Technology
from tospike.compare.partition.placements import Placement, placements, text_of
from tospike.compare.partition.price import Pricer
from tospike.compare.partition.result import Choice, Objective, choose
from tospike.compare.partition.run import kinds_of
from tospike.compare.report.design import DesignReport
from tospike.compare.report.numbers import significant
from tospike.compare.report.variations import BridgeCost, HybridReport, RatioInterval
from tospike.compare.study.measure import Measured, measure_side
from tospike.compare.study.options import Progress, StudyOptions
from tospike.compare.study.variations.exact_pair import is_exact
from tospike.compare.verdict.ratio import energy_ratio
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared
from tospike.hw.params import InputError, require

SAMPLES = 200
"""Training samples that choose the placement: the first ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hybrid:
    """The placement of least energy that mixes both sides."""

    prepared: Prepared
    places: Placement
    choice: Choice
    evaluated: int
    samples: int


def best_hybrid(
    ann: Prepared, snn: Prepared, options: ModelOptions, data: DataSet, technology: Technology, progress: Progress
) -> Hybrid:
    """Evaluate the placements of an exact pair's layers on training samples, and return the best mix.

    Raises
    ------
    InputError
        The networks are no exact pair, or no engines run a mix of their layers.
    """
    require(
        is_exact(ann, snn),
        "--hybrid mixes the layers of an exact pair, whose outputs are the same wherever they run: give both files of "
        "tospike convert NET.onnx --exact --out s.nir by --ann s.onnx --snn s.nir, with the same widths",
    )
    few = replace(data, x=data.train_x[:SAMPLES], y=data.train_y[:SAMPLES])
    pricer = Pricer(snn, options.plan, few, technology)
    every = {text_of(each): each for each in placements(snn.quantized.network)}
    found = []
    for number, placement in enumerate(every.values(), start=1):
        progress("hybrid", f"placement {number} of {len(every)}")
        try:
            found.append((kinds_of(placement), pricer.price(placement)))
        except InputError:  # no engine runs a layer there
            continue
    choice = choose(found, Objective.ENERGY, 0.0)
    if choice.best_hybrid is None:
        raise InputError(f"no engines run a mix of the layers of {snn.network.name!r}: leave --hybrid out")
    best: Placement = every[choice.best_hybrid.place]
    return Hybrid(prepared=pricer.prepared(best), places=best, choice=choice, evaluated=len(found), samples=len(few.x))


def measure_hybrid(
    hybrid: Hybrid,
    sides: tuple[Measured, Measured],
    data: DataSet,
    folder: Path,
    options: StudyOptions,
    progress: Progress,
) -> tuple[DesignReport, HybridReport]:
    """Measure a hybrid as the designs of the two ``sides``, ANN and SNN, were."""
    measured = measure_side("hybrid", "hybrid", hybrid.prepared, data, folder, options, progress)
    design, choice = measured.design, hybrid.choice
    over = [_ratio(side.design, design) for side in sides]
    placed = choice.best_hybrid
    assert placed is not None  # there is a hybrid
    margins = {
        name: each.energy_pj / placed.energy_pj
        for name, each in (("all_ann", choice.all_ann), ("all_snn", choice.all_snn))
        if each is not None
    }
    bridges = _bridges(hybrid.prepared, measured, options.technology)
    return design, HybridReport(
        place=placed.place,
        placements=hybrid.evaluated,
        samples=hybrid.samples,
        over_ann=over[0],
        over_snn=over[1],
        margins=margins,
        bridges=bridges,
        sentence=_sentence(placed.place, hybrid, over, margins, bridges, design.counters_pj.total),
    )


def _ratio(side: DesignReport, hybrid: DesignReport) -> RatioInterval:
    found = energy_ratio(*(np.array([each.counters_pj.samples]) for each in (side, hybrid)))
    return RatioInterval(ratio=found.ratio, interval=found.interval)


def _bridges(prepared: Prepared, measured: Measured, technology: Technology) -> tuple[BridgeCost, ...]:
    """Return the costs of the engines between layers, which run none themselves."""
    engines = prepared.design.params.engines
    energies = engine_energies(technology, prepared.design.params, measured.result)
    return tuple(
        BridgeCost(engine=f"{number} {ENGINES[type(engine)].label}", pj=pj)
        for number, (engine, pj) in enumerate(zip(engines, energies, strict=True))
        if number and not engine.runs_stages
    )


def _sentence(
    place: str,
    hybrid: Hybrid,
    over: list[RatioInterval],
    margins: dict[str, float],
    bridges: tuple[BridgeCost, ...],
    total: float,
) -> str:
    ratios = [
        f"{significant(each.ratio)} times the energy of this {side} ({' to '.join(map(significant, each.interval))})"
        for side, each in zip(("ANN", "SNN"), over, strict=True)
    ]
    share = sum(each.pj for each in bridges) / total
    cost = f"; bridges take {100 * share:.1f} % of it" if bridges else "; it has no bridges"
    return (
        f"The best mix of both sides, {place}, of {hybrid.evaluated} placements, needs {' and '.join(ratios)}{cost}. "
        f"With the layers on the best engines for them, an ANN needs {significant(margins['all_ann'])} and an SNN "
        f"{significant(margins['all_snn'])} times its energy."
    )
