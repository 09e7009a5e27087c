"""Warnings about implausible results: silent layers, accuracy no better than guessing, costly rounding."""

from collections.abc import Sequence

import numpy as np

from tospike.sim.design import Design
from tospike.sim.network import Array, Network, SpikingNeuron
from tospike.sim.network.reference import run_float
from tospike.sim.result import Result

CHANCE = 0.05
"""Significance level: an accuracy that guessing reaches with at least this probability is no better than guessing."""
COMPARED = 100
"""Number of samples whose integer and float predictions are compared."""
CHANGED = 0.1
"""Fraction of them that may differ without a warning; `FEW` may differ in any case."""
FEW = 2


def silent_stages(network: Network, design: Design, result: Result) -> list[str]:
    """Return the stages of the float ``network`` with a threshold whose neurons never spike in the golden model; in a
    hybrid, not all stages spike."""
    if not network.is_spiking:
        return []
    silent = {
        stage.name
        for index, stage in enumerate(design.network.stages)
        if stage.is_spiking and not result.counters[f"{design.engine_of(index)}.spikes"].any()
    }
    return quiet_stages(network, [stage.name not in silent for stage in network.stages])


def quiet_stages(network: Network, sends: Sequence[bool]) -> list[str]:
    """Return the stages with a threshold that send no spikes."""
    stages = zip(network.stages, sends, strict=True)
    return [
        stage.name
        for stage, is_active in stages
        if isinstance(stage.neuron, SpikingNeuron) and stage.neuron.kind.spikes and not is_active
    ]


def silence(silent: Sequence[str], samples: int) -> tuple[str, ...]:
    """Return a warning if stages never spike on ``samples`` samples."""
    if not silent:
        return ()
    named = ", ".join(repr(name) for name in silent)
    which = f"stage {named} never spikes" if len(silent) == 1 else f"stages {named} never spike"
    return (f"{which} on these {samples} samples: check --dt, --framework, the thresholds and the data",)


def guessing(network: Network, correct: Array, labels: Array) -> tuple[str, ...]:
    """Return a warning if the accuracy is no better than guessing.

    Parameters
    ----------
    network
        The network, whose outputs are the classes.
    correct, labels
        (N,) whether each prediction is correct, and the labels.
    """
    guessed = _by_chance(correct, labels, network.classes)
    if guessed is None:
        return ()
    return (
        f"the accuracy is no better than guessing: {int(correct.sum())} of {len(labels)} predictions are correct, and "
        f"the better of chance and the most frequent label reaches {100 * guessed:.1f} %: check the labels' order, "
        "--dt, --framework and the data",
    )


def costly_rounding(network: Network, x: Array, predictions: Array) -> tuple[str, ...]:
    """Return a warning if the integer network's predictions differ from the trained network's.

    This happens if the channels of a layer, which share one scale, differ much in size, or if there are too few bits.

    Parameters
    ----------
    network
        The float network.
    x
        (N, ...) samples as it takes them.
    predictions
        (N,) classes from the golden model.
    """
    subset = x[:COMPARED]
    changed = int((run_float(network, subset, trace=False).predictions != predictions[: len(subset)]).sum())
    if changed <= max(FEW, CHANGED * len(subset)):
        return ()
    options = "--weight-bits, --state-bits" if network.is_spiking else "--weight-bits, --act-bits: up to 8"
    return (
        f"rounding to integers changes {changed} of {len(subset)} predictions: give more bits ({options}), or train "
        "the network so that the channels, or thresholds, of a layer have similar magnitudes",
    )


def _by_chance(correct: Array, labels: Array, classes: int) -> float | None:
    """Return the success rate of guessing, if the accuracy is no better by a binomial test, else ``None``.

    A guess is correct in 1 of ``classes`` cases, or as often as the most frequent label if there are several labels.
    Also ``None`` if there are too few samples for any result to be significant.
    """
    samples, counts = len(labels), np.unique(labels, return_counts=True)[1]
    rate = max(1 / classes, counts.max() / samples if len(counts) > 1 else 0.0)
    if rate >= 1 or rate**samples >= CHANCE:
        return None
    return rate if binomial_tail(samples, int(correct.sum()), rate) >= CHANCE else None


def binomial_tail(samples: int, least: int, rate: float) -> float:
    """Return the probability of at least ``least`` successes in ``samples`` trials with probability ``rate`` < 1."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, samples + 1)))])
    hits = np.arange(least, samples + 1)
    ways = factorials[samples] - factorials[hits] - factorials[samples - hits]
    return float(np.exp(ways + hits * np.log(rate) + (samples - hits) * np.log1p(-rate)).sum())
