"""How far the states of an integer stage reach on given data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import NeuronParams
from tospike.sim.arithmetic import exact_matmul
from tospike.sim.network import Dense
from tospike.sim.neuron import Neurons

Ints = NDArray[np.int64]

BATCH = 128
"""Samples at a time: bounds memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """What a stage does if its states are wide enough."""

    current: tuple[int, int]
    """Lowest and highest value that whatever the events are added to may pass through, *whatever their order*."""
    membrane: tuple[int, int]
    """The same of the membranes before their resets."""
    spikes: Ints
    """(N, steps, outputs)."""


def trace(
    law: NeuronParams,
    synapses: Dense,
    events: Ints,
    recurrent: Ints | None = None,
    decays: Ints | None = None,
) -> Reach:
    """Run a stage over ``events`` (N, steps, inputs) with the widest states."""
    parts = [
        _trace_batch(law, synapses, events[start : start + BATCH], recurrent, decays)
        for start in range(0, len(events), BATCH)
    ]
    current, membrane = (
        (min(low for low, _ in ranges), max(high for _, high in ranges))
        for ranges in ([part.current for part in parts], [part.membrane for part in parts])
    )
    return Reach(current=current, membrane=membrane, spikes=np.concatenate([part.spikes for part in parts]))


def _trace_batch(
    law: NeuronParams, synapses: Dense, events: Ints, recurrent: Ints | None, decays: Ints | None
) -> Reach:
    weight = synapses.weight.astype(np.int64).T << law.weight_shift
    total, up = exact_matmul(events, weight), _upward(events, weight)
    own = None if recurrent is None else recurrent.astype(np.int64).T << law.weight_shift
    spikes = np.zeros_like(total)
    neurons = Neurons(law, synapses.bias.astype(np.int64), len(events), decays)
    low = high = v_low = v_high = 0
    for step in range(total.shape[1]):
        current, rise = total[:, step], up[:, step]
        if own is not None and step > 0:
            before = spikes[:, step - 1]
            current, rise = current + exact_matmul(before, own), rise + _upward(before, own)
        start = neurons.start
        high = max(high, int((start + rise).max()))
        low = min(low, int((start + current - rise).min()))
        spikes[:, step] = neurons.sweep(start + current)
        v_high, v_low = max(v_high, int(neurons.before.max())), min(v_low, int(neurons.before.min()))
    reached = (v_low, v_high) if law.kind.synaptic else (min(low, v_low), max(high, v_high))
    return Reach(current=(low, high), membrane=reached, spikes=spikes)


def _upward(events: Ints, weight: Ints) -> Ints:
    """The sums of the positive terms alone."""
    up = exact_matmul(np.maximum(events, 0), np.maximum(weight, 0))
    return up + exact_matmul(np.minimum(events, 0), np.minimum(weight, 0))
