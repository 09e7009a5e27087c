"""One side of a study: float, golden model, RTL, synthesis and gates of one network."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tospike.compare.energy.activity import EngineActivity
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.gates.study import gate_figures
from tospike.compare.report.design import Accuracy, DesignReport, Kind
from tospike.compare.study.entry import golden_entry
from tospike.compare.study.options import Progress, StudyOptions
from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.folder import generate
from tospike.gen.emit.vectors import BENCH_SAMPLES
from tospike.gen.pipeline import Prepared
from tospike.hw.params import AcceleratorParams
from tospike.sim.result import Result
from tospike.synth.flow import synthesize
from tospike.synth.report import SynthReport
from tospike.tb.evaluate import Backend, Evaluation, evaluate

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What was found out."""

    design: DesignReport
    params: AcceleratorParams
    engines: tuple[EngineActivity, ...]
    result: Result
    """Of the golden model."""
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    """Wall time of each step."""


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """Tells of each step, and takes its time."""

    name: str
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, step: str, work: Callable[[], T]) -> T:
        self.progress(self.name, step)
        start = time.monotonic()
        found = work()
        self.seconds[step] = round(time.monotonic() - start, 1)
        return found

    def tell(self, line: str) -> None:
        self.progress(self.name, line)


def measure_side(
    kind: Kind, prepared: Prepared, data: DataSet, folder: Path, options: StudyOptions, progress: Progress
) -> Measured:
    """Measure one network on its hardware, whose design goes into ``folder``.

    Raises
    ------
    InputError
        Whatever is wrong with the network, the data or the tools.
    """
    steps = _Steps(name=prepared.network.name, progress=progress)
    reference = steps.run("float", lambda: evaluate(prepared, data, Backend.FLOAT))
    golden = steps.run("golden model", lambda: evaluate(prepared, data, Backend.GOLDEN))
    steps.run("Verilog", lambda: _generate(prepared, data, folder))
    rtl = steps.run("RTL simulation", lambda: _simulate(prepared, data, options))
    synthesis = steps.run("synthesis", lambda: _synthesize(folder, options, steps)) if options.synthesis else None
    study = options.gates
    gates = steps.run("gates", lambda: gate_figures(prepared, data, study, steps.tell)) if study else None
    steps.tell("done")
    assert golden.result is not None  # it is no float evaluation
    entry = golden_entry(prepared, data.x, golden.result, options.prices)
    return Measured(
        design=entry.report(
            name=prepared.network.name,
            kind=kind,
            accuracy=Accuracy(
                of_float=reference.accuracy,
                golden=golden.accuracy,
                golden_as_rtl=float(golden.correct[: len(rtl.correct)].mean()),
                rtl=rtl.accuracy,
            ),
            rtl_samples=len(rtl.correct),
            mismatches=rtl.mismatches,
            rtl_pj=_rtl_energy(prepared, rtl, options),
            synthesis=synthesis,
            gates=gates,
        ),
        params=prepared.design.params,
        engines=entry.engines,
        result=golden.result,
        warnings=tuple(dict.fromkeys((*prepared.warnings, *reference.warnings, *golden.warnings))),
        seconds=steps.seconds,
    )


def _generate(prepared: Prepared, data: DataSet, folder: Path) -> None:
    design = prepared.design
    samples = prepared.integers(data.x[:BENCH_SAMPLES])
    generate(folder, kind="network", params=design.params, design=design, choices=prepared.choices, samples=samples)


def _simulate(prepared: Prepared, data: DataSet, options: StudyOptions) -> Evaluation:
    return evaluate(
        prepared,
        data,
        Backend.RTL,
        samples=options.rtl_samples,
        simulator=options.simulator,
        cache=options.cache,
    )


def _synthesize(folder: Path, options: StudyOptions, steps: _Steps) -> SynthReport:
    return synthesize(folder, options.synth, cache=options.cache, progress=steps.tell)


def _rtl_energy(prepared: Prepared, rtl: Evaluation, options: StudyOptions) -> float:
    """Return what the counters that were read from the RTL cost, in pJ per sample that ran there."""
    assert rtl.counters is not None  # it ran
    params, counters = prepared.design.params, rtl.counters
    read = counter_energy(options.technology, params, counters, counters["cycles"])
    return float(read.total.sum()) / len(rtl.correct)
