"""Run a network of a study again with other options, by the golden model and its counters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import Technology
from tospike.compare.report.design import Kind
from tospike.compare.study.layers import ann_bits
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.hw.params import AcceleratorParams, InputError
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

SAMPLES = 500
"""Test samples per trial: the first ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Results of a design on N samples."""

    correct: NDArray[np.bool_]
    """(N,) whether predictions are correct."""
    pj: NDArray[np.float64]
    """(N,) energy by the hardware's counters."""

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.mean(self.correct))

    @property
    def mean_pj(self) -> float:
        """Mean energy in pJ."""
        return float(np.mean(self.pj))


class Trials:
    """Runs trials of both networks of a study, and caches them.

    Parameters
    ----------
    prepared
        Both networks as given, by kind.
    paths
        Their files, by kind.
    data
        The data set.
    options
        The options that trials change, by kind.
    technology
        Prices of the counters.
    """

    def __init__(
        self,
        prepared: Mapping[Kind, Prepared],
        paths: Mapping[Kind, Path],
        data: DataSet,
        options: Mapping[Kind, ModelOptions],
        technology: Technology,
    ):
        self.prepared = prepared
        self._paths = paths
        self._data = data
        self._options = options
        self._technology = technology
        self._done: dict[tuple[Kind, frozenset[tuple[str, Any]]], Trial | None] = {}

    def run(self, kind: Kind, given: Mapping[str, Any]) -> Trial | None:
        """Run the network of a kind with the options ``given``, by their names in `ModelOptions`.

        Returns ``None`` if it cannot be built with these options, or if its trained quantisers are wider.
        """
        key = (kind, frozenset(given.items()))
        if key not in self._done:
            self._done[key] = self._run(kind, given)
        return self._done[key]

    def _run(self, kind: Kind, given: Mapping[str, Any]) -> Trial | None:
        try:
            changed = self.prepared[kind]
            if given:
                changed = prepare(self._paths[kind], self._data, self._options[kind].but(**given))
            params = changed.design.params
        except InputError:
            return None
        if kind == "ann" and not is_narrow(params, given):
            return None
        evaluation = evaluate(changed, self._data, Backend.GOLDEN, samples=min(SAMPLES, len(self._data.x)))
        result = evaluation.result
        assert result is not None  # not a float evaluation
        energy = counter_energy(self._technology, params, result.counters, result.cycles)
        return Trial(correct=evaluation.correct, pj=energy.total)


def is_narrow(params: AcceleratorParams, given: Mapping[str, Any]) -> bool:
    """Return whether the hardware's numbers are as narrow as requested."""
    weight_bits, act_bits = ann_bits(params)
    return weight_bits <= max(2, given.get("weight_bits", weight_bits)) and act_bits <= given.get("act_bits", act_bits)
