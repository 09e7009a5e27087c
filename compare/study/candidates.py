"""The candidates of a study for the report, with what was measured of those that went through synthesis."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tospike.compare.report.area import FpgaArea
from tospike.compare.report.candidates import BestCandidates, Candidate, CandidateArea, SearchReport, describe
from tospike.compare.report.design import KINDS, DesignReport, Kind, Side
from tospike.compare.report.numbers import percent
from tospike.compare.search.choose import Scored, front
from tospike.compare.search.eligible import Target
from tospike.compare.search.measure import SearchPoint
from tospike.compare.search.run import Found
from tospike.compare.search.shape import shape_of_design
from tospike.compare.study.chosen import Chosen, Search, command_of
from tospike.compare.study.measure import Measured
from tospike.compare.study.workload import Workload
from tospike.gen.area.systolic import Area
from tospike.gen.pipeline import Prepared


def pair_of(workload: Workload, chosen: Chosen, measured: Mapping[Kind, Measured]) -> BestCandidates:
    """Return the pair of designs that is compared without a search."""
    both = {
        kind: as_candidate(
            kind,
            chosen.compared[kind],
            measured[kind].design,
            file=chosen.paths[kind],
            command=command_of(workload, kind, chosen.paths[kind], chosen.options[kind]),
        )
        for kind in KINDS
    }
    return BestCandidates(ann=both["ann"], snn=both["snn"])


def as_candidate(side: Side, prepared: Prepared, design: DesignReport, *, file: Path, command: str) -> Candidate:
    """Return a design that nothing was searched for: its network's ``file``, and the ``command`` that makes it."""
    counted, cells = design.counters_pj, design.fpga if isinstance(design.fpga, FpgaArea) else None
    return Candidate(
        side=side,
        file=file.name,
        **vars(shape_of_design(prepared, prepared.design.params)),
        seed=None,
        seeds=1,
        is_quantised_after_training=False,
        accuracy=design.accuracy.golden,
        validation_accuracy=None,
        accuracy_bound=None,
        eligible=True,
        cycles=design.cycles.mean,
        interval=design.interval,
        energy_pj=counted.total,
        cost_model=counted.technology,
        technologies=counted.technologies,
        area=_area(cells, counted.area_um2, is_measured=cells is not None),
        on_front=True,
        command=command,
    )


def candidates_of(
    workload: Workload, search: Search, measured: Mapping[Kind, Sequence[DesignReport]]
) -> dict[SearchPoint, Candidate]:
    """Return the candidates: those of each side by ascending energy.

    Parameters
    ----------
    workload
        What was searched.
    search
        The search.
    measured
        The reports of the chosen designs of each side, in order.
    """
    areas = {
        found.point: design.fpga
        for kind in KINDS
        for found, design in zip(search.chosen[kind], measured[kind], strict=True)
        if isinstance(design.fpga, FpgaArea)
    }
    rows: dict[SearchPoint, Candidate] = {}
    for kind in KINDS:
        own = [found for found in search.result.designs if found.point.function.side == kind]
        made = [_candidate(workload, search, found, areas.get(found.point)) for found in own]
        kept = front([Scored(row.accuracy, row.energy_pj) for row in made])
        ranked = sorted(zip(own, made, kept, strict=True), key=lambda row: row[1].energy_pj)
        rows |= {found.point: replace(row, on_front=on_front) for found, row, on_front in ranked}
    return rows


def _candidate(workload: Workload, search: Search, found: Found, measured: FpgaArea | None) -> Candidate:
    priced, shape, function = found.priced, found.hardware.shape, found.point.function
    assert priced is not None  # a candidate has its costs
    network = search.setting.network_of(function)
    return Candidate(
        side=function.side,
        file=network.first.name,
        **vars(shape),
        seed=network.seed,
        seeds=len(network.seeds),
        is_quantised_after_training=function.is_quantised_after_training,
        accuracy=priced.accuracy,
        validation_accuracy=priced.validation_accuracy,
        accuracy_bound=found.may_be_chosen.bound,
        eligible=found.eligible,
        cycles=priced.test.cycles,
        interval=priced.test.interval,
        energy_pj=priced.test.energy_pj,
        cost_model=search.setting.technologies[0].name,
        technologies=priced.technologies,
        area=_area(measured or found.hardware.area, priced.test.um2, is_measured=measured is not None),
        on_front=False,
        command=command_of(
            workload,
            function.side,
            network.first,
            search.setting.options_of(function, found.point.hardware),
        ),
    )


def _area(cells: FpgaArea | Area | None, um2: float, *, is_measured: bool) -> CandidateArea:
    return CandidateArea(
        lut4=cells.lut4 if cells else None,
        ff=cells.ff if cells else None,
        bram=cells.bram if cells else None,
        dsp=cells.dsp if cells else None,
        um2=um2,
        is_measured=is_measured,
    )


def search_report(search: Search, best: BestCandidates) -> SearchReport:
    """Return how a search went."""
    result = search.result
    return SearchReport(
        objective=result.objective.value,
        target=result.target.accuracy,
        target_side=result.target.side,
        margin=result.target.margin,
        points=result.points,
        ran=len(result.designs),
        pruned=result.pruned,
        over_budget=result.over_budget,
        left=result.left,
        functions=result.functions,
        functions_left=result.functions_left,
        proven=result.proven,
        minutes=search.minutes,
        seconds=round(result.seconds, 1),
        validation_samples=search.setting.validation_samples,
        sentence=_sentence(search, best),
    )


def _sentence(search: Search, best: BestCandidates) -> str:
    result = search.result
    counts = [f"{len(result.designs)} are candidates", f"{result.pruned:,} cannot be better by their bounds"]
    counts += [f"{result.over_budget:,} exceed the budget"] if result.over_budget else []
    counts += [f"{result.left:,} were left for lack of time"] if result.left else []
    left = f", without {result.functions_left} of {result.functions} functions" if result.functions_left else ""
    proof = "proven" if result.proven else "not proven"
    return (
        f"Of {result.points:,} designs of both sides{left}, {', '.join(counts)}. The cheapest by {result.objective} "
        f"{_standard(result.target)} on {search.setting.validation_samples:,} validation samples "
        f"({proof} within this grid) are the ANN with {describe(best.ann)} and the SNN with {describe(best.snn)}."
    )


def _standard(target: Target) -> str:
    """Return how accurate a candidate must be, in words."""
    if target.side is None:
        return f"with at least {percent(target.accuracy)}"
    return (
        f"that is at most {100 * target.margin:.0f} points less accurate than the most accurate {target.side.upper()} "
        f"({percent(target.accuracy)}), at 95 % confidence,"
    )
