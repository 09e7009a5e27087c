"""Golden models of the bridges between values and spikes."""

import numpy as np

from tospike.hw.params.engines.bridge import BridgeParams, GradedSpikeParams, SpikeCountParams
from tospike.sim.arithmetic import Ints
from tospike.sim.engine import EngineRun, Sample


def run_graded_spikes(params: GradedSpikeParams, frames: Sample) -> EngineRun:
    """Return (N, 1, inputs) values as spikes of that size in each of the steps."""
    sent = np.broadcast_to(frames, (len(frames), params.steps, params.inputs))
    arrived = np.full(len(frames), params.inputs, dtype=np.int64)
    return _run(params, sent, arrived, np.count_nonzero(sent, axis=(1, 2)), sums=False)


def run_spike_count(params: SpikeCountParams, trains: Sample) -> EngineRun:
    """Return (N, T, inputs) spikes summed up over the steps, one by one, saturating."""
    counts = np.zeros((len(trains), params.inputs), dtype=np.int64)
    for step in range(trains.shape[1]):
        counts = np.clip(counts + trains[:, step].astype(np.int64), params.count.min, params.count.max)
    arrived = np.count_nonzero(trains, axis=(1, 2))
    return _run(params, counts[:, None], arrived, np.full(len(trains), params.inputs), sums=True)


def _run(params: BridgeParams, sent: Sample, arrived: Ints, departed: Ints, *, sums: bool) -> EngineRun:
    ones = np.ones(len(sent), dtype=np.int64)
    scanned = params.inputs * params.steps * ones
    counters = {
        "values": arrived.astype(np.int64),
        "samples": ones,
        "scanned": scanned,
        "sent": departed.astype(np.int64),
    }
    # each VALUE of a sum reads what it is added to; the scan clears
    operations = {
        "activation_read": scanned + (counters["values"] if sums else 0),
        "activation_write": counters["values"] + (scanned if sums else 0),
    }
    return EngineRun(sent=sent, counters=counters, operations=operations)
