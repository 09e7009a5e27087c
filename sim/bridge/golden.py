"""Golden models of the bridges between values and spikes."""

import numpy as np

from tospike.hw.params.engines.bridge import BridgeParams, GradedSpikeParams, SpikeCountParams
from tospike.sim.arithmetic import Ints
from tospike.sim.engine import EngineRun, Sample


def run_graded_spikes(params: GradedSpikeParams, frames: Sample) -> EngineRun:
    """Send (N, 1, inputs) values as graded spikes, the same in every step."""
    sent = np.broadcast_to(frames, (len(frames), params.steps, params.inputs))
    received = np.full(len(frames), params.inputs, dtype=np.int64)
    return _run(params, sent, received, np.count_nonzero(sent, axis=(1, 2)), sums=False)


def run_spike_count(params: SpikeCountParams, trains: Sample) -> EngineRun:
    """Sum (N, T, inputs) spikes over the steps, saturating after each."""
    counts = np.zeros((len(trains), params.inputs), dtype=np.int64)
    for step in range(trains.shape[1]):
        counts = np.clip(counts + trains[:, step].astype(np.int64), params.count.min, params.count.max)
    received = np.count_nonzero(trains, axis=(1, 2))
    return _run(params, counts[:, None], received, np.full(len(trains), params.inputs), sums=True)


def _run(params: BridgeParams, sent: Sample, values_in: Ints, values_out: Ints, *, sums: bool) -> EngineRun:
    ones = np.ones(len(sent), dtype=np.int64)
    scanned = params.inputs * params.steps * ones
    counters = {
        "values": values_in.astype(np.int64),
        "samples": ones,
        "scanned": scanned,
        "sent": values_out.astype(np.int64),
    }
    # each VALUE of a sum is a read-modify-write; the scan clears the sums as it reads them
    operations = {
        "activation_read": scanned + (counters["values"] if sums else 0),
        "activation_write": counters["values"] + (scanned if sums else 0),
    }
    return EngineRun(sent=sent, counters=counters, operations=operations)
