"""The accuracy of a spiking network that stops after 1, 2, ... time steps."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.datasets import DataSet
from tospike.gen.nir.importer import import_nir
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError, check_options, option, same_option
from tospike.sim.network import Array, Network
from tospike.sim.network.reference import run_float
from tospike.sim.over_time import BATCH, float_predictions, golden_predictions


class CurveBackend(StrEnum):
    """What computes the predictions over time."""

    FLOAT = "float"
    GOLDEN = "golden"


@dataclass(frozen=True, kw_only=True)
class CurveOptions:
    """Whether and how to measure the accuracy over time steps."""

    PANEL: ClassVar = "Accuracy over time steps"

    curve: Path | None = option(None, "Write the accuracy after each step as JSON")
    plot: Path | None = option(None, "Draw the accuracy over steps as SVG")
    backend: CurveBackend = option(CurveBackend.GOLDEN, "Backend that computes the predictions")
    weight_bits: int = same_option(QuantizeOptions, "weight_bits", help="Golden model: weight bits")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, kw_only=True)
class StepAccuracy:
    """Accuracies, as fractions of correct predictions."""

    backend: CurveBackend
    samples: int
    ann_accuracy: float
    """Of the ANN that was converted."""
    accuracy: list[float]
    """After each step."""


def step_accuracy(
    snn: Path,
    ann: Network,
    data: DataSet,
    backend: CurveBackend,
    *,
    options: ModelOptions,
    progress: Callable[[int], None] = lambda done: None,
) -> StepAccuracy:
    """Measure the accuracy after each step on the test part of a data set.

    Parameters
    ----------
    snn
        The network's NIR file.
    ann
        The ANN from which it was converted.
    data
        The data set, of values.
    backend
        What computes the predictions.
    options
        How to quantise the network for the golden model.
    progress
        Receives the number of samples done.

    Raises
    ------
    InputError
        No golden model runs the network.
    """
    x, y, count = data.x, data.y, len(data.x)
    predict = _predictor(snn, data, backend, options)
    correct = []
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        correct.append((predict(x[part]) == y[part, None]).sum(axis=0))
        progress(min(start + BATCH, count))
    return StepAccuracy(
        backend=backend,
        samples=count,
        ann_accuracy=float(np.mean(run_float(ann, x, trace=False).predictions == y)),
        accuracy=(np.sum(correct, axis=0) / count).tolist(),
    )


def _predictor(
    snn: Path, data: DataSet, backend: CurveBackend, options: ModelOptions
) -> Callable[[Array], NDArray[np.int64]]:
    """Return a function from samples to (N, steps) classes."""
    if backend is CurveBackend.FLOAT:
        network = import_nir(snn)
        return lambda x: float_predictions(network, x)
    prepared = prepare(snn, data, options)
    try:
        design = prepared.design
    except InputError as error:
        raise InputError(f"no golden model runs this network ({error}): give --backend float") from None
    return lambda x: golden_predictions(design, prepared.integers(x))
