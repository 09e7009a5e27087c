"""What a sample would have given, had it ended after 1, 2, ... steps: exact outputs, cycles and counters.

::

    step            0     1     2     3 ...
    whole sample    |=====|=====|=====|=== ... === END   answer
    after 2 steps   |=====|===== END answer

A train that ends early is the beginning of the whole train, whatever code an encoder uses: it is not encoded again for
fewer steps. The answer is read out at each end, so that the result after the last step is that of the whole sample.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tospike.hw.params import (
    CochleaParams,
    Contents,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    EncoderParams,
    EngineParams,
    RegisterParams,
    SpikingParams,
)
from tospike.sim.accelerator import as_sample, engine_runs, result_of
from tospike.sim.design import Design
from tospike.sim.encoders.encoder import count_encoded
from tospike.sim.engine import EngineRun, Sample, frame
from tospike.sim.models import MODELS
from tospike.sim.network import Array
from tospike.sim.result import Result


class _Beginning(NamedTuple):
    """How an engine runs the beginning of a sample."""

    run: Callable[[Any, Design, int, Sample, EngineRun], EngineRun]
    """Function of parameters, design, index, what it receives, and its run of the whole sample."""
    states_steps: bool = False
    """Whether its parameters have the number of steps."""


def _again(params: EngineParams, design: Design, index: int, received: Sample, whole: EngineRun) -> EngineRun:
    return MODELS[type(params)].run(params, design, index, received)


def _encoded(params: EncoderParams, design: Design, index: int, received: Sample, whole: EngineRun) -> EngineRun:
    return count_encoded(params, frame(received), whole.sent[:, : params.steps])


_BEGINNINGS: Mapping[type[EngineParams], _Beginning] = {
    EncoderParams: _Beginning(_encoded, states_steps=True),
    DeltaParams: _Beginning(_again, states_steps=True),
    CochleaParams: _Beginning(_again, states_steps=True),
    DelayParams: _Beginning(_again),
    SpikingParams: _Beginning(_again),
    RegisterParams: _Beginning(_again),
    DeltaAnnParams: _Beginning(_again),
}
"""The engines that work step by step."""


def can_end_early(design: Design) -> bool:
    """Return whether every engine works step by step, so that the beginning of a sample is a sample.

    It is not for frames, nor for layers that fire in a phase of their own.
    """
    engines = design.params.engines
    return (
        all(type(engine) in _BEGINNINGS for engine in engines)
        and all(engine.takes in (Contents.TRAIN, Contents.CHANGES) for engine in engines[1:])
        and all(stage.firing is None for stage in design.network.stages)
    )


def ended_after(design: Design, x: Array, steps: Sequence[int]) -> Iterator[tuple[Design, Result]]:
    """Yield, for each number of ``steps``, the chain that takes so many, and the result.

    Outputs are values also where the hardware chooses the class.

    Parameters
    ----------
    design
        One that `can_end_early`.
    x
        Samples as for `tospike.sim.accelerator.run`.

    Raises
    ------
    InputError
        The samples have the wrong shape.
    """
    sample = as_sample(design, x)
    whole = engine_runs(design, sample)
    for count in steps:
        shorter = _shorter(design, count)
        given = sample if sample.shape[1] == 1 else sample[:, :count]
        runs = _runs(shorter, given, whole)
        yield shorter, result_of(shorter.params, given, runs)


def _shorter(design: Design, steps: int) -> Design:
    params = design.params
    changes: dict[str, Any] = {"steps": steps}
    engines = tuple(
        replace(engine, **changes) if _BEGINNINGS[type(engine)].states_steps else engine for engine in params.engines
    )
    early = None if params.decision_steps is None else steps
    events = None if params.host_events is None else replace(params.host_events, **changes)
    return replace(design, params=replace(params, engines=engines, decision_steps=early, host_events=events))


def _runs(design: Design, sample: Sample, whole: Sequence[EngineRun]) -> list[EngineRun]:
    runs: list[EngineRun] = []
    for index, params in enumerate(design.params.engines):
        received = runs[-1].sent if runs else sample
        runs.append(_BEGINNINGS[type(params)].run(params, design, index, received, whole[index]))
    return runs
