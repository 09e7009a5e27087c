"""Exact cycles of single time steps, or frames, of a sample whose inputs come in real time."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import Contents, require
from tospike.sim.accelerator import as_sample, engine_runs
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.chain import chain_cycles
from tospike.sim.design import Design
from tospike.sim.engine import EngineRun
from tospike.sim.network import Array


def step_cycles(design: Design, x: Array) -> Ints:
    """Return (steps,): from the first input of each step to its answer, if all work of the step before is done.

    What a step costs depends on the states that the steps before it have left, which are those of the whole sample.
    Each is timed as a sample of its own: the events of the step, and an END that reads the answer at once. As answers
    by count, those at the end of the sample are sent.

    Parameters
    ----------
    x
        (1, steps, inputs) spikes, or with a delta encoder frames, as for `tospike.sim.accelerator.run`.

    Raises
    ------
    InputError
        The samples have the wrong shape, are more than one, or the first engine takes no steps.
    """
    require(
        design.params.engines[0].takes in (Contents.TRAIN, Contents.FRAMES),
        f"network {design.network.name!r} takes a sample as a whole: it has no steps",
    )
    sample = as_sample(design, x)
    require(len(sample) == 1, f"steps are those of one sample, not of {len(sample)}")
    steps = sample.shape[1]
    runs = [_apart(run, steps) for run in engine_runs(design, sample)]
    return chain_cycles(design.params, _as_samples(sample, steps), runs)


def _apart(run: EngineRun, steps: int) -> EngineRun:
    """Return the run of one sample as that of its steps, each a sample."""
    values: dict[str, Any] = {field.name: getattr(run, field.name) for field in fields(run)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    of_steps: dict[str, Any] = {name: _as_samples(value, steps) for name, value in arrays.items()}
    return replace(run, **of_steps)


def _as_samples(values: NDArray[Any], steps: int) -> NDArray[Any]:
    """Return (steps, 1, ...) of (1, steps, ...); what is one for the whole sample is that of every step."""
    if values.ndim > 2 and values.shape[1] == steps:
        return values.swapaxes(0, 1)
    return np.repeat(values, steps, axis=0)
