"""What a unit of an SNN's states may stand for, by what is added to them or compared with them besides weights.

A unit that suits the weights may be so coarse that biases and thresholds round to nothing, or so fine that they
overflow. So states may be finer than weights, by fraction bits, and weights coarser than their bits allow. All
constants here are in weighted input, as biases are: a threshold is what lifts a membrane of 0 to it at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.normalize import NormalizedNeuron
from tospike.hw.params import Reset
from tospike.sim.network import Parameter

Floats = NDArray[np.float64]

WIDEST_STATE = 32
LARGEST = 2.0 ** (WIDEST_STATE - 4)
"""No constant is more units than this, so that there is room for what is added to it."""
UNWEIGHTED = 1 << 15
"""Units of the largest constant where there are no weights to suit."""
FINEST = 15
"""Fraction bits that hardware has at most."""
MOST_DECAY = 1 - 2.0**-12
"""A decay above this counts as this when roundings are summed up."""
LOST = 1 / 2
"""Fraction of the threshold by which rounded constants may move a membrane."""
LEAST_UNITS = 2
"""The largest bias of a readout is as many units at least: where nothing spikes, it decides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Constants:
    """What the states of a layer meet besides weights."""

    neuron: NormalizedNeuron
    biases: Floats
    """(n,): of the synapses, and what a leak potential adds where there is no synaptic current."""
    steps: int

    @property
    def drive(self) -> float:
        """What a weighted input of 1 adds to the membrane in the step in which it comes."""
        return self.neuron.gain * (self.neuron.synapse_gain if self.neuron.kind.synaptic else 1.0)

    @property
    def threshold(self) -> float:
        """The threshold; 0 where there is none."""
        return self.neuron.threshold / self.drive if self.neuron.kind.spikes else 0.0

    @property
    def leak_bias(self) -> Floats:
        """(1,): what a leak potential adds behind a synaptic current."""
        rest = float(np.max(self.neuron.rest)) if self.neuron.kind.synaptic else 0.0
        return np.array([rest / self.drive])

    @property
    def starts(self) -> Floats:
        """(3,): what membranes are bounded by, reset to, and begin with."""
        floor = (self.neuron.floor or 0.0) / self.drive
        if not self.neuron.kind.spikes:
            return np.array([floor, 0.0, self.neuron.initial / self.drive])
        reset = self.neuron.v_reset if self.neuron.reset is Reset.VALUE else 0.0
        return np.array([floor, reset / self.drive, self.neuron.initial * self.threshold])

    @property
    def amounts(self) -> Floats:
        """(n,): all that is added to membranes or subtracted from them, or that they are set to."""
        threshold = [self.threshold] if self._is_amount or self.neuron.initial else []
        return np.concatenate([self.biases, self.leak_bias, self.starts, threshold])

    @property
    def _is_amount(self) -> bool:
        """Whether the threshold is more than a limit."""
        return self.neuron.kind.spikes and (self.neuron.reset is Reset.SUBTRACT or self.neuron.spike_bits > 1)

    @property
    def largest(self) -> float:
        """The largest magnitude of all."""
        parts = [self.biases, self.leak_bias, self.starts, np.array([self.threshold])]
        return float(np.abs(np.concatenate(parts)).max())

    @property
    def finest(self) -> float:
        """No state may have a finer unit than this, by which the largest constant still fits."""
        return self.largest / LARGEST

    @property
    def unit(self) -> float:
        """A unit for states that no weight reaches."""
        return self.largest / UNWEIGHTED if self.largest else 1.0

    def fraction_bits(self, unit: float) -> int:
        """Return how much finer than ``unit``, that of the weights, states must be to hold the constants.

        Where the most that hardware has are too few: the most for neurons that spike, none for a readout, whose
        biases then mean nothing.
        """
        for bits in range(FINEST + 1):
            if self.held(unit / 2**bits) and self._threshold_held(unit / 2**bits):
                return bits
        return FINEST if self.neuron.kind.spikes else 0

    def held(self, unit: float) -> bool:
        """Return whether biases and resets are not lost in rounding to ``unit``."""
        if not self.neuron.kind.spikes:
            return not self.biases.any() or float(np.abs(self.biases).max()) >= LEAST_UNITS * unit
        lasting = _horizon(self.neuron.decay, self.steps)
        arriving = _horizon(self.neuron.synapse_decay, self.steps) if self.neuron.kind.synaptic else 1.0
        moved = lasting * (arriving * _rounding(self.biases, unit) + _rounding(self.leak_bias, unit))
        return moved + _rounding(self.starts, unit) <= LOST * self.threshold

    def _threshold_held(self, unit: float) -> bool:
        """Return whether the threshold, where it is an amount, is not lost either."""
        return not self._is_amount or _rounding(np.array([self.threshold]), unit) <= LOST * self.threshold


def _horizon(decay: Parameter, steps: int) -> float:
    """Return the steps over which a membrane or a current sums up what is added to it."""
    return min(steps, 1 / (1 - min(float(np.max(decay)), MOST_DECAY)))


def _rounding(values: Floats, unit: float) -> float:
    """Return the largest error of rounding to ``unit``."""
    return float(np.abs(np.rint(values / unit) * unit - values).max())
