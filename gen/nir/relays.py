"""Chains of layers for networks with branches: neurons that pass on the spikes of earlier layers.

Engines form a chain. If a layer takes spikes of a layer before the one in front of it (a residual connection), the
layers in between get further neurons, *relays*: each has one input, fires when that fires, in the same step, and
forgets. The layers' outputs are then those of their own neurons, followed by those of the relays::

    A ------> B ------> C                 A ---> [ B        ] ---> C
     \\________________/^        as                 [ relays of A ]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.nir.linear import Linear, as_dense, identity, is_per_channel, join, scale_outputs
from tospike.hw.params import InputError, NeuronKind, PayloadCode, Reset, ResetTiming, require
from tospike.sim.network import Dense, SpikingNeuron

LIFT = 1.25
"""The input of a relay for a spike, in thresholds."""
SLIGHT_LIFT = 1 + 1 / 32
"""The same if neurons may spike several times in a step: 15 spikes must not become 16."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Outputs of a layer, or the network's input, among the inputs of the next one."""

    source: str
    shape: tuple[int, ...]

    @property
    def image(self) -> tuple[int, int, int]:
        """As an image; a vector has one position."""
        if len(self.shape) == 3:
            return self.shape[0], self.shape[1], self.shape[2]
        return (self.shape[0], 1, self.shape[1]) if len(self.shape) == 2 else (self.shape[0], 1, 1)


def joined(
    blocks: Sequence[Block],
    own: Mapping[str, Linear],
    passed: Sequence[Block],
    neuron: SpikingNeuron,
    name: str,
) -> tuple[Linear, SpikingNeuron]:
    """Return the synapses and neurons of a layer with relays.

    Parameters
    ----------
    blocks
        The inputs, in order.
    own
        What leads to the layer's own neurons, by block.
    passed
        The blocks that the relays pass on.
    neuron
        The layer's own neurons.
    name
        The layer's name in messages.

    Raises
    ------
    InputError
        No relay can have these neurons' rules.
    """
    neurons = next(iter(own.values())).outputs
    rows: list[Mapping[str, Linear]] = [own]
    if passed:
        lift, neuron = _relays(neuron, neurons, sum(int(np.prod(block.shape)) for block in passed), name)
        rows += [{block.source: scale_outputs(_same(block), np.full(_size(block), lift), name)} for block in passed]
    return join([(block.source, block.image) for block in blocks], rows, name), neuron


def without_convolution(synapses: Linear, neuron: SpikingNeuron, name: str) -> Linear:
    """Return synapses as a matrix if neurons of an image differ in more than a factor of each channel's weights, which
    only those of dense layers may."""
    if isinstance(synapses, Dense):
        return synapses
    states = (neuron.decay, neuron.synapse_decay, neuron.rest)
    factors = (neuron.gain, neuron.synapse_gain, neuron.threshold)
    differ = any(np.ndim(value) and np.ptp(value) for value in states)
    vary = any(np.ndim(value) and not is_per_channel(np.asarray(value), synapses.channels) for value in factors)
    shifted = bool(np.any(neuron.rest)) and any(np.ndim(value) for value in factors)
    return as_dense(synapses, name) if differ or vary or shifted else synapses


def _same(block: Block) -> Linear:
    if len(block.shape) > 1:
        return identity(block.image)
    return Dense(weight=np.eye(block.shape[0]), bias=np.zeros(block.shape[0]))


def _size(block: Block) -> int:
    return int(np.prod(block.shape))


def _relays(neuron: SpikingNeuron, neurons: int, relays: int, name: str) -> tuple[float, SpikingNeuron]:
    """Return the weight of a relay, and the neurons with ``relays`` more.

    A relay must forget: by a reset to 0, or else by a decay of 0.
    """
    require(neuron.spikes, f"{name} does not spike, so it cannot be in the middle of a network with branches")
    require(
        not neuron.refractory,
        f"{name} has a refractory period, and spikes of an earlier layer must pass through it to a later one, which "
        "does not work: leave it out",
    )
    require(
        not neuron.moves_threshold,
        f"{name} has an adaptive or noisy threshold, and spikes of an earlier layer must pass through it to a later "
        "one, which does not work: leave adaptation and noise out",
    )
    require(
        neuron.code is PayloadCode.COUNT,
        f"{name} sends bursts or phases, and spikes of an earlier layer must pass through it to a later one, which "
        "does not work: leave code out",
    )
    forgets = neuron.reset is Reset.ZERO or (neuron.reset is Reset.VALUE and not np.any(neuron.v_reset))
    if neuron.taps is not None:  # a relay has none
        taps = np.concatenate([neuron.taps, np.zeros((relays, neuron.taps.shape[1]))])
        neuron, forgets = replace(neuron, taps=taps), True
    lift = SLIGHT_LIFT if neuron.spike_bits > 1 else LIFT
    if not forgets or neuron.kind.synaptic:
        if neuron.reset is Reset.SUBTRACT and neuron.reset_timing is ResetTiming.NEXT:
            require(
                neuron.spike_bits == 1,
                f"{name} subtracts several spikes in the next step, and those of an earlier layer must pass through it "
                "to a later one, which does not work: give --spike-bits 1, or another reset",
            )
            lift *= 2  # of which the last spike takes a threshold
        kind = NeuronKind.LIF if neuron.kind is NeuronKind.IF else neuron.kind
        neuron = replace(
            neuron,
            kind=kind,
            decay=_more(neuron.decay, neurons, relays, 0.0),
            synapse_decay=_more(neuron.synapse_decay, neurons, relays, 0.0) if kind.synaptic else neuron.synapse_decay,
        )
    if np.any(neuron.initial) or (neuron.floor is not None and neuron.floor > 0):
        raise InputError(
            f"{name} begins above 0, and spikes of an earlier layer must pass through it to a later one, which does "
            "not work: leave --initial and --start out"
        )
    first = {key: float(np.ravel(getattr(neuron, key))[0]) for key in ("gain", "synapse_gain", "threshold")}
    drive = first["gain"] * (first["synapse_gain"] if neuron.kind.synaptic else 1.0)
    same = {
        key: _more(getattr(neuron, key), neurons, relays, value)
        for key, value in first.items()
        if np.ndim(getattr(neuron, key))
    }
    rest = _more(neuron.rest, neurons, relays, 0.0) if np.any(neuron.rest) else neuron.rest
    return lift * first["threshold"] / drive, replace(neuron, rest=rest, **same)  # type: ignore[arg-type]


def _more(value: object, neurons: int, relays: int, other: float) -> np.ndarray:
    return np.concatenate([np.broadcast_to(np.asarray(value, dtype=np.float64), neurons), np.full(relays, other)])
