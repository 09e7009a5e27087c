"""Golden model of a whole accelerator: results, cycles, counters and operation counts of each sample."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tospike.hw.params import (
    AWAKE,
    AcceleratorParams,
    BeatFormat,
    Contents,
    EngineParams,
    HostInput,
    HostOutput,
    require,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.counting import count_nonzero
from tospike.sim.cycles.chain import chain_times
from tospike.sim.design import Design
from tospike.sim.encoders.delay import delayed
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.models import MODELS
from tospike.sim.network import Array
from tospike.sim.network.output_order import as_network
from tospike.sim.result import Result
from tospike.sim.shared_runs import SharedRuns
from tospike.sim.spiking.arrays import arriving_image
from tospike.sim.spiking.golden import EventRun
from tospike.sim.spiking.window import chain_order, network_order

BATCH_SPIKES = 1 << 29
"""Payloads on all links together that are computed at a time: bounds memory."""


Traces = dict[tuple[int, object, int], tuple[EngineParams, EngineRun]]
"""What engines computed, with their parameters: by the first sample of the batch, by golden model and by the stages of
the network up to and with theirs."""


def run(design: Design, x: Array, traces: Traces | None = None, shared: SharedRuns | None = None) -> Result:
    """Run N samples, each alone in the pipeline.

    Parameters
    ----------
    design
        The network and the hardware that runs it.
    x
        (N, inputs) integers in the input format; (N, steps, inputs) spikes if the host sends tokens or events, or
        integers if the first engine takes a frame per step or the design is a delta ANN.
    traces
        What designs of the same quantised network computed for the same samples, empty at first: engines that differ in
        their size only are counted and timed with it, instead of computing the same again.
    shared
        Runs of single engines in designs of the same network, empty at first; in place of ``traces``.

    Raises
    ------
    InputError
        The samples have the wrong shape, or a value is out of range.
    """
    sample = as_sample(design, x)
    steps = max(sample.shape[1], design.network.input.steps)
    sent = steps * sum(engine.output.addresses for engine in design.params.engines)
    size = max(1, BATCH_SPIKES // sent)
    starts = range(0, len(x), size)
    result = _join([_run_batch(design, sample[start : start + size], start, traces, shared) for start in starts])
    return decided(design.params, result)


def as_sample(design: Design, x: Array) -> Sample:
    """Return the (N, steps, inputs) payloads that the host sends."""
    takes = design.params.engines[0].takes
    wanted = 2 if takes in (Contents.FRAME, Contents.SPARSE_FRAME, Contents.BEATS) else 3
    inputs = design.params.input.addresses
    require(
        x.ndim == wanted and x.shape[-1] == inputs,
        f"the samples must have shape (N, {'' if wanted == 2 else 'steps, '}{inputs}), not {x.shape}",
    )
    if design.params.unused_inputs:
        x = x.copy()
        x[..., list(design.params.unused_inputs)] = 0
    return x[:, None] if wanted == 2 else x


def engine_runs(
    design: Design,
    sample: Sample,
    start: int = 0,
    traces: Traces | None = None,
    shared: SharedRuns | None = None,
) -> list[EngineRun]:
    """Run the engines one after another, each on what the one before it sends; for the last two see `run`."""
    runs: list[EngineRun] = []
    for index, params in enumerate(design.params.engines):
        received, model = runs[-1].sent if runs else sample, MODELS[type(params)]
        if shared is not None:
            runs.append(shared.run(MODELS, design, index, received))
            continue
        key = (start, model.run, sum(design.stage_counts[: index + 1]))
        found = _traced(params, received, key, traces or {})
        runs.append(model.run(params, design, index, received) if found is None else found)
        if traces is not None:
            traces[key] = params, runs[-1]
    return runs


def _traced(params: EngineParams, received: Sample, key: tuple[int, object, int], traces: Traces) -> EngineRun | None:
    """Return the run of an engine, if a trace tells it."""
    if key not in traces:
        return None
    other, traced = traces[key]
    if other == params:
        return traced
    recount = MODELS[type(params)].recount
    if recount is None or len(traced.sent) != len(received):
        return None
    return recount(params, received, traced)


def _run_batch(design: Design, sample: Sample, start: int, traces: Traces | None, shared: SharedRuns | None) -> Result:
    return result_of(design.params, sample, engine_runs(design, sample, start, traces, shared))


def result_of(params: AcceleratorParams, sample: Sample, runs: Sequence[EngineRun]) -> Result:
    """Return outputs, cycles and counts of a chain whose engines have run; outputs are values, never the class alone.

    Parameters
    ----------
    sample
        (N, steps, inputs) payloads that the host sends.
    runs
        The run of each engine, in order.
    """
    sent = as_network(params, runs[-1].sent)
    operations = tuple(run.operations for run in runs)
    times = chain_times(params, sample, runs)
    counted = {f"{i}.{name}": values for i, run in enumerate(runs) for name, values in run.counters.items()}
    counted |= {f"{i}.{AWAKE}": values for i, values in times.awake.items()}
    sends_spikes = params.engines[-1].sends is Contents.TRAIN
    return Result(
        outputs=sent.sum(axis=1, dtype=np.int64),
        cycles=times.cycles,
        counters={"inputs": _inputs(params, sample)} | counted,
        operations=_sum(operations),
        engine_operations=operations,
        trains=sent if sends_spikes else None,
    )


def _inputs(params: AcceleratorParams, sample: Sample) -> Ints:
    """Return (N,): the VALUEs, or beats, that the host port sends to the first engine."""
    if isinstance(params.input, BeatFormat):
        return np.full(len(sample), params.input.beats, dtype=np.int64)
    if params.host_input is HostInput.DENSE and params.engines[0].takes is not Contents.SPARSE_FRAME:
        return np.full(len(sample), sample.shape[1] * sample.shape[2], dtype=np.int64)
    return count_nonzero(sample)


def decided(params: AcceleratorParams, result: Result) -> Result:
    """Return a result with the class in place of the outputs, if the hardware sends nothing else."""
    match params.host_output:
        case HostOutput.FIRST_SPIKE:
            assert result.trains is not None  # the last engine sends spikes
            classes = first_spikes(result.trains)
        case HostOutput.EARLY | HostOutput.ARGMAX:
            classes = result.predictions
        case _:
            return result
    return replace(result, outputs=classes[:, None], is_class=True)


def first_spikes(trains: Array) -> Ints:
    """Return (N,): the neuron of (N, steps, neurons) ``trains`` that spikes first, the lowest one if several spike in
    that step, 0 if none ever does."""
    return np.argmax(trains.reshape(len(trains), -1) != 0, axis=1) % trains.shape[2]


def spike_trains(design: Design, x: Array) -> list[Array]:
    """Return the (N, steps, neurons) spikes of each spiking stage; ``x`` as for :func:`run`.

    The neurons of an image are in the network's order, channel by channel.

    Raises
    ------
    InputError
        The network is an ANN; or as :func:`run`.
    """
    require(design.network.is_spiking, f"network {design.network.name!r} is an ANN: it has no spike trains")
    runs = zip(design.params.engines, engine_runs(design, as_sample(design, x)), strict=True)
    return [_network_spikes(params, run.spikes) for params, run in runs if isinstance(run, EventRun)]


def stage_spikes(design: Design, stage: int, trains: Array) -> Array:
    """Return the spikes of one stage of an SNN, given the (N, steps, inputs) ``trains`` of the stage before it.

    Both are in the network's order.
    """
    engine, delays = design.engine_of(stage), design.network.stages[stage].delays
    trains = trains if delays is None else delayed(trains, delays)
    shape = arriving_image(design, engine)
    params = design.params.engines[engine]
    run = MODELS[type(params)].run(
        params, design, engine, trains if shape is None else trains[:, :, chain_order(shape)]
    )
    assert isinstance(run, EventRun)  # a spiking stage
    return _network_spikes(params, run.spikes)


def _network_spikes(params: EngineParams, spikes: Array) -> Array:
    """Reorder the spikes of an image from position by position to channel by channel."""
    return spikes if params.sent_image is None else spikes[:, :, network_order(params.sent_image)]


def _join(parts: Sequence[Result]) -> Result:
    """Concatenate the results of batches."""
    if len(parts) == 1:
        return parts[0]
    trains = [part.trains for part in parts if part.trains is not None]
    engines = zip(*(part.engine_operations for part in parts), strict=True)
    return Result(
        outputs=np.concatenate([part.outputs for part in parts]),
        cycles=np.concatenate([part.cycles for part in parts]),
        counters=_append([part.counters for part in parts]),
        operations=_append([part.operations for part in parts]),
        engine_operations=tuple(_append(operations) for operations in engines),
        trains=np.concatenate(trains) if trains else None,
    )


def _append(parts: Sequence[Mapping[str, Ints]]) -> dict[str, Ints]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sum(parts: Iterable[Mapping[str, Ints]]) -> dict[str, Ints]:
    total: dict[str, Ints] = {}
    for part in parts:
        for name, values in part.items():
            total[name] = total[name] + values if name in total else values
    return total
