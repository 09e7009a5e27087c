"""Runs of engines that several designs of one network share, because they get the same tokens."""

import hashlib
from collections.abc import Mapping

import numpy as np

from tospike.hw.params import EngineParams
from tospike.sim.design import Design
from tospike.sim.engine import EngineModel, EngineRun, Sample

Key = tuple[EngineParams, tuple[str, ...], bytes]


class SharedRuns:
    """Remember what each engine computed, by its parameters, the names of its stages, and what it received.

    The designs have the same integers in stages of the same name that run on an engine of the same parameters, as the
    placements of an exact pair have.
    """

    def __init__(self) -> None:
        self._runs: dict[Key, EngineRun] = {}

    def run(
        self, models: Mapping[type[EngineParams], EngineModel], design: Design, index: int, received: Sample
    ) -> EngineRun:
        """Return what engine ``index`` of a design computes from ``received``."""
        params = design.params.engines[index]
        key = params, tuple(stage.name for stage in design.stages_of(index)), _digest(received)
        if key not in self._runs:
            self._runs[key] = models[type(params)].run(params, design, index, received)
        return self._runs[key]


def _digest(received: Sample) -> bytes:
    """Return a digest of the tokens of samples."""
    about = f"{received.shape} {received.dtype}".encode()
    return hashlib.blake2b(np.ascontiguousarray(received).data, key=hashlib.md5(about).digest()).digest()
