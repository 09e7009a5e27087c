"""The report of one design."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.energy.levels import Difference
from tospike.compare.energy.neurobench import NeuroBench
from tospike.compare.energy.summary import CounterEnergyReport, OperationEnergyReport
from tospike.compare.plain import absent, renamed
from tospike.compare.report.area import CellArea, FpgaArea

Kind = Literal["ann", "snn"]
"""The two networks of a study."""
KINDS: tuple[Kind, Kind] = ("ann", "snn")
Side = Literal["ann", "snn", "hybrid"]
"""The sides of a study: a hybrid has layers of both networks."""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Fractions of correct predictions."""

    of_float: float = renamed("float")
    """Of the trained network in floating point."""
    golden: float
    """Of the golden model, on every sample."""
    rtl: float | None
    """Of the RTL, on ``rtl_samples``; ``None``: not run."""
    golden_as_rtl: float | None = absent()
    """Of the golden model on the RTL's samples."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Distribution of a figure over the samples."""

    mean: float
    p5: float
    p50: float
    p95: float

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Distribution":
        """Return the mean and percentiles of (N,) values."""
        p5, p50, p95 = np.percentile(values, (5, 50, 95))
        return cls(mean=float(np.mean(values)), p5=float(p5), p50=float(p50), p95=float(p95))


@dataclass(frozen=True, kw_only=True)
class DesignReport:
    """One design: accuracy, cycles, area, energy. Energies are in picojoules per inference."""

    name: str
    kind: Literal["ann", "snn", "hybrid", "qnn"]
    """``qnn``: the bit-matched QNN. The verdict compares neither it nor a hybrid."""
    description: str
    accuracy: Accuracy
    rtl_samples: int
    """Number of samples that ran in RTL: the first ones."""
    mismatches: int | None
    """Samples whose outputs or cycles differ between RTL and golden model; ``None``: RTL not run."""
    cycles: Distribution
    """Clock cycles per inference."""
    fpga: FpgaArea | CellArea | None
    """``None``: not synthesised."""
    latency_us: Distribution | None
    """Microseconds per inference at the clock frequency after routing; ``None``: not routed."""
    operations: Mapping[str, float]
    """Mean number of each operation, in elements, by the names of "Operation counts" in
    ``docs/explanation/architecture.md``."""
    energy_pj: OperationEnergyReport
    """By operation counts."""
    counters_pj: CounterEnergyReport
    """By the hardware's counters."""
    levels: tuple[Difference, ...]
    """Operation counts against counters with the same prices, term by term."""
    gates_pj: GateReport | None
    """``None``: not measured."""
    published_pj: Mapping[str, float]
    """Mean pJ by published energy model."""
    choices: Mapping[str, Any]
    """Options, importer's rules and quantisation, as in the manifest."""
    cycles_samples: tuple[int, ...]
    """Clock cycles of each sample."""
    correct_samples: tuple[int, ...]
    """1 for each sample whose class the golden model tells, else 0."""
    interval: float | None = None
    """Mean cycles between two answers when samples follow one another without a gap; ``None``: not known."""
    neurobench: NeuroBench | None = absent()
    """Activity by the names of NeuroBench."""

    @property
    def samples_per_second(self) -> float | None:
        """Throughput at the clock frequency after routing; ``None``: not routed."""
        fmax = self.fpga.fmax_mhz if isinstance(self.fpga, FpgaArea) else None
        return None if fmax is None or self.interval is None else 1e6 * fmax / self.interval
