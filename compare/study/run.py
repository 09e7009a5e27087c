"""Run a study: golden model, RTL, synthesis and energy of both networks, and the verdict."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from tospike.compare.energy.break_even import spike_activity
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.report.candidates import BestCandidates, Candidate
from tospike.compare.report.design import KINDS, DesignReport, Kind
from tospike.compare.report.study import Provenance, Seeds, StudyReport, TechnologyReport, WorkloadReport
from tospike.compare.report.variations import (
    HybridReport,
    IsoAccuracy,
    MatchedQnnComparison,
    Missing,
    Sensitivity,
    Variant,
)
from tospike.compare.study.break_even import break_even_report
from tospike.compare.study.candidates import as_candidate, search_report
from tospike.compare.study.chosen import Chosen, choose, command_of
from tospike.compare.study.measure import Measured, measure_side
from tospike.compare.study.options import Progress, StudyOptions
from tospike.compare.study.platforms import compared_sides
from tospike.compare.study.variations.exact_pair import exact_controls, turned
from tospike.compare.study.variations.hybrid import Hybrid, best_hybrid, measure_hybrid
from tospike.compare.study.variations.iso_accuracy import compare_at_equal_accuracy, run_grid
from tospike.compare.study.variations.matched_qnn import compare_matched_qnn, matched_act_bits, matched_qnn_design
from tospike.compare.study.variations.sensitivity import placed_states, rank, variants
from tospike.compare.study.variations.trial import Trials
from tospike.compare.study.verdict import judge
from tospike.compare.study.workload import Workload
from tospike.gen.data.datasets import DataSet
from tospike.gen.files.results_folder import write_results
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.children import Stopped, temporary_folder
from tospike.hw.params import InputError

HYBRID: Literal["hybrid"] = "hybrid"
"""Folder of a hybrid, and its side."""
QUESTION = "Spikes or not, on digital hardware?"


def run_study(
    workload: Workload, out: Path, options: StudyOptions, *, command: str, progress: Progress = lambda name, step: None
) -> StudyReport:
    """Measure both designs of a workload in two threads, and judge.

    Parameters
    ----------
    workload
        Networks and data.
    out
        Folder; the generated designs are written to ``out/ann`` and ``out/snn``.
    options
        Options of the measurements.
    command
        The user's command, for the report.
    progress
        Called at every step.

    Returns
    -------
    StudyReport
        All results.

    Raises
    ------
    InputError
        The networks, the data or a tool cannot be used.
    """
    data = workload.load()
    data.first(options.rtl_samples)  # refuses more than there are before hours of work
    count = 1 if options.search is None else options.search.finalists or workload.finalists
    for kind in KINDS:
        for folder in _folders(out, kind, count):
            check_replaceable(folder)
    if options.hybrid:
        check_replaceable(out / HYBRID)
    with temporary_folder() as work:
        paths = workload.networks(data, work)
        chosen = choose(workload, data, paths, options, progress)
        if workload.snn is None:  # input refused before this point leaves no files
            write_results(out, {paths["snn"].name: paths["snn"].read_bytes()})
        return _report(workload, chosen, out, options, command, progress)


def _folders(out: Path, kind: Kind, count: int) -> list[Path]:
    """Return the folders of a side's designs: that of the one that the verdict compares, then those of others."""
    return [out / kind, *(out / f"{kind}-{number}" for number in range(2, count + 1))]


def _report(
    workload: Workload, chosen: Chosen, out: Path, options: StudyOptions, command: str, progress: Progress
) -> StudyReport:
    """Measure, vary and judge both networks."""
    data, paths = chosen.data, chosen.paths
    if options.rtl_samples is None and workload.rtl_samples is not None:
        options = replace(options, rtl_samples=min(workload.rtl_samples, len(data.x)))
    hybrid = None
    if options.hybrid:
        both, given = chosen.compared, chosen.options["snn"]
        hybrid = best_hybrid(both["ann"], both["snn"], given, data, options.technology, progress)
    measured = _measure_all(chosen, out, options, progress)
    ann, snn = (measured[kind][0] for kind in KINDS)
    third = None if hybrid is None else _third_side(hybrid, workload, chosen, (ann, snn), out, options, progress)
    designs = (ann.design, snn.design, *([third.design] if third else []))
    activity = spike_activity(*([layer for engine in side.engines for layer in engine.layers] for side in (ann, snn)))
    sides = compared_sides(workload, chosen, measured, options)
    own = sides[0]
    best = BestCandidates(ann=own.against, snn=own.judged)
    verdict = judge(workload.name, sides)
    trials = Trials(chosen.compared, paths, data, chosen.options, options.technology)
    controls, matched = _matched_qnn(
        chosen.options["ann"], paths["ann"], chosen.compared["snn"], snn.design, data, options
    )
    exact = exact_controls(
        chosen.compared["ann"], snn, chosen.compared["snn"], paths["snn"], data, chosen.options["snn"], options.prices
    )
    if exact:
        verdict = replace(verdict, flips=verdict.flips + turned(exact.report, verdict.ratio))
    further = tuple(each.design for kind in KINDS for each in measured[kind][1:])
    iso_accuracy = None if chosen.search else _iso_accuracy(trials, len(data.x), options, progress)
    changed, ranked = _sensitivity(trials, data, verdict.by_technology, options, progress)
    technology = options.technology
    return StudyReport(
        workload=WorkloadReport(
            name=workload.name, description=workload.description, samples=len(data.x), split=data.split
        ),
        question=QUESTION,
        warnings=_warnings(data, ann, snn),
        verdict=verdict,
        designs=designs,
        candidates=own.candidates + ((third.candidate,) if third else ()),
        best=best,
        search=search_report(chosen.search, best) if chosen.search else None,
        repeats=own.repeats,
        controls=further + controls + (exact.designs if exact else ()),
        matched_qnn=matched,
        exact_pair=exact.report if exact else None,
        hybrid=third.report if third else None,
        activity=activity,
        break_even=break_even_report(ann, snn, activity, options.technologies),
        iso_accuracy=iso_accuracy,
        sensitivity=ranked,
        variants=changed,
        gates=Missing(missing=options.gates.missing) if options.gates else None,
        models={name: model.source for name, model in MODELS.items()},
        constants=options.model.constants,
        technology=TechnologyReport(
            name=technology.name,
            description=technology.description,
            platform=technology.platform,
            constants=technology.describe(),
        ),
        calibrations={options.measured.technology: str(options.measured)} if options.measured else {},
        provenance=_provenance(ann, snn, options, command),
    )


@dataclass(frozen=True, kw_only=True)
class _ThirdSide:
    design: DesignReport
    candidate: Candidate
    report: HybridReport


def _third_side(
    hybrid: Hybrid,
    workload: Workload,
    chosen: Chosen,
    sides: tuple[Measured, Measured],
    out: Path,
    options: StudyOptions,
    progress: Progress,
) -> _ThirdSide:
    """Measure a hybrid."""
    design, report = measure_hybrid(hybrid, sides, chosen.data, out / HYBRID, options, progress)
    given = chosen.options["snn"].with_layers({layer: {"place": place} for layer, place in hybrid.places.items()})
    command = command_of(workload, HYBRID, chosen.paths["snn"], given)
    candidate = as_candidate(HYBRID, hybrid.prepared, design, file=chosen.paths["snn"], command=command)
    return _ThirdSide(design=design, candidate=candidate, report=report)


def _warnings(data: DataSet, *sides: Measured) -> tuple[str, ...]:
    """Return what the data warn of, once, then what is about one network."""
    own = (f"{side.design.name}: {line}" for side in sides for line in side.warnings if line not in data.warnings)
    return (*data.warnings, *own)


def _measure_all(
    chosen: Chosen, out: Path, options: StudyOptions, progress: Progress
) -> dict[Kind, tuple[Measured, ...]]:
    """Measure the designs of both sides at the same time, those of a side one after another."""
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        jobs = {kind: pool.submit(_measure_some, kind, chosen, out, options, progress) for kind in KINDS}
        found = {kind: job.result() for kind, job in jobs.items()}
    except BaseException as error:  # if stopped, do not wait for the other side
        pool.shutdown(wait=not isinstance(error, Stopped), cancel_futures=True)
        raise
    pool.shutdown()
    return found


def _measure_some(
    kind: Kind, chosen: Chosen, out: Path, options: StudyOptions, progress: Progress
) -> tuple[Measured, ...]:
    """Measure the designs of a side; further ones are named by their place."""
    designs = chosen.prepared[kind]
    found = []
    for number, (prepared, folder) in enumerate(zip(designs, _folders(out, kind, len(designs)), strict=True), start=1):
        name = prepared.network.name if number == 1 else f"{prepared.network.name}-{number}"
        found.append(measure_side(kind, name, prepared, chosen.data, folder, options, progress))
    return tuple(found)


def _provenance(ann: Measured, snn: Measured, options: StudyOptions, command: str) -> Provenance:
    sides = (ann, snn)
    areas = [side.design.fpga for side in sides if side.design.fpga]
    return Provenance(
        tospike=metadata.version("tospike"),
        command=command,
        tools={name: version for area in areas for name, version in area.tools.items()},
        seeds=Seeds(placement=options.synth.seed),
        seconds={f"{side.design.name} {step}": value for side in sides for step, value in side.seconds.items()},
    )


def _matched_qnn(
    given: ModelOptions, ann: Path, snn: Prepared, measured: DesignReport, data: DataSet, options: StudyOptions
) -> tuple[tuple[DesignReport, ...], MatchedQnnComparison | Missing | None]:
    """Return the bit-matched QNN as a control, and the SNN against it; or why this ANN has none."""
    if not options.matched_qnn:
        return (), None
    try:
        matched = matched_qnn_design(ann, snn, data, given, options.prices)
    except InputError as error:
        return (), Missing(missing=str(error))
    return (matched,), compare_matched_qnn(measured, matched, snn.network.input.steps, matched_act_bits(snn))


def _iso_accuracy(trials: Trials, samples: int, options: StudyOptions, progress: Progress) -> IsoAccuracy | None:
    """Run both networks over bits and time steps, and compare at equal accuracy."""
    if not options.iso_accuracy:
        return None
    grid = run_grid(trials, lambda point: progress("equal accuracy", point))
    progress("equal accuracy", "done")
    return compare_at_equal_accuracy(grid, technology=options.technology.name, of_samples=samples)


def _sensitivity(
    trials: Trials, data: DataSet, by_technology: Mapping[str, float], options: StudyOptions, progress: Progress
) -> tuple[tuple[Variant, ...], tuple[Sensitivity, ...]] | tuple[None, None]:
    """Return both networks with one parameter changed at a time, and the effect on the comparison."""
    if not options.sensitivity:
        return None, None
    found = variants(trials, progress=lambda change: progress("sensitivity", change))
    ratios = {name: ratio for name, ratio in by_technology.items() if name != options.technology.name}
    ranked = rank(found, placed_states(trials.prepared["snn"], data, options.technology), ratios)
    progress("sensitivity", "done")
    return found, ranked
