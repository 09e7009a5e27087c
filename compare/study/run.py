"""Runs a workload through both circuits: golden model, RTL, synthesis, energy, verdict."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from tospike.compare.energy.activity import EngineActivity
from tospike.compare.energy.break_even import (
    LARGE_SRAM,
    PUBLISHED,
    Reuse,
    SpikeActivity,
    break_even,
    spike_activity,
)
from tospike.compare.energy.counted import counted_energy
from tospike.compare.energy.model import EnergyModel
from tospike.compare.energy.models import MODELS
from tospike.compare.energy.operations import HOROWITZ_45
from tospike.compare.energy.place import spike_break_even, spikes_between
from tospike.compare.energy.technology import Technology, load_technology, shipped
from tospike.compare.gates.place import place_in_gates
from tospike.compare.gates.study import GateStudy, gate_figures
from tospike.compare.study.describe import describe
from tospike.compare.study.entry import Prices, golden_entry
from tospike.compare.study.iso_accuracy import compare_at_equal_accuracy, run_grid
from tospike.compare.study.sensitivity import placed_states, rank, variants
from tospike.compare.study.trial import Trials
from tospike.compare.study.twin import bits_of_twin, compare_twin, twin_design
from tospike.compare.study.verdict import judge
from tospike.compare.study.workload import Workload
from tospike.gen.cache import Cache
from tospike.gen.children import Stopped
from tospike.gen.data import DataSet
from tospike.gen.folder import generate
from tospike.gen.layer_options import check_layers
from tospike.gen.options import ModelOptions
from tospike.gen.prepare import Prepared, prepare
from tospike.gen.vectors import BENCH_SAMPLES
from tospike.gen.written_folder import check_replaceable
from tospike.hw.params import AcceleratorParams, InputError, require
from tospike.sim.network import Result
from tospike.synth.flow import synthesize
from tospike.synth.report import FpgaReport
from tospike.tb.evaluate import Backend, distribution, evaluate

_log = logging.getLogger(__name__)

QUESTION = "Spikes or not, on digital hardware?"

Progress = Callable[[str, str], None]
"""Takes a design's name and what is being done for it."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """How to measure."""

    target: str = "ecp5-85k"
    speed: int | None = None
    seed: int = 1
    synthesis: bool = True
    """Whether to synthesise; without, there is neither area nor clock, and latency is in cycles only."""
    simulator: str = "verilator"
    rtl_samples: int | None = None
    """``None``: every test sample."""
    model: EnergyModel = HOROWITZ_45
    """Level 1: prices of operation counts."""
    technology: Technology = field(default_factory=lambda: load_technology("horowitz45"))
    """Level 2: prices of what the hardware's counters say; the shipped ones give the range."""
    sensitivity: bool = True
    """Whether to run both networks with one thing changed at a time."""
    iso_accuracy: bool = True
    """Whether to run both networks over bits and time steps, and to compare them at equal accuracy."""
    twin: bool = True
    """Whether to measure the SNN's twin, the ANN with activations of as many bits as it can tell."""
    gates: GateStudy | None = None
    """Level 3; ``None``: it was not asked for."""
    cache: Cache

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """The chosen technology, and those that come with tospike."""
        others = (load_technology(name) for name in shipped())
        return (self.technology, *(other for other in others if other.name != self.technology.name))

    @property
    def prices(self) -> Prices:
        """The same for both levels."""
        return Prices(model=self.model, technologies=self.technologies)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """One side of a study."""

    design: dict[str, Any]
    """Its entry in the report."""
    params: AcceleratorParams
    engines: tuple[EngineActivity, ...]
    result: Result
    warnings: tuple[str, ...]
    seconds: dict[str, float]


def run_study(
    workload: Workload, out: Path, options: StudyOptions, *, command: str, progress: Progress = lambda name, step: None
) -> dict[str, Any]:
    """Measures both designs of a workload, side by side on two threads, and judges.

    Parameters
    ----------
    workload
        What to compare.
    out
        Folder; the generated designs go into ``out/ann`` and ``out/snn``.
    options
        How to measure.
    command
        What the user typed, for the report.
    progress
        Told of every step.

    Returns
    -------
    dict
        The report: see :mod:`tospike.compare.report`.

    Raises
    ------
    InputError
        Whatever is wrong with the networks, the data or the tools.
    """
    for kind in ("ann", "snn"):
        check_replaceable(out / kind)
    data = workload.load()
    paths = workload.networks(data, out)
    for kind, path in paths.items():
        is_spiking = path.suffix == ".nir"
        require(is_spiking == (kind == "snn"), f"{path}, given as --{kind}, is {'an SNN' if is_spiking else 'an ANN'}")
    prepared = {
        kind: prepare(path, data, workload.options.of_kind(spiking=kind == "snn")) for kind, path in paths.items()
    }
    check_layers(workload.options.layers, [side.imported for side in prepared.values()])
    for side in prepared.values():  # before any work: what was guessed, and what no engine can run, is told now
        for line in side.warnings:
            _log.warning(line)
        _ = side.design
    if options.rtl_samples is None and workload.rtl_samples is not None:
        options = replace(options, rtl_samples=min(workload.rtl_samples, len(data.x)))
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        jobs = [
            pool.submit(_measure, kind, prepared[kind], data, out / kind, options, progress) for kind in ("ann", "snn")
        ]
        measured = [job.result() for job in jobs]
    except BaseException as error:  # who is stopped does not wait for the other side
        pool.shutdown(wait=not isinstance(error, Stopped), cancel_futures=True)
        raise
    pool.shutdown()
    designs = [side.design for side in measured]
    activity = spike_activity(*([layer for engine in side.engines for layer in engine.layers] for side in measured))
    verdict = judge(designs, workload=workload.name)
    trials = Trials(prepared, paths, data, workload.options, options.technology)
    seconds = {f"{side.design['name']} {step}": value for side in measured for step, value in side.seconds.items()}
    tools = {name: version for design in designs for name, version in (design["fpga"] or {}).get("tools", {}).items()}
    return {
        "workload": {
            "name": workload.name,
            "description": workload.description,
            "samples": len(data.x),
            "split": data.split,
        },
        "question": QUESTION,
        "warnings": [f"{side.design['name']}: {line}" for side in measured for line in side.warnings],
        "verdict": verdict,
        "designs": designs,
        "activity": asdict(activity) if activity else None,
        **(_twin(workload.options, paths["ann"], prepared["snn"], designs, data, options) if options.twin else {}),
        "break_even": _break_even(measured, activity, options),
        **(_iso_accuracy(trials, len(data.x), options, progress) if options.iso_accuracy else {}),
        **(_sensitivity(trials, data, verdict, options, progress) if options.sensitivity else {}),
        **({"gates": {"missing": options.gates.missing}} if options.gates else {}),
        "models": {name: model.source for name, model in MODELS.items()},
        "constants": options.model.describe(),
        "technology": {
            "name": options.technology.name,
            "description": options.technology.description,
            "constants": {name: asdict(constant) for name, constant in options.technology.describe().items()},
        },
        "provenance": {
            "tospike": metadata.version("tospike"),
            "command": command,
            "tools": tools,
            "seeds": {"placement": options.seed},
            "seconds": seconds,
        },
    }


def _measure(
    kind: str, prepared: Prepared, data: DataSet, folder: Path, options: StudyOptions, progress: Progress
) -> Measured:
    name = prepared.network.name
    params = prepared.design.params
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        progress(name, step)
        start = time.monotonic()
        result = work()
        seconds[step] = round(time.monotonic() - start, 1)
        return result

    reference = timed("float", lambda: evaluate(prepared, data, Backend.FLOAT))
    golden = timed("golden model", lambda: evaluate(prepared, data, Backend.GOLDEN))
    timed(
        "Verilog",
        lambda: generate(
            folder,
            kind="network",
            params=params,
            design=prepared.design,
            choices=prepared.choices,
            samples=prepared.integers(data.x[:BENCH_SAMPLES]),
        ),
    )
    rtl = timed(
        "RTL simulation",
        lambda: evaluate(
            prepared, data, Backend.RTL, samples=options.rtl_samples, simulator=options.simulator, cache=options.cache
        ),
    )
    report = None
    if options.synthesis:
        report = timed(
            "synthesis",
            lambda: synthesize(
                folder,
                target=options.target,
                speed=options.speed,
                seed=options.seed,
                cache=options.cache,
                progress=lambda line: progress(name, line),
            ),
        )
    gates = None
    if options.gates:
        study = options.gates
        gates = timed("gates", lambda: gate_figures(prepared, data, study, lambda line: progress(name, line)))
    progress(name, "done")
    assert golden.result is not None
    result: Result = golden.result
    golden_part, engines = golden_entry(prepared, data.x, result, options.prices)
    assert rtl.counters is not None
    read = counted_energy(options.technology, params, rtl.counters, rtl.counters["cycles"])
    design = {
        "name": name,
        "kind": kind,
        "description": describe(prepared),
        "accuracy": {
            "float": reference.accuracy,
            "golden": golden.accuracy,
            "golden_as_rtl": float(golden.correct[: len(rtl.correct)].mean()),
            "rtl": rtl.accuracy,
        },
        "rtl_samples": len(rtl.correct),
        "mismatches": rtl.mismatches,
        "fpga": report.to_json() if report else None,
        "latency_us": distribution(result.cycles / report.fmax_mhz) if isinstance(report, FpgaReport) else None,
        "gates_pj": gates,
        **golden_part,
    }
    # what the counters that were read from the RTL cost, per sample that ran there
    design["counted_pj"]["rtl"] = float(read.total.sum()) / len(rtl.correct)
    warnings = tuple(dict.fromkeys((*prepared.warnings, *reference.warnings, *golden.warnings)))
    return Measured(design=design, params=params, engines=engines, result=result, warnings=warnings, seconds=seconds)


def _twin(
    given: ModelOptions,
    ann: Path,
    snn: Prepared,
    designs: Sequence[dict[str, Any]],
    data: DataSet,
    options: StudyOptions,
) -> dict[str, Any]:
    """``controls`` and ``twin`` of the report; why there is no twin, where this ANN cannot have one."""
    try:
        twin = twin_design(ann, snn, data, given.of_kind(spiking=False), options.prices)
    except InputError as error:
        return {"twin": {"missing": str(error)}}
    compared = compare_twin(designs[1], twin, snn.network.input.steps, bits_of_twin(snn))
    return {"controls": [twin], "twin": compared}


def _break_even(
    measured: Sequence[Measured], activity: SpikeActivity | None, options: StudyOptions
) -> dict[str, Any] | None:
    """Where the SNN lies, and where it would meet the ANN: here, in the literature and by its common formula."""
    if activity is None or activity.spikes_per_activation is None or activity.density is None:
        return None
    ann, snn = measured
    n, density = activity.spikes_per_activation, activity.density
    here = {}
    for technology in options.technologies:
        pj = ann.design["counted_pj"]["technologies"][technology.name]
        factor = spike_break_even(technology, snn.params, snn.result.counters, snn.result.cycles, ann_pj=pj)
        if factor is not None:
            here[technology.name] = factor * n
    spikes = spikes_between(snn.params, snn.result.counters)
    in_gates = place_in_gates(ann.design["gates_pj"], snn.design["gates_pj"], n * spikes / (spikes.mean() or 1.0))
    formula = {
        f"{place}, reuse {reuse}": break_even(LARGE_SRAM, Reuse(ann_weight=reuse, ann_activation=reuse, state=state))
        for place, state in (("state in a register", math.inf), ("state in SRAM", 1.0))
        for reuse in (1, 4, 16)
    }
    return {
        "n": n,
        "n_star": here,
        **({"gates": in_gates} if in_gates else {}),
        "published": {p.name: list(p.spikes_per_activation(density=density)) for p in PUBLISHED},
        "formula": formula,
    }


def _iso_accuracy(trials: Trials, samples: int, options: StudyOptions, progress: Progress) -> dict[str, Any]:
    """``iso_accuracy`` of the report."""
    grid = run_grid(trials, lambda point: progress("equal accuracy", point))
    progress("equal accuracy", "done")
    found = compare_at_equal_accuracy(grid, of_samples=samples)
    return {"iso_accuracy": {"technology": options.technology.name, **asdict(found)}}


def _sensitivity(
    trials: Trials,
    data: DataSet,
    verdict: Mapping[str, Any],
    options: StudyOptions,
    progress: Progress,
) -> dict[str, Any]:
    """Both networks with one thing changed at a time: ``variants`` and ``sensitivity`` of the report."""
    found = variants(trials, progress=lambda change: progress("one change at a time", change))
    energy_margin = verdict["margins"]["energy"]
    ratios = {name: ratio for name, ratio in energy_margin["technologies"].items() if name != options.technology.name}
    ranked = rank(found, placed_states(trials.prepared["snn"], data, options.technology), ratios)
    progress("one change at a time", "done")
    return {"variants": [asdict(v) for v in found], "sensitivity": [asdict(change) for change in ranked]}
