"""What a study says of one design."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.energy.levels import Difference
from tospike.compare.energy.summary import CounterEnergyReport, OperationEnergyReport
from tospike.compare.plain import absent, renamed
from tospike.compare.report.area import CellArea, FpgaArea

Kind = Literal["ann", "snn"]
"""The two networks of a study."""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Fractions of right answers."""

    of_float: float = renamed("float")
    """Of the network as it was trained."""
    golden: float
    """Of the golden model, on every sample."""
    rtl: float | None
    """Of the RTL, on ``rtl_samples``; ``None``: it did not run."""
    golden_as_rtl: float | None = absent()
    """Of the golden model on the RTL's samples."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A figure over the samples."""

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
    """One design: accuracy, cycles, area, energy at all levels. Energies are in picojoules per inference."""

    name: str
    kind: Literal["ann", "snn", "qnn"]
    """``qnn``: the bit-matched QNN, which the verdict does not compare."""
    description: str
    accuracy: Accuracy
    rtl_samples: int
    """Samples that ran in RTL: the first ones."""
    mismatches: int | None
    """Samples whose outputs or cycles differ between RTL and golden model; ``None``: no RTL ran."""
    cycles: Distribution
    """Clock cycles per inference."""
    fpga: FpgaArea | CellArea | None
    """``None``: not synthesised."""
    latency_us: Distribution | None
    """Microseconds per inference at the clock after routing; ``None`` where nothing was routed."""
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
    """Mean pJ by every published model."""
    choices: Mapping[str, Any]
    """What the model file leaves open, and quantisation, as in the manifest."""
    cycles_samples: tuple[int, ...]
    """Clock cycles of each sample."""

    @property
    def whole_rtl_accuracy(self) -> float | None:
        """Accuracy of the RTL if it ran on all samples: where it did not, that of the golden model says more."""
        return self.accuracy.rtl if self.rtl_samples >= len(self.cycles_samples) else None
