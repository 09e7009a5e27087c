"""What a user should be told about answers that were computed: silent layers, accuracy by chance, costly rounding."""

from collections.abc import Sequence

import numpy as np

from tospike.sim.design import Design
from tospike.sim.network import Array, Network, SpikingNeuron
from tospike.sim.network.reference import run_float
from tospike.sim.result import Result

CHANCE = 0.05
"""An accuracy that guessing would reach at least this often is called guessing."""
COMPARED = 100
"""Samples whose answers in integers are set against those in floating point."""
CHANGED = 0.1
"""The part of them that may differ, and FEW in any case, before it is said."""
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
    """Return a warning where stages never spike on so many samples."""
    if not silent:
        return ()
    named = ", ".join(repr(name) for name in silent)
    which = f"stage {named} never spikes" if len(silent) == 1 else f"stages {named} never spike"
    return (f"{which} on these {samples} samples: look at --dt, --framework, the thresholds and the data",)


def guessing(network: Network, correct: Array, labels: Array) -> tuple[str, ...]:
    """Return a warning where guesses would be right as often.

    Parameters
    ----------
    network
        Whose outputs are the classes.
    correct, labels
        (N,) right answers, and what they are.
    """
    guessed = _by_chance(correct, labels, network.outputs)
    if guessed is None:
        return ()
    return (
        f"the accuracy is that of guessing: {int(correct.sum())} of {len(labels)} are right, and the better of "
        f"chance and the most frequent label is at {100 * guessed:.1f} %: look at the labels' order, --dt, "
        "--framework and the data",
    )


def costly_rounding(network: Network, x: Array, predictions: Array) -> tuple[str, ...]:
    """Return a warning where the integer network answers differently from the trained one.

    One scale for all values that a layer sends cannot hold channels of very different size, nor few bits a network
    that needs more.

    Parameters
    ----------
    network
        In floating point.
    x
        (N, ...) samples as it takes them.
    predictions
        (N,) classes that the golden model gives.
    """
    few = x[:COMPARED]
    changed = int((run_float(network, few, trace=False).predictions != predictions[: len(few)]).sum())
    if changed <= max(FEW, CHANGED * len(few)):
        return ()
    options = "--weight-bits, --state-bits" if network.is_spiking else "--weight-bits, --act-bits: up to 8"
    return (
        f"rounding to integers changes {changed} of {len(few)} answers: give more bits ({options}), or train the "
        "network so that the channels, or thresholds, of a layer are alike in size",
    )


def _by_chance(correct: Array, labels: Array, classes: int) -> float | None:
    """Return the rate of guessing, if as many right answers are no more than its luck: a binomial test.

    A guess is right in 1 of ``classes`` cases, or as often as the most frequent label, where there are several.
    ``None`` too where so few samples tell nothing, whatever the answers.
    """
    samples, counts = len(labels), np.unique(labels, return_counts=True)[1]
    rate = max(1 / classes, counts.max() / samples if len(counts) > 1 else 0.0)
    if rate >= 1 or rate**samples >= CHANCE:
        return None
    return rate if binomial_tail(samples, int(correct.sum()), rate) >= CHANCE else None


def binomial_tail(samples: int, least: int, rate: float) -> float:
    """Return how likely at least ``least`` of ``samples`` are, each with the probability ``rate`` from 0 to below 1."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, samples + 1)))])
    hits = np.arange(least, samples + 1)
    ways = factorials[samples] - factorials[hits] - factorials[samples - hits]
    return float(np.exp(ways + hits * np.log(rate) + (samples - hits) * np.log1p(-rate)).sum())
