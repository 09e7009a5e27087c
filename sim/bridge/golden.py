"""Golden models of the bridges between values and spikes."""

from collections.abc import Callable, Mapping

import numpy as np

from tospike.hw.params import Contents, FrameBufferParams, SpikeCode, SpikeCountParams, ValueSpikesParams
from tospike.hw.params.engines.bridge import BridgeParams
from tospike.sim.arithmetic import Ints
from tospike.sim.engine import EngineRun, Sample, frame


def run_value_spikes(params: ValueSpikesParams, frames: Sample) -> EngineRun:
    """Send (N, 1, inputs) values as spikes."""
    values = _transposed(params, _saturated(params, frame(frames)))
    sent = np.zeros((len(values), params.steps, params.inputs), dtype=np.int64)
    for step in range(params.scans):
        sent[:, step] = CODES[params.code](values, step, params.levels or 0)
    return _run(params, sent, received=frames)


def run_spike_count(params: SpikeCountParams, trains: Sample) -> EngineRun:
    """Sum (N, T, inputs) spikes over the steps, saturating after each."""
    counts = np.zeros((len(trains), params.inputs), dtype=np.int64)
    for step in range(trains.shape[1]):
        counts = _saturated(params, counts + trains[:, step].astype(np.int64))
    return _run(params, _transposed(params, counts)[:, None], received=trains)


def run_frame_buffer(params: FrameBufferParams, frames: Sample) -> EngineRun:
    """Send (N, 1, inputs) values again, with their zeros or without."""
    return _run(params, _transposed(params, _saturated(params, frame(frames)))[:, None], received=frames)


def _direct(values: Ints, step: int, levels: int) -> Ints:
    return values


def _packed(values: Ints, step: int, levels: int) -> Ints:
    return (values > step).astype(np.int64)


def _even(values: Ints, step: int, levels: int) -> Ints:
    return values * (step + 1) // levels - values * step // levels


CODES: Mapping[SpikeCode, Callable[[Ints, int, int], Ints]] = {
    SpikeCode.DIRECT: _direct,
    SpikeCode.ONCE: _direct,
    SpikeCode.PACKED: _packed,
    SpikeCode.EVEN: _even,
}
"""What (N, inputs) values send in a step that has spikes, given the number of levels."""


def _saturated(params: BridgeParams, values: Ints) -> Ints:
    return np.clip(values, params.stored.min, params.stored.max if params.levels is None else params.levels)


def _transposed(params: BridgeParams, values: Ints) -> Ints:
    """Return (N, inputs) values in the order in which they are sent."""
    if params.transpose is None:
        return values
    return values.reshape(-1, *params.transpose).swapaxes(1, 2).reshape(len(values), -1)


def _run(params: BridgeParams, sent: Ints, *, received: Sample) -> EngineRun:
    ones = np.ones(len(sent), dtype=np.int64)
    whole = params.inputs * ones
    counters = {
        "values": whole if params.takes is Contents.FRAME else np.count_nonzero(received, axis=(1, 2)).astype(np.int64),
        "samples": ones,
        "scanned": whole * params.scans,
        "sent": whole if params.sends is Contents.FRAME else np.count_nonzero(sent, axis=(1, 2)).astype(np.int64),
    }
    # each VALUE of a sum is a read-modify-write
    operations = {
        "activation_read": counters["scanned"] + (counters["values"] if params.adds else 0),
        "activation_write": counters["values"] + params.written_back,
    }
    return EngineRun(sent=sent, counters=counters, operations=operations)
