"""Outputs of a network or design, with cycles, counters and operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError
from tospike.sim.cycles.back_to_back import BackToBack
from tospike.sim.network import Array
from tospike.sim.result import Result


class Backend(StrEnum):
    """What computes the outputs."""

    FLOAT = "float"
    """The trained network in floating point."""
    GOLDEN = "golden"
    """The integer golden model."""
    RTL = "rtl"
    """The generated Verilog in a simulator, compared with the golden model."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Inference:
    """Outputs for N samples."""

    backend: Backend
    predictions: NDArray[np.int64]
    """(N,) classes."""
    outputs: NDArray[Any]
    """(N, outputs): logits, spike counts or membranes; integers, unless in floating point."""
    labels: NDArray[np.int64] | None = None
    """(N,) correct classes; ``None``: not given."""
    cycles: NDArray[np.int64] | None = None
    """(N,) clock cycles of each sample, alone in the pipeline; ``None`` in floating point."""
    back_to_back: BackToBack | None = None
    """When the answers of the first samples leave if they follow one another without a gap; ``None`` in floating
    point."""
    result: Result | None = None
    """The golden model's result; ``None`` in floating point."""
    find_doubts: Callable[[], tuple[str, ...]] = field(default=tuple)
    """Computes `warnings`, once."""

    @property
    def interval(self) -> float | None:
        """Cycles between answers of a stream of samples; ``None`` in floating point."""
        return None if self.back_to_back is None else self.back_to_back.interval

    @property
    def counters(self) -> Mapping[str, NDArray[np.int64]] | None:
        """The hardware's counters, (N,) each; ``None`` in floating point."""
        return None if self.result is None else self.result.counters

    @property
    def operations(self) -> Mapping[str, NDArray[np.int64]] | None:
        """Operations by kind, (N,) each; ``None`` in floating point."""
        return None if self.result is None else self.result.operations

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(N,) whether predictions are correct.

        Raises
        ------
        InputError
            No labels were given.
        """
        if self.labels is None:
            raise InputError("accuracy needs labels: give labels, or leave x out to use the test data")
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions.

        Raises
        ------
        InputError
            No labels were given.
        """
        return float(np.mean(self.correct))

    @property
    def mismatches(self) -> int | None:
        """Differences between RTL and golden model; ``None``: not RTL."""
        return None

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Reasons to doubt the results, one line each."""
        return self.find_doubts()

    def summary(self) -> dict[str, Any]:
        """Return accuracy, cycles and operations per inference, as in ``tospike evaluate --json``."""
        summary: dict[str, Any] = {"backend": self.backend.value, "samples": len(self)}
        if self.labels is not None:
            summary["accuracy"] = self.accuracy
        if self.result is not None:
            summary["cycles"] = distribution(self.result.cycles)
            if self.back_to_back is not None:
                summary |= self.back_to_back.describe()
            summary["operations"] = mean_operations(self.result)
            summary["saturations"] = int(
                sum(values.sum() for name, values in self.result.counters.items() if name.endswith(".saturations"))
            )
        return summary

    def __len__(self) -> int:
        return len(self.predictions)

    def __repr__(self) -> str:
        accuracy = "" if self.labels is None else f", accuracy {self.accuracy:.4f}"
        cycles = "" if self.cycles is None else f", {np.mean(self.cycles):.1f} cycles each"
        return f"<{type(self).__name__} of {len(self)} samples{accuracy}{cycles}>"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Simulation(Inference):
    """Outputs of the generated Verilog in a simulator; ``counters`` and ``operations`` are the golden model's."""

    golden: Inference
    """The golden model's outputs."""
    totals: Mapping[str, int]
    """The hardware's counters after all samples, read through its registers."""
    differs: NDArray[np.bool_]
    """(N,) whether outputs or cycles of a sample differ from the golden model's."""
    differing_totals: tuple[str, ...]
    """Counters whose totals differ from the golden model's."""
    late: NDArray[np.bool_]
    """Whether outputs or departures of a sample differ when samples follow one another: see ``back_to_back``."""

    @property
    def mismatches(self) -> int:
        """Samples that differ, alone or back to back, plus totals of counters that differ."""
        return int(self.differs.sum()) + int(self.late.sum()) + len(self.differing_totals)

    @property
    def equals_golden(self) -> bool:
        """Whether all outputs, cycles and counters equal the golden model's; a difference is a bug in tospike."""
        return self.mismatches == 0

    def summary(self) -> dict[str, Any]:
        """Return the summary, with the golden model's accuracy and the number of differences."""
        golden = {} if self.labels is None else {"golden_accuracy": self.golden.accuracy}
        return {**super().summary(), **golden, "mismatches": self.mismatches}

    def __repr__(self) -> str:
        equal = "equal to" if self.equals_golden else "DIFFERENT FROM"
        return f"{super().__repr__()[:-1]}, {equal} the golden model>"


def distribution(values: Array) -> dict[str, float]:
    """Return the mean and percentiles over samples."""
    p5, p50, p95 = np.percentile(values, [5, 50, 95])
    return {"mean": float(np.mean(values)), "p5": float(p5), "p50": float(p50), "p95": float(p95)}


def mean_operations(result: Result) -> dict[str, float]:
    """Return the operations per inference."""
    return {name: float(np.mean(values)) for name, values in result.operations.items()}
