"""How accurate a spiking network is if it stops after 1, 2, ... time steps."""

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
    """What computes the answers over time."""

    FLOAT = "float"
    GOLDEN = "golden"


@dataclass(frozen=True, kw_only=True)
class CurveOptions:
    """Whether the accuracy over time steps is measured, and how."""

    PANEL: ClassVar = "Accuracy over time steps"

    curve: Path | None = option(None, "Write the accuracy after each step as JSON")
    plot: Path | None = option(None, "Draw it as SVG")
    backend: CurveBackend = option(CurveBackend.GOLDEN, "Backend that computes it")
    weight_bits: int = same_option(QuantizeOptions, "weight_bits", help="Golden model: weight bits")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, kw_only=True)
class StepAccuracy:
    """Fractions of right answers."""

    backend: CurveBackend
    samples: int
    ann_accuracy: float
    """Of the ANN that the network was made of."""
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
    """Measure it on the test part of a data set.

    Parameters
    ----------
    snn
        The network's NIR file.
    ann
        The ANN that it was made of.
    data
        The data set, of values.
    backend
        What computes the answers.
    options
        How the golden model's network is quantised.
    progress
        Gets the number of samples that are done.

    Raises
    ------
    InputError
        No golden model runs the network.
    """
    x, y, count = data.x, data.y, len(data.x)
    predict = _predictor(snn, data, backend, options)
    right = []
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        right.append((predict(x[part]) == y[part, None]).sum(axis=0))
        progress(min(start + BATCH, count))
    return StepAccuracy(
        backend=backend,
        samples=count,
        ann_accuracy=float(np.mean(run_float(ann, x, trace=False).predictions == y)),
        accuracy=(np.sum(right, axis=0) / count).tolist(),
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
