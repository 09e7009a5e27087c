"""Run a study: golden model, RTL, synthesis and energy of both networks, and the verdict."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from tospike.compare.energy.break_even import spike_activity
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.report.design import DesignReport, Kind
from tospike.compare.report.study import Provenance, Seeds, StudyReport, TechnologyReport, WorkloadReport
from tospike.compare.report.variations import IsoAccuracy, MatchedQnnComparison, Missing, Sensitivity, Variant
from tospike.compare.report.verdict import EnergyMargin
from tospike.compare.study.break_even import break_even_report
from tospike.compare.study.iso_accuracy import compare_at_equal_accuracy, run_grid
from tospike.compare.study.matched_qnn import compare_matched_qnn, matched_act_bits, matched_qnn_design
from tospike.compare.study.measure import Measured, measure_side
from tospike.compare.study.options import Progress, StudyOptions
from tospike.compare.study.sensitivity import placed_states, rank, variants
from tospike.compare.study.trial import Trials
from tospike.compare.study.verdict import judge
from tospike.compare.study.workload import Workload
from tospike.gen.data.datasets import DataSet
from tospike.gen.files.results_folder import write_results
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.options.layers import check_layers
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.gen.tools.children import Stopped, temporary_folder
from tospike.hw.params import InputError, require

_log = logging.getLogger(__name__)

QUESTION = "Spikes or not, on digital hardware?"
KINDS: tuple[Kind, Kind] = ("ann", "snn")


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
    for kind in KINDS:
        check_replaceable(out / kind)
    data = workload.load()
    data.first(options.rtl_samples)  # refuses more than there are before hours of work
    with temporary_folder() as work:
        paths = workload.networks(data, work)
        prepared = _prepare(paths, data, workload.options)
        if workload.snn is None:  # input refused before this point leaves no files
            write_results(out, {paths["snn"].name: paths["snn"].read_bytes()})
        return _report(workload, paths, prepared, data, out, options, command, progress)


def _report(
    workload: Workload,
    paths: Mapping[Kind, Path],
    prepared: Mapping[Kind, Prepared],
    data: DataSet,
    out: Path,
    options: StudyOptions,
    command: str,
    progress: Progress,
) -> StudyReport:
    """Measure, vary and judge both networks."""
    if options.rtl_samples is None and workload.rtl_samples is not None:
        options = replace(options, rtl_samples=min(workload.rtl_samples, len(data.x)))
    ann, snn = _measure_both(prepared, data, out, options, progress)
    designs = (ann.design, snn.design)
    activity = spike_activity(*([layer for engine in side.engines for layer in engine.layers] for side in (ann, snn)))
    verdict = judge(designs, workload=workload.name)
    trials = Trials(prepared, paths, data, workload.options, options.technology)
    controls, matched = _matched_qnn(workload.options, paths["ann"], prepared["snn"], snn.design, data, options)
    iso_accuracy = _iso_accuracy(trials, len(data.x), options, progress)
    changed, ranked = _sensitivity(trials, data, verdict.margins.energy, options, progress)
    technology = options.technology
    return StudyReport(
        workload=WorkloadReport(
            name=workload.name, description=workload.description, samples=len(data.x), split=data.split
        ),
        question=QUESTION,
        warnings=_warnings(data, ann, snn),
        verdict=verdict,
        designs=designs,
        controls=controls,
        matched_qnn=matched,
        activity=activity,
        break_even=break_even_report(ann, snn, activity, options.technologies),
        iso_accuracy=iso_accuracy,
        sensitivity=ranked,
        variants=changed,
        gates=Missing(missing=options.gates.missing) if options.gates else None,
        models={name: model.source for name, model in MODELS.items()},
        constants=options.model.constants,
        technology=TechnologyReport(
            name=technology.name, description=technology.description, constants=technology.describe()
        ),
        provenance=_provenance(ann, snn, options, command),
    )


def _prepare(paths: Mapping[Kind, Path], data: DataSet, options: ModelOptions) -> dict[Kind, Prepared]:
    """Return both networks, quantised and planned; raise errors before any measurement."""
    for kind, path in paths.items():
        is_spiking = path.suffix == ".nir"
        require(is_spiking == (kind == "snn"), f"{path}, given as --{kind}, is {'an SNN' if is_spiking else 'an ANN'}")
    prepared = {kind: prepare(path, data, options.of_kind(spiking=kind == "snn")) for kind, path in paths.items()}
    check_layers(options.layers, [side.imported for side in prepared.values()])
    for line in dict.fromkeys(line for side in prepared.values() for line in side.warnings):  # report guesses now
        _log.warning(line)
    for side in prepared.values():
        _ = side.design
    return prepared


def _warnings(data: DataSet, *sides: Measured) -> tuple[str, ...]:
    """Return what the data warn of, once, then what is about one network."""
    own = (f"{side.design.name}: {line}" for side in sides for line in side.warnings if line not in data.warnings)
    return (*data.warnings, *own)


def _measure_both(
    prepared: Mapping[Kind, Prepared], data: DataSet, out: Path, options: StudyOptions, progress: Progress
) -> tuple[Measured, Measured]:
    """Measure both networks at the same time."""
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        jobs = [pool.submit(measure_side, kind, prepared[kind], data, out / kind, options, progress) for kind in KINDS]
        ann, snn = (job.result() for job in jobs)
    except BaseException as error:  # if stopped, do not wait for the other side
        pool.shutdown(wait=not isinstance(error, Stopped), cancel_futures=True)
        raise
    pool.shutdown()
    return ann, snn


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
        matched = matched_qnn_design(ann, snn, data, given.of_kind(spiking=False), options.prices)
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
    trials: Trials, data: DataSet, energy: EnergyMargin, options: StudyOptions, progress: Progress
) -> tuple[tuple[Variant, ...], tuple[Sensitivity, ...]] | tuple[None, None]:
    """Return both networks with one parameter changed at a time, and the effect on the comparison."""
    if not options.sensitivity:
        return None, None
    found = variants(trials, progress=lambda change: progress("sensitivity", change))
    ratios = {name: ratio for name, ratio in energy.technologies.items() if name != options.technology.name}
    ranked = rank(found, placed_states(trials.prepared["snn"], data, options.technology), ratios)
    progress("sensitivity", "done")
    return found, ranked
