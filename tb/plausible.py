"""Warnings about computed results: silent layers, accuracy at chance level, large quantisation loss."""

from collections.abc import Sequence

import numpy as np

from tospike.sim.design import Design
from tospike.sim.network import Array, Network, SpikingNeuron
from tospike.sim.network.reference import run_float
from tospike.sim.result import Result

CHANCE = 0.05
"""Significance level: an accuracy that guessing reaches more often than this is at chance level."""
COMPARED = 100
"""Samples whose integer and float predictions are compared."""
CHANGED = 0.1
"""Fraction of them, but at least FEW, that may differ without a warning."""
FEW = 2


def silent_stages(network: Network, design: Design, result: Result) -> list[str]:
    """Return the float ``network``'s stages with a threshold whose neurons never spike in the golden model."""
    if not network.is_spiking:
        return []
    spikes = [result.counters[f"{design.engine_of(index)}.spikes"] for index in range(len(network.stages))]
    return quiet_stages(network, [bool(counts.any()) for counts in spikes])


def quiet_stages(network: Network, sends: Sequence[bool]) -> list[str]:
    """Return the stages with a threshold that send nothing."""
    stages = zip(network.stages, sends, strict=True)
    return [
        stage.name
        for stage, any_ in stages
        if isinstance(stage.neuron, SpikingNeuron) and stage.neuron.kind.spikes and not any_
    ]


def silence(silent: Sequence[str], samples: int) -> tuple[str, ...]:
    """Return a warning if stages never spike on ``samples`` samples."""
    if not silent:
        return ()
    named = ", ".join(repr(name) for name in silent)
    which = f"stage {named} never spikes" if len(silent) == 1 else f"stages {named} never spike"
    return (f"{which} on these {samples} samples: check --dt, --framework, the thresholds and the data",)


def guessing(network: Network, correct: Array, labels: Array) -> tuple[str, ...]:
    """Return a warning if guessing would be as accurate.

    Parameters
    ----------
    network
        The network; its outputs are the classes.
    correct, labels
        (N,) whether predictions are correct, and the correct classes.
    """
    guessed = _by_chance(correct, labels, network.outputs)
    if guessed is None:
        return ()
    return (
        f"the accuracy is that of guessing: {int(correct.sum())} of {len(labels)} are correct, guessing gives "
        f"{100 * guessed:.1f} %: check the order of the labels, --dt, --framework and the data",
    )


def costly_rounding(network: Network, x: Array, predictions: Array) -> tuple[str, ...]:
    """Return a warning if the integer network's predictions differ from the trained network's.

    One scale for all outputs of a layer cannot represent channels of very different size, and some networks need more
    bits.

    Parameters
    ----------
    network
        The network in floating point.
    x
        (N, ...) samples.
    predictions
        (N,) classes by the golden model.
    """
    few = x[:COMPARED]
    changed = int((run_float(network, few, trace=False).predictions != predictions[: len(few)]).sum())
    if changed <= max(FEW, CHANGED * len(few)):
        return ()
    options = "--weight-bits, --state-bits" if network.is_spiking else "--weight-bits, --act-bits: up to 8"
    return (
        f"rounding to integers changes {changed} of {len(few)} predictions: give more bits ({options}), or train the "
        "network so that the channels, or thresholds, of a layer have similar magnitudes",
    )


def _by_chance(correct: Array, labels: Array, classes: int) -> float | None:
    """Return the accuracy of guessing if the measured one is not significantly above it (binomial test).

    A guess is correct in 1 of ``classes`` cases, or as often as the most frequent label if there are several labels.
    ``None``: the accuracy is significant, or so few samples cannot be.
    """
    samples, counts = len(labels), np.unique(labels, return_counts=True)[1]
    rate = max(1 / classes, counts.max() / samples if len(counts) > 1 else 0.0)
    if rate >= 1 or rate**samples >= CHANCE:
        return None
    return rate if binomial_tail(samples, int(correct.sum()), rate) >= CHANCE else None


def binomial_tail(samples: int, least: int, rate: float) -> float:
    """Return the probability of at least ``least`` successes in ``samples`` trials of probability ``rate`` < 1."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, samples + 1)))])
    hits = np.arange(least, samples + 1)
    ways = factorials[samples] - factorials[hits] - factorials[samples - hits]
    return float(np.exp(ways + hits * np.log(rate) + (samples - hits) * np.log1p(-rate)).sum())
