"""The number of spikes at which a network's SNN would need as much energy as its ANN, by the hardware's counters."""

from collections.abc import Mapping

import numpy as np

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import Technology
from tospike.hw.params import AWAKE, SPIKE, AcceleratorParams, Contents
from tospike.sim.network import Array


def spikes_between(params: AcceleratorParams, counters: Mapping[str, Array]) -> Array:
    """Return the (N,) numbers of spikes that neurons receive, from an encoder or other neurons."""
    received = [counters[f"{index}.values"] for index in _driven(params)]
    return np.sum(received, axis=0) if received else np.zeros_like(counters["inputs"])


def _driven(params: AcceleratorParams) -> list[int]:
    """Return the indices of the engines whose events are spikes."""
    return [
        index
        for index, engine in enumerate(params.engines)
        if engine.runs_stages and engine.takes is Contents.TRAIN and engine.input.payload == SPIKE
    ]


def spike_break_even(
    technology: Technology, params: AcceleratorParams, counters: Mapping[str, Array], cycles: Array, *, ann_pj: float
) -> float | None:
    """Return the factor on all spikes between neurons at which the SNN needs ``ann_pj`` per inference.

    Energy is linear in the counters, so two points suffice: all spikes, and none. Each omitted spike saves the cycles
    of its words, as if engines never worked at the same time, which favours few spikes.

    Returns
    -------
    float or None
        0 if the ANN wins over an SNN without spikes; ``None`` if no engine has spikes as input.
    """
    driven = _driven(params)
    words = sum((counters[f"{index}.synapse_words"] for index in driven), np.zeros_like(cycles))
    if not driven or not words.any():
        return None
    silent = dict(counters)
    for index in driven:
        if f"{index}.{AWAKE}" in counters:
            silent[f"{index}.{AWAKE}"] = np.maximum(
                counters[f"{index}.{AWAKE}"] - counters[f"{index}.synapse_words"], 0
            )
        silent |= {f"{index}.{name}": 0 * cycles for name in ("values", "synapse_words")}
        before = index - 1
        if before >= 0 and params.engines[before].longest_delay:
            silent |= {f"{before}.{name}": 0 * cycles for name in ("values", "scanned", "sent")}
            before -= 1
        if f"{before}.spikes" in counters:
            silent[f"{before}.spikes"] = 0 * cycles
    least = counter_energy(technology, params, silent, np.maximum(cycles - words, 1)).total.mean()
    now = counter_energy(technology, params, counters, cycles).total.mean()
    return max(0.0, float((ann_pj - least) / (now - least)))
