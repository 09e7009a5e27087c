"""One side of a study: float, golden model, RTL, synthesis and gates of one network."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tospike.compare.energy.activity import EngineActivity
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.gates.study import gate_figures
from tospike.compare.report.design import Accuracy, DesignReport, Side
from tospike.compare.study.entry import golden_entry
from tospike.compare.study.options import Progress, StudyOptions
from tospike.gen.data.datasets import DataSet
from tospike.gen.generate import generate_network
from tospike.gen.pipeline import Prepared
from tospike.hw.params import AcceleratorParams
from tospike.sim.result import Result
from tospike.synth.flow import synthesize
from tospike.synth.report import SynthReport
from tospike.tb.evaluate import float_inference, golden_inference, simulate
from tospike.tb.inference import Simulation

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Results for one network."""

    design: DesignReport
    params: AcceleratorParams
    engines: tuple[EngineActivity, ...]
    result: Result
    """Of the golden model."""
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    """Wall-clock time of each step."""


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """Runs steps, reports each of them, and measures its time."""

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
    kind: Side,
    name: str,
    prepared: Prepared,
    data: DataSet,
    folder: Path,
    options: StudyOptions,
    progress: Progress,
) -> Measured:
    """Measure one network under a ``name``; write its design to ``folder``.

    Raises
    ------
    InputError
        The network, the data or a tool cannot be used.
    """
    steps = _Steps(name=name, progress=progress)
    reference = steps.run("float", lambda: float_inference(prepared.network, data.x, data.y))
    golden = steps.run("golden model", lambda: golden_inference(prepared, data.x, data.y))
    steps.run("Verilog", lambda: generate_network(folder, prepared, data))
    rtl = steps.run("RTL simulation", lambda: _simulate(prepared, data, options))
    synthesis = steps.run("synthesis", lambda: _synthesize(folder, options, steps)) if options.synthesis else None
    study = options.gates
    gates = steps.run("gates", lambda: gate_figures(prepared, data, study, steps.tell)) if study else None
    steps.tell("done")
    assert golden.result is not None  # not a float evaluation
    entry = golden_entry(prepared, data.x, golden, options.prices)
    return Measured(
        design=entry.report(
            name=name,
            kind=kind,
            accuracy=Accuracy(
                of_float=reference.accuracy,
                golden=golden.accuracy,
                golden_as_rtl=float(golden.correct[: len(rtl)].mean()),
                rtl=rtl.accuracy,
            ),
            rtl_samples=len(rtl),
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


def _simulate(prepared: Prepared, data: DataSet, options: StudyOptions) -> Simulation:
    few = data.first(options.rtl_samples)
    return simulate(prepared, few.x, few.y, simulator=options.simulator, cache=options.cache)


def _synthesize(folder: Path, options: StudyOptions, steps: _Steps) -> SynthReport:
    return synthesize(folder, options.synth, cache=options.cache, progress=steps.tell)


def _rtl_energy(prepared: Prepared, rtl: Simulation, options: StudyOptions) -> float | None:
    """Return the energy by the RTL's counters, in pJ per sample that ran in RTL; ``None``: it has none."""
    if not prepared.design.params.is_counted:
        return None
    read = counter_energy(options.technology, prepared.design.params, rtl.totals, rtl.totals["cycles"])
    return float(read.total.sum()) / len(rtl)
