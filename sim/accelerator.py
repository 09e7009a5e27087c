"""Golden model of a whole accelerator: results, cycles, counters and operation counts of each sample."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tospike.hw.params import (
    DelayParams,
    DeltaParams,
    EncoderParams,
    EventParams,
    HostOutput,
    ImageParams,
    Readout,
    SystolicParams,
    require,
)
from tospike.sim.activations import run_frames
from tospike.sim.arithmetic import Ints
from tospike.sim.delay import DelayRun, delayed, run_delay
from tospike.sim.delta_ann import DeltaLayerRun, run_delta_layer
from tospike.sim.delta_ann_timing import delta_ann_cycles
from tospike.sim.design import Design
from tospike.sim.encoder import EncoderRun, run_delta, run_encoder
from tospike.sim.engine_arrays import arriving_image, engine_arrays, engine_delays
from tospike.sim.event import EventRun, run_event
from tospike.sim.frame_timing import frame_chain_cycles
from tospike.sim.image import run as run_image
from tospike.sim.image_timing import frame_timing as image_timing
from tospike.sim.network import Array, Requantize, Result
from tospike.sim.output_order import as_network
from tospike.sim.systolic import run as run_systolic
from tospike.sim.systolic_timing import frame_timing
from tospike.sim.timing import chain_cycles
from tospike.sim.window import chain_order, network_order

OUTPUT_REGISTER = 1
"""Cycles from a value leaving the densifier to the host taking its beat."""
ARGMAX_COMPARE = 1
"""Cycles more until it takes the address of the largest value instead."""
BATCH_SPIKES = 1 << 29
"""Payloads that spike trains may hold at a time: bounds memory."""


def run(design: Design, x: Array) -> Result:
    """Run N samples, each alone in the pipeline.

    Parameters
    ----------
    design
        The network and the hardware that runs it.
    x
        (N, inputs) integers in the input format; (N, steps, inputs) spikes where the host sends tokens or events, or
        integers where an engine takes a frame for each step, or a delta ANN several frames.

    Raises
    ------
    InputError
        Samples of another shape, values that do not fit, a chain of engines that no golden model covers.
    """
    first = design.params.engines[0]
    if isinstance(first, SystolicParams | ImageParams):
        result = _systolic(design, first, x.astype(np.int64))
    elif design.params.is_event_ann:
        result = _frames(design, x.astype(np.int64))
    elif design.params.is_delta_ann:
        result = _delta(design, x.astype(np.int64))
    else:
        x = _without_unread(design, x)
        steps = design.network.input.steps
        sent = steps * sum(params.output.addresses for params in design.params.engines)
        size = max(1, BATCH_SPIKES // sent)
        result = _join([_spiking(design, x[start : start + size]) for start in range(0, len(x), size)])
    if design.params.host_output is HostOutput.FIRST_SPIKE:
        assert result.trains is not None  # the last engine sends spikes
        return replace(result, outputs=first_spikes(result.trains)[:, None], is_class=True)
    if design.params.host_output is HostOutput.EARLY:
        assert result.trains is not None  # the same
        counts = result.trains.sum(axis=1, dtype=np.int64)
        return replace(result, outputs=np.argmax(counts, axis=1)[:, None], is_class=True)
    if design.params.host_output is not HostOutput.ARGMAX:
        return result
    cycles = result.cycles + ARGMAX_COMPARE
    return replace(result, outputs=result.predictions[:, None], cycles=cycles, is_class=True)


def _without_unread(design: Design, x: Array) -> Array:
    """Samples as the encoder gets them."""
    if not design.params.unread:
        return x
    x = x.copy()
    x[:, list(design.params.unread)] = 0
    return x


def first_spikes(trains: Array) -> Ints:
    """(N,) neurons that spike first in (N, steps, neurons), of several in a step the lowest; 0 where none spikes."""
    return np.argmax(trains.reshape(len(trains), -1) != 0, axis=1) % trains.shape[2]


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


def _frames(design: Design, x: Ints) -> Result:
    values, runs = x, []
    for index, params in enumerate(design.params.engines):
        assert isinstance(params, EventParams)  # all engines of such a chain are
        arrays = engine_arrays(design, index)
        runs.append(run_frames(params, arrays.weight, arrays.bias, _multipliers(design, index), values))
        values = runs[-1].sent
    operations = tuple(run.event.operations for run in runs)
    counted = {f"{i}.{name}": counts for i, run in enumerate(runs) for name, counts in run.event.counters.items()}
    return Result(
        outputs=values,
        cycles=frame_chain_cycles(design.params, x, runs),
        counters={"inputs": np.count_nonzero(x, axis=1).astype(np.int64)} | counted,
        operations=_sum(operations),
        engine_operations=operations,
    )


def _multipliers(design: Design, engine: int) -> Ints | None:
    neuron = design.stages_of(engine)[0].neuron
    return neuron.multiplier if isinstance(neuron, Requantize) else None


def _delta(design: Design, x: Ints) -> Result:
    encoder, *engines = design.params.engines
    assert isinstance(encoder, DeltaParams)  # such a chain begins with one
    first = run_delta(encoder, x)
    runs: list[DeltaLayerRun] = []
    sent = changes = first.trains.astype(np.int64)
    act = encoder.payload
    for index, params in enumerate(engines, start=1):
        assert isinstance(params, EventParams)  # all others are
        arrays = engine_arrays(design, index)
        runs.append(run_delta_layer(params, act, arrays.weight, arrays.bias, _multipliers(design, index), changes))
        if params.activation is not None and runs[-1].changes is not None:
            changes, act = runs[-1].changes, params.activation.act
    parts: list[EncoderRun | EventRun] = [first, *(run.event for run in runs)]
    operations = tuple(part.operations for part in parts)
    counted = {f"{i}.{name}": counts for i, part in enumerate(parts) for name, counts in part.counters.items()}
    return Result(
        outputs=runs[-1].event.outputs,
        cycles=delta_ann_cycles(design.params, sent, runs),
        counters={"inputs": np.full(len(x), x[0].size, dtype=np.int64)} | counted,
        operations=_sum(operations),
        engine_operations=operations,
    )


def spike_trains(design: Design, x: Array) -> list[Array]:
    """What the neurons of each stage of an SNN send, (N, steps, neurons) each; ``x`` as for :func:`run`.

    Those of an image go channel by channel, as in the network.

    Raises
    ------
    InputError
        As :func:`run`; an ANN.
    """
    require(design.network.is_spiking, f"network {design.network.name!r} is an ANN: it has no spike trains")
    runs = zip(design.params.engines, _engines(design, x), strict=True)
    return [
        _network_spikes(params, run)
        for params, run in runs
        if isinstance(params, EventParams) and isinstance(run, EventRun)
    ]


def stage_spikes(design: Design, stage: int, trains: Array) -> Array:
    """What a stage of an SNN sends for (N, steps, inputs) ``trains`` of the stage before; both as in the network."""
    engine, delays = design.engine_of(stage), design.network.stages[stage].delays
    trains = trains if delays is None else delayed(trains, delays)
    shape = arriving_image(design, engine)
    run = _run_engine(design, engine, trains if shape is None else trains[:, :, chain_order(shape)])
    params = design.params.engines[engine]
    assert isinstance(params, EventParams)
    return _network_spikes(params, run)


def _network_spikes(params: EventParams, run: EventRun) -> Array:
    """Spikes of an image go channel by channel in the network."""
    window = params.window
    return run.spikes if window is None else run.spikes[:, :, network_order((window.channels, *window.size))]


def _run_engine(design: Design, engine: int, trains: Array) -> EventRun:
    params = design.params.engines[engine]
    assert isinstance(params, EventParams)
    arrays = engine_arrays(design, engine)
    return run_event(params, arrays.weight, arrays.bias, trains, arrays.recurrent, arrays.decays)


def _engines(design: Design, x: Array) -> list[EncoderRun | DelayRun | EventRun]:
    """What each engine does, in order; an encoder can only be the first."""
    trains: Array = x
    runs: list[EncoderRun | DelayRun | EventRun] = []
    for index, params in enumerate(design.params.engines):
        if isinstance(params, EncoderParams | DeltaParams):
            encoder = run_delta(params, x) if isinstance(params, DeltaParams) else run_encoder(params, x)
            trains = encoder.trains
            runs.append(encoder)
        elif isinstance(params, DelayParams):
            delay = run_delay(params, engine_delays(design, index), trains)
            trains = delay.trains
            runs.append(delay)
        else:
            run_of_engine = _run_engine(design, index, trains)
            trains = run_of_engine.spikes
            runs.append(run_of_engine)
    return runs


def _spiking(design: Design, x: Array) -> Result:
    runs = _engines(design, x)
    encoder = next((run for run in runs if isinstance(run, EncoderRun)), None)
    engines = [run for run in runs if not isinstance(run, EncoderRun)]
    answer = engines[-1]
    assert isinstance(answer, EventRun)
    last = design.params.engines[-1]
    sends_spikes = isinstance(last, EventParams) and last.readout is Readout.SPIKES
    wants_zeros = isinstance(design.params.engines[0], DeltaParams)
    sent = np.count_nonzero(np.ones_like(x) if wants_zeros else x, axis=tuple(range(1, x.ndim))).astype(np.int64)
    counted = {f"{i}.{name}": values for i, run in enumerate(runs) for name, values in run.counters.items()}
    return Result(
        outputs=as_network(design.params, answer.outputs),
        cycles=chain_cycles(design.params, x, encoder, engines),
        counters={"inputs": sent} | counted,
        operations=_sum(run.operations for run in runs),
        engine_operations=tuple(run.operations for run in runs),
        trains=as_network(design.params, answer.spikes) if sends_spikes else None,
    )


def _join(parts: Sequence[Result]) -> Result:
    """The results of all samples."""
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
