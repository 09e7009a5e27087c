"""What a network or a design answers, and what that took."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.data_source import checked_labels, samples_like
from tospike.gen.data.datasets import DataSet, Samples
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden
from tospike.sim.network import Network as ImportedNetwork
from tospike.sim.network.reference import run_float
from tospike.sim.result import Result
from tospike.tb.evaluate import simulate

Labels = NDArray[np.int64] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Inference:
    """Answers to N samples."""

    predictions: NDArray[np.int64]
    """(N,) classes."""
    outputs: NDArray[Any]
    """(N, outputs): logits, spike counts or membranes; integers, unless in floating point."""
    labels: Labels = None
    """(N,) right classes; ``None``: not given."""
    cycles: NDArray[np.int64] | None = None
    """(N,) clock cycles of each sample alone in the pipeline; ``None`` in floating point."""
    counters: Mapping[str, NDArray[np.int64]] | None = None
    """What the hardware's counters count, (N,) each; ``None`` in floating point."""
    operations: Mapping[str, NDArray[np.int64]] | None = None
    """Operations by kind, (N,) each; ``None`` in floating point."""

    @property
    def accuracy(self) -> float:
        """Fraction of right answers.

        Raises
        ------
        InputError
            No labels were given.
        """
        if self.labels is None:
            raise InputError("there is no accuracy without labels: give labels, or leave x out for the test data")
        return float(np.mean(self.predictions == self.labels))

    def __len__(self) -> int:
        return len(self.predictions)

    def __repr__(self) -> str:
        accuracy = "" if self.labels is None else f", accuracy {self.accuracy:.4f}"
        cycles = "" if self.cycles is None else f", {np.mean(self.cycles):.1f} cycles each"
        return f"<{type(self).__name__} of {len(self)} samples{accuracy}{cycles}>"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Simulation(Inference):
    """The same from the generated Verilog in a simulator; ``counters`` and ``operations`` are the golden model's."""

    golden: Inference
    """The golden model's answers."""
    totals: Mapping[str, int]
    """The hardware's counters after all samples, as read through its registers."""
    differs: NDArray[np.bool_]
    """(N,) whether outputs or cycles of a sample are not the golden model's."""
    differing_totals: tuple[str, ...]
    """Counters whose totals are not the golden model's."""

    @property
    def equals_golden(self) -> bool:
        """Whether all outputs, cycles and counters are the golden model's; anything else is a bug in tospike."""
        return not self.differs.any() and not self.differing_totals

    def __repr__(self) -> str:
        equal = "equal to" if self.equals_golden else "DIFFERENT FROM"
        return f"{super().__repr__()[:-1]}, {equal} the golden model>"


def _chosen(data: DataSet, x: ArrayLike | None, labels: ArrayLike | None, outputs: int) -> tuple[Samples, Labels]:
    """The samples and labels that were given, or the test part of the data."""
    if x is None:
        if labels is not None:
            raise InputError("labels belong to x: give both, or neither for the test data")
        return data.x, data.y
    samples = samples_like(data, x)
    return samples, None if labels is None else checked_labels(labels, len(samples), outputs)


def float_inference(
    network: ImportedNetwork, data: DataSet, x: ArrayLike | None, labels: ArrayLike | None
) -> Inference:
    """The answers of a network in floating point."""
    samples, y = _chosen(data, x, labels, network.outputs)
    run = run_float(network, samples, trace=False)
    return Inference(predictions=run.predictions, outputs=run.outputs, labels=y)


def golden_inference(prepared: Prepared, data: DataSet, x: ArrayLike | None, labels: ArrayLike | None) -> Inference:
    """The answers of the golden model."""
    samples, y = _chosen(data, x, labels, prepared.network.outputs)
    return _inference(golden.run(prepared.design, prepared.integers(samples)), y)


def simulation(
    prepared: Prepared,
    data: DataSet,
    x: ArrayLike | None,
    labels: ArrayLike | None,
    *,
    simulator: str,
    cache: Cache | None = None,
) -> Simulation:
    """The answers of the generated Verilog."""
    samples, y = _chosen(data, x, labels, prepared.network.outputs)
    integers = prepared.integers(samples)
    expected = golden.run(prepared.design, integers)
    got = simulate(prepared.design, integers, expected, simulator=simulator, cache=cache)
    return Simulation(
        predictions=got.predictions,
        outputs=got.replay.outputs,
        labels=y,
        cycles=got.replay.cycles,
        counters=expected.counters,
        operations=expected.operations,
        golden=_inference(expected, y),
        totals=got.replay.counters,
        differs=got.differs,
        differing_totals=got.differing_totals,
    )


def _inference(result: Result, labels: Labels) -> Inference:
    return Inference(
        predictions=result.predictions,
        outputs=result.outputs,
        labels=labels,
        cycles=result.cycles,
        counters=result.counters,
        operations=result.operations,
    )
