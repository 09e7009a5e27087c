"""Exact departures of samples that follow one another without a gap."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from tospike.hw.params import AcceleratorParams, Contents
from tospike.sim.accelerator import as_sample, engine_runs
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.links import CompiledLink
from tospike.sim.cycles.array import ArrayStallError
from tospike.sim.cycles.chain import answered, chain_links
from tospike.sim.cycles.host import send
from tospike.sim.cycles.link import follow
from tospike.sim.design import Design
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.models import MODELS
from tospike.sim.network import Array

STREAM = 32
"""Samples of a stream: enough to fill the pipeline, and to average over the data."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BackToBack:
    """When the answers of samples back to back leave."""

    departures: Ints
    """(samples,) cycles from the first beat of the first sample, which is in cycle 0, to the cycle after that in which
    the last beat of each answer leaves: that of the first sample is the latency of a lone one."""

    @property
    def interval(self) -> float:
        """Mean cycles between two answers in the second half of the stream, when the pipeline is full; of a lone
        sample, its latency."""
        left = self.departures.tolist()
        if len(left) == 1:
            return float(left[0])
        half = (len(left) - 1) // 2
        return (left[-1] - left[half]) / (len(left) - 1 - half)

    def describe(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        stream = {"samples": len(self.departures), "cycles": int(self.departures[-1])}
        return {"interval": self.interval, "back_to_back": stream}


def back_to_back(design: Design, x: Array) -> BackToBack | None:
    """Run the first `STREAM` samples back to back, in order; ``x`` as for `tospike.sim.accelerator.run`.

    Return ``None`` if the engine downstream stalls an array: when the array then goes on is not known.

    Raises
    ------
    InputError
        The samples have the wrong shape.
    """
    try:
        return BackToBack(departures=departures(design, x[:STREAM]))
    except ArrayStallError:
        return None


def departures(design: Design, x: Array) -> Ints:
    """Return (N,): when each of N samples back to back leaves; the host offers and takes a beat in every cycle.

    Raises
    ------
    InputError
        The samples have the wrong shape; or, as a `ArrayStallError`, the engine downstream stalls an array.
    """
    if not depends_on_data(design.params):
        return fixed_departures(design.params, len(x))
    sample = as_sample(design, x)
    return _chained(design.params, sample, engine_runs(design, sample))


def depends_on_data(params: AcceleratorParams) -> bool:
    """Return whether the timing depends on what a sample contains."""
    return any(
        engine.takes is not Contents.BEATS and MODELS[type(engine)].frame_cycles is None for engine in params.engines
    )


def interval(params: AcceleratorParams) -> float:
    """Return the cycles between two answers of a long stream of samples, for engines whose timing no data change."""
    return BackToBack(departures=fixed_departures(params, STREAM)).interval


def fixed_departures(params: AcceleratorParams, samples: int) -> Ints:
    """Return :func:`departures` for engines whose timing no data change."""
    # tokens, or beats, and their timing are the same whatever they carry
    sample = np.zeros((1, 1, params.input.addresses), dtype=np.int64)
    runs = [
        EngineRun(sent=np.zeros((1, 1, engine.output.addresses), dtype=np.int64), counters={}, operations={})
        for engine in params.engines
    ]
    chain = chain_links(params, sample, runs)
    left = np.empty(samples, dtype=np.int64)
    before = None
    for number in range(samples):
        before = send(params, sample, chain.first, before)
        left[number] = answered(params, chain.sink)[0]
    return left


def _chained(params: AcceleratorParams, sample: Sample, runs: Sequence[EngineRun]) -> Ints:
    """Return the departures of samples, each through the links that the one before has left."""
    chain = chain_links(params, sample, runs)
    if isinstance(chain.first, CompiledLink):
        chain.first.send(params, sample, follows=True)
        return answered(params, chain.sink)
    left = np.empty(len(sample), dtype=np.int64)
    last, before = None, None
    for number in range(len(sample)):
        one = [_only(run, number) for run in runs]
        chain = chain_links(params, sample[number : number + 1], one, compiles=False)
        if last is not None:
            follow(chain.first, last)
        before, last = send(params, sample[number : number + 1], chain.first, before), chain.first
        left[number] = answered(params, chain.sink)[0]
    return left


def _only(run: Any, number: int) -> Any:
    """Return the results of one sample."""
    values = {field.name: getattr(run, field.name) for field in fields(run)}
    own = {name: value[number : number + 1] for name, value in values.items() if isinstance(value, np.ndarray)}
    return replace(
        run, **own, **{name: _only(each, number) for name, each in values.items() if isinstance(each, EngineRun)}
    )
