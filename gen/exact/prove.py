"""The proof that both networks of an exact pair, read from their files, compute the same function.

Sums of weighted inputs are integers on both sides. A hidden layer of either side is a monotone step function of them,
so two are equal if each of their levels begins at the same sum.
"""

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import Comparison, FiringPhase, IfParams, IParams, NeuronParams, Reset, require
from tospike.sim.network import Accumulator, Network, Requantize, Stage
from tospike.sim.network.layers import sum_weights

UNIT = 1e-12
"""Relative difference of units that is the rounding of float64."""
Ints = NDArray[np.int64]


def prove_equal(ann: Network, snn: Network) -> None:
    """Prove that two quantised networks have the same outputs on all inputs.

    Raises
    ------
    InputError
        They need not; the message names the first layer that differs.
    """
    same_input = ann.input.format == snn.input.format and math.isclose(ann.input.unit, snn.input.unit, rel_tol=UNIT)
    require(
        len(ann.stages) == len(snn.stages) and same_input,
        "the networks of an exact pair have the same layers and the same input",
    )
    assert ann.input.format is not None
    most = ann.input.format.max
    for first, second in zip(ann.stages, snn.stages, strict=True):
        is_last = first is ann.stages[-1]
        levels = 0 if is_last else cast(Requantize, first.neuron).clamp[1]
        require(
            _same_sums(first, second) if is_last else same_steps(first, second, most),
            f"layer {second.name!r} of the SNN does not equal that of the ANN",
        )
        most = levels


def _same_sums(ann: Stage, snn: Stage) -> bool:
    """Return whether the last layers send the same sums."""
    parts = zip(sum_weights(ann.synapses), sum_weights(snn.synapses), strict=True)
    return (
        reads_membranes(cast(NeuronParams, snn.neuron))
        and ann.neuron == Accumulator()
        and all(np.array_equal(*each) for each in parts)
    )


def same_steps(ann: Stage, snn: Stage, most: int) -> bool:
    """Return whether both layers send the same level for every sum of inputs from 0 to ``most``."""
    neuron, requantize = cast(IfParams, snn.neuron), cast(Requantize, ann.neuron)
    if not spikes_like_an_activation(neuron):
        return False
    assert neuron.firing is not None
    if requantize.clamp != (0, neuron.firing.steps):
        return False
    weight, bias = sum_weights(snn.synapses)
    lowest = most * np.minimum(weight, 0).sum(axis=1, keepdims=True)
    highest = most * np.maximum(weight, 0).sum(axis=1, keepdims=True)
    # a neuron sends k spikes if the sum with bias and initial membrane is at least k thresholds
    begins = neuron.threshold * np.arange(1, neuron.firing.steps + 1) - neuron.initial - bias[:, None]
    # both are monotone: compare them at both ends, and on both sides of each of the SNN's steps in between
    inner = np.clip(begins, lowest + 1, np.maximum(highest, lowest + 1))
    sums = np.minimum(np.hstack([lowest, highest, inner, inner - 1]), highest)
    spikes = (sums[:, :, None] >= begins[:, None, :]).sum(axis=2)
    weightless = np.logical_not(
        sum_weights(ann.synapses)[0].any(axis=1)
    )  # a channel that sends the same for every input
    same = (sum_weights(ann.synapses)[0] == weight).all(axis=1) | weightless
    levels = _activation(ann)(np.where(weightless[:, None], 0, sums))
    return bool(same.all() and (levels == spikes).all())


def reads_membranes(neuron: NeuronParams) -> bool:
    """Return whether a neuron only sums its inputs, and never fires."""
    return neuron == IParams(state_bits=neuron.state_bits, firing=FiringPhase(first=0, steps=0))


def spikes_like_an_activation(neuron: NeuronParams) -> bool:
    """Return whether a neuron spikes once for each threshold in its sum, up to the steps of its phase."""
    if not neuron.spikes or neuron.firing is None:
        return False
    given = cast(IfParams, neuron)
    return neuron == IfParams(
        state_bits=neuron.state_bits,
        firing=neuron.firing,
        threshold=given.threshold,
        initial=given.initial,
        reset=Reset.SUBTRACT,
        comparison=Comparison.AT_LEAST,
    )


def _activation(stage: Stage) -> Callable[[Ints], Ints]:
    """Return the function from (channels, n) sums without bias to levels."""
    neuron, bias = cast(Requantize, stage.neuron), sum_weights(stage.synapses)[1][:, None]
    multiplier = neuron.multiplier.astype(np.int64, casting="same_kind")[:, None]
    half = 1 << neuron.shift >> 1

    def levels(sums: Ints) -> Ints:
        scaled = ((sums << neuron.fraction_bits) + bias) * multiplier
        return cast(Ints, np.clip((scaled + half) >> neuron.shift, *neuron.clamp))

    return levels
