"""Normalise neurons with individual parameters to neurons with common ones.

A neuron's equation is invariant to scale: multiply membrane, weights, threshold and reset by a number, and it spikes as
before. So gains and thresholds that differ between neurons move into the weights, exactly. Each neuron keeps its decay.
The other parameters of synaptic currents and resets must be common to a layer.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from tospike.hw.params import Comparison, FiringPhase, InputError, NeuronKind, PayloadCode, Reset, ResetTiming, require
from tospike.sim.network import Array, Conv2d, Dense, Parameter, SpikingNeuron, Stage
from tospike.sim.network.threshold_noise import ThresholdNoise

TOLERANCE = 1e-6
"""Relative spread below which values count as equal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalizedNeuron:
    """A :class:`tospike.sim.network.SpikingNeuron` with common parameters, except decays and ``rest``."""

    kind: NeuronKind
    decay: Parameter
    gain: float
    rest: Parameter
    synapse_decay: Parameter
    synapse_gain: float
    threshold: float
    comparison: Comparison
    reset: Reset
    v_reset: float
    reset_timing: ResetTiming
    spike_bits: int
    refractory: int
    code: PayloadCode
    initial: float
    floor: float | None
    firing: FiringPhase | None
    noise: ThresholdNoise | None
    adaptation: float
    adaptation_decay: float
    taps: Array | None
    dilation: int


def normalize(stage: Stage) -> tuple[Stage, NormalizedNeuron]:
    """Return the stage with its weights scaled such that its neurons are alike, and that neuron.

    Raises
    ------
    InputError
        The stage is already quantised, or its neurons differ in more than decay, gain, threshold and leak potential.
    """
    neuron = stage.neuron
    if not isinstance(neuron, SpikingNeuron):
        raise InputError(f"stage {stage.name!r} is quantised: give the network as trained")
    given = {field.name: getattr(neuron, field.name) for field in fields(NormalizedNeuron)}
    if not any(isinstance(value, np.ndarray) for value in given.values()):
        return stage, NormalizedNeuron(**given)

    synapses = stage.synapses
    assert isinstance(synapses, Dense | Conv2d)
    # scale the membrane and current of each neuron so that it has the gain and threshold of neuron 0
    outputs = synapses.outputs
    gain, synapse_gain, threshold = (
        np.broadcast_to(np.asarray(given[name], dtype=np.float64), outputs)
        for name in ("gain", "synapse_gain", "threshold")
    )
    size = threshold[0] / threshold if neuron.kind.spikes else np.ones(outputs)
    weights = size * (gain / gain[0]) * (synapse_gain / synapse_gain[0])
    if isinstance(synapses, Conv2d):
        each = weights.reshape(synapses.channels, -1)
        decays = (neuron.decay, neuron.synapse_decay)
        alike = bool((each == each[:, :1]).all()) and not any(np.ndim(value) for value in decays)
        alike = alike and not np.any(neuron.rest)
        require(
            alike,
            f"stage {stage.name!r} is a convolution whose neurons differ in more than the gain and threshold of their "
            "channel, or have a leak potential: train it with one value per layer",
        )
        each = each[:, 0]
        scaled: Dense | Conv2d = replace(
            synapses, weight=synapses.weight * each[:, None, None, None], bias=synapses.bias * each
        )
    else:
        scaled = Dense(weight=synapses.weight * weights[:, None], bias=synapses.bias * weights)
    recurrent = None if stage.recurrent is None else stage.recurrent * weights[:, None]
    rest = np.asarray(neuron.rest) * size if np.any(neuron.rest) else 0.0
    given |= {
        "gain": float(gain[0]),
        "synapse_gain": float(synapse_gain[0]),
        "threshold": float(threshold[0]),
        "initial": _common(stage, "the initial membrane over threshold", neuron.initial),
        "v_reset": _common(stage, "v_reset over threshold", neuron.v_reset * size),
        "floor": None if neuron.floor is None else _common(stage, "min-v-mem over threshold", neuron.floor * size),
        "rest": _common(stage, "v_leak over threshold", rest) if neuron.kind.synaptic else rest,
    }
    return replace(stage, synapses=scaled, recurrent=recurrent), NormalizedNeuron(**given)


def _common(stage: Stage, name: str, values: Parameter) -> float:
    """Return the value that all neurons have."""
    low, high = float(np.min(values)), float(np.max(values))
    require(
        high - low <= TOLERANCE * max(abs(low), abs(high)),
        f"stage {stage.name!r}: {name} differs between neurons, from {low:g} to {high:g}, which no engine supports: "
        "train it with one value per layer",
    )
    return float(np.mean(values))
