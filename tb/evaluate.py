"""Accuracy, cycles and operation counts of a trained network on data, in floating point, golden model or RTL."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.pipeline import Prepared
from tospike.gen.place.streaming import frame_weights
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError, option, same_option
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.network.reference import run_float
from tospike.sim.result import Result
from tospike.tb.plausible import costly_rounding, doubts, quiet_stages, silent_stages
from tospike.tb.replay.replay import Replay, patience, replay
from tospike.tb.simulators import Simulator, SimulatorOptions


class Backend(StrEnum):
    """What computes the answers."""

    FLOAT = "float"
    """The trained network in floating point."""
    GOLDEN = "golden"
    """The integer golden model."""
    RTL = "rtl"
    """The generated Verilog in a simulator, compared with the golden model."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What computes the answers, and what else is told of them."""

    backend: Backend = option(Backend.GOLDEN, "What computes the answers")
    simulator: Simulator = same_option(SimulatorOptions, "simulator", help="RTL: simulator of the Verilog")
    exact_trace: bool = option(False, "SNN: compare float and golden spikes, layer by layer")
    reference: Path | None = option(
        None, "SNN: compare float with a framework's own layer_0, layer_1, ... in this npz file"
    )
    spikes: bool = option(False, "SNN, with --json: also what each layer sent")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """The answers of one backend on N samples."""

    backend: Backend
    correct: Array
    """(N,) bool."""
    predictions: Array
    """(N,) classes."""
    result: Result | None = None
    """What the golden model says; ``None`` for float."""
    golden_correct: Array | None = None
    """RTL: (N,) bool of the golden model."""
    warnings: tuple[str, ...] = ()
    """Why the accuracy may mean nothing."""
    counters: dict[str, int] | None = None
    """RTL: the hardware's counters after all samples."""
    mismatches: int | None = None
    """RTL: samples whose outputs or cycles differ from the golden model's, plus totals of counters that differ."""

    @property
    def accuracy(self) -> float:
        """Fraction of right answers."""
        return float(np.mean(self.correct))

    def summary(self) -> dict[str, Any]:
        """Return the stable keys of ``tospike evaluate --json``."""
        summary: dict[str, Any] = {
            "backend": self.backend.value,
            "samples": len(self.correct),
            "accuracy": self.accuracy,
        }
        if self.golden_correct is not None:
            summary["golden_accuracy"] = float(np.mean(self.golden_correct))
        if self.result is not None:
            summary["cycles"] = distribution(self.result.cycles)
            summary["operations"] = mean_operations(self.result)
            summary["saturations"] = int(
                sum(values.sum() for name, values in self.result.counters.items() if name.endswith(".saturations"))
            )
        if self.mismatches is not None:
            summary["mismatches"] = self.mismatches
        return summary


def distribution(values: Array) -> dict[str, float]:
    """Return the mean and percentiles over samples."""
    p5, p50, p95 = np.percentile(values, [5, 50, 95])
    return {"mean": float(np.mean(values)), "p5": float(p5), "p50": float(p50), "p95": float(p95)}


def mean_operations(result: Result) -> dict[str, float]:
    """Return the operations per inference."""
    return {name: float(np.mean(values)) for name, values in result.operations.items()}


def evaluate(
    prepared: Prepared,
    data: DataSet,
    backend: Backend,
    *,
    samples: int | None = None,
    simulator: str = "verilator",
    cache: Cache | None = None,
    progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Run the first ``samples`` test samples (all by default).

    Raises
    ------
    InputError
        Too many or too few samples asked for; no engine runs the network, unless in floating point; a simulator is
        missing or fails.
    """
    data = data.first(samples)
    x, y = data.x, data.y
    network = prepared.network
    if backend is Backend.FLOAT:
        run = run_float(network, x, trace=False)
        predictions = run.predictions
        correct = predictions == y
        warnings = doubts(network, correct, y, quiet_stages(network, run.sends))
        return Evaluation(backend=backend, correct=correct, predictions=predictions, warnings=warnings)
    if isinstance(prepared.planned, InputError):
        raise InputError(f"{prepared.planned}; --backend float alone needs no hardware")
    integers = prepared.integers(x)
    expected = golden.run(prepared.design, integers)
    predictions = expected.predictions
    correct = predictions == y
    warnings = (
        *doubts(network, correct, y, silent_stages(network, prepared.design, expected)),
        *costly_rounding(network, x, predictions),
    )
    if backend is Backend.GOLDEN:
        return Evaluation(backend=backend, correct=correct, predictions=predictions, result=expected, warnings=warnings)
    got = simulate(prepared.design, integers, expected, simulator=simulator, cache=cache, progress=progress)
    return Evaluation(
        backend=backend,
        correct=got.predictions == y,
        predictions=got.predictions,
        result=expected,
        golden_correct=correct,
        warnings=warnings,
        counters=got.replay.counters,
        mismatches=got.mismatches,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulated:
    """What the generated Verilog did, against the golden model."""

    replay: Replay
    predictions: Array
    """(N,) classes."""
    differs: Array
    """(N,) bool: outputs or cycles of the sample are not the golden model's."""
    differing_totals: tuple[str, ...]
    """Counters whose totals are not the golden model's."""

    @property
    def mismatches(self) -> int:
        """Samples that differ, plus totals of counters that do."""
        return int(self.differs.sum()) + len(self.differing_totals)


def simulate(
    design: Design,
    integers: Array,
    expected: Result,
    *,
    simulator: str = "verilator",
    cache: Cache | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulated:
    """Run samples through the generated Verilog, and compare with what the golden model says.

    Parameters
    ----------
    design
        The network on hardware.
    integers
        (N, inputs) integers in the input format, or (N, steps, inputs) spikes, see `Prepared.integers`.
    expected
        The golden model's answers to them.
    simulator, cache, progress
        See `replay`.

    Raises
    ------
    InputError
        The simulator is missing or fails, or the design does not answer.
    """
    verilog, _, _ = build(design.params, pack(design))
    weights = frame_weights(design)
    got = replay(
        verilog,
        design.params,
        integers,
        weights=weights,
        limit=patience(expected.cycles, weights),
        simulator=simulator,
        cache=cache,
        progress=progress,
    )
    totals = {name: int(values.sum()) for name, values in expected.counters.items()}
    totals["cycles"] = int(expected.cycles.sum())
    return Simulated(
        replay=got,
        predictions=replace(expected, outputs=got.outputs).predictions,
        differs=(got.outputs != expected.outputs).any(axis=1) | (got.cycles != expected.cycles),
        differing_totals=tuple(name for name, total in totals.items() if got.counters[name] != total % (1 << 32)),
    )
