"""Golden model of a whole accelerator: results, cycles, counters and operation counts of each sample."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from tospike.hw.params import (
    EncoderParams,
    EventParams,
    HostOutput,
    ImageParams,
    Readout,
    SystolicParams,
    require,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.design import Design
from tospike.sim.encoder import EncoderRun, run_encoder
from tospike.sim.event import EventRun, run_event
from tospike.sim.image import run as run_image
from tospike.sim.image_timing import frame_timing as image_timing
from tospike.sim.network import Array, Result
from tospike.sim.systolic import run as run_systolic
from tospike.sim.systolic_timing import frame_timing
from tospike.sim.timing import chain_cycles

OUTPUT_REGISTER = 1
"""Cycles from a value leaving the densifier to the host taking its beat."""
ARGMAX_COMPARE = 1
"""Cycles more until it takes the address of the largest value instead."""


def run(design: Design, x: Array) -> Result:
    """Run N samples, each alone in the pipeline.

    Parameters
    ----------
    design
        The network and the hardware that runs it.
    x
        (N, inputs) integers in the input format, or (N, steps, inputs) spikes where the host sends tokens.

    Raises
    ------
    InputError
        Samples of another shape, values that do not fit, a chain of engines that no golden model covers.
    """
    first = design.params.engines[0]
    x = x.astype(np.int64)
    result = _systolic(design, first, x) if isinstance(first, SystolicParams | ImageParams) else _spiking(design, x)
    if design.params.host_output is not HostOutput.ARGMAX:
        return result
    cycles = result.cycles + ARGMAX_COMPARE
    return replace(result, outputs=result.predictions[:, None], cycles=cycles, is_class=True)


def frame_cycles(params: SystolicParams | ImageParams) -> int:
    """Cycles of each frame through a lone engine of an ANN, see "Cycles" in ``docs/architecture.md``."""
    timing = image_timing(params) if isinstance(params, ImageParams) else frame_timing(params)
    # the first beat is taken in cycle 0; the last value is offered, and taken, as many cycles later as there are
    return params.input.addresses + int(timing.values[-1]) + OUTPUT_REGISTER + 1


def _systolic(design: Design, params: SystolicParams | ImageParams, x: Ints) -> Result:
    require(len(design.params.engines) == 1, "the golden model of a chain with a systolic engine takes that one only")
    if isinstance(params, ImageParams):
        result = run_image(params, design.network, x)
    else:
        result = run_systolic(params, design.stages_of(0), x)
    return Result(
        outputs=result.outputs,
        cycles=np.full(len(x), frame_cycles(params), dtype=np.int64),
        counters={"inputs": np.full(len(x), params.input.addresses, dtype=np.int64)}
        | {f"0.{name}": values for name, values in result.counters.items()},
        operations=result.operations,
        engine_operations=(result.operations,),
    )


def spike_trains(design: Design, x: Array) -> list[Array]:
    """What the neurons of each stage of an SNN send, (N, steps, neurons) each; ``x`` as for :func:`run`.

    Raises
    ------
    InputError
        As :func:`run`; an ANN.
    """
    require(design.network.is_spiking, f"network {design.network.name!r} is an ANN: it has no spike trains")
    return [run.spikes for run in _engines(design, x.astype(np.int64)) if isinstance(run, EventRun)]


def _engines(design: Design, x: Ints) -> list[EncoderRun | EventRun]:
    """What each engine does, in order; an encoder can only be the first."""
    trains: Array = x
    runs: list[EncoderRun | EventRun] = []
    for index, params in enumerate(design.params.engines):
        if isinstance(params, EncoderParams):
            encoder = run_encoder(params, x)
            trains = encoder.trains
            runs.append(encoder)
        else:
            assert isinstance(params, EventParams)
            stage = design.stages_of(index)[0]
            dense = stage.dense
            run_of_engine = run_event(params, dense.weight, dense.bias, trains, stage.recurrent, stage.decays)
            trains = run_of_engine.spikes
            runs.append(run_of_engine)
    return runs


def _spiking(design: Design, x: Ints) -> Result:
    runs = _engines(design, x)
    encoder = next((run for run in runs if isinstance(run, EncoderRun)), None)
    engines = [run for run in runs if isinstance(run, EventRun)]
    last = design.params.engines[-1]
    sent = np.count_nonzero(x, axis=tuple(range(1, x.ndim))).astype(np.int64)
    counted = {f"{i}.{name}": values for i, run in enumerate(runs) for name, values in run.counters.items()}
    return Result(
        outputs=engines[-1].outputs,
        cycles=chain_cycles(design.params, x, encoder, engines),
        counters={"inputs": sent} | counted,
        operations=_sum(run.operations for run in runs),
        engine_operations=tuple(run.operations for run in runs),
        trains=engines[-1].spikes if isinstance(last, EventParams) and last.readout is Readout.SPIKES else None,
    )


def _sum(parts: Iterable[Mapping[str, Ints]]) -> dict[str, Ints]:
    total: dict[str, Ints] = {}
    for part in parts:
        for name, values in part.items():
            total[name] = total[name] + values if name in total else values
    return total
