"""Find the unit of an SNN's states that suits the constants added to them or compared with them.

A unit that suits the weights may be so coarse that biases and thresholds round to 0, or so fine that they overflow. So
states may have fraction bits beyond those of weights, and weights may be coarser than their bits allow. All constants
here are in units of weighted input, as biases are: a threshold is the input that lifts a membrane of 0 to it at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.normalize import NormalizedNeuron
from tospike.hw.params import Reset
from tospike.hw.params.engines.noise import largest_deviation
from tospike.sim.network import Parameter

Floats = NDArray[np.float64]

WIDEST_STATE = 32
LARGEST = 2.0 ** (WIDEST_STATE - 4)
"""Most units of a constant, so that there is headroom for sums."""
UNWEIGHTED = 1 << 15
"""Units of the largest constant if there are no weights."""
FINEST = 15
"""Most fraction bits of the hardware."""
MOST_DECAY = 1 - 2.0**-12
"""A larger decay counts as this one when rounding errors are accumulated."""
LOST = 1 / 2
"""Fraction of the threshold by which rounded constants may move a membrane."""
LEAST_UNITS = 2
"""Fewest units of a readout's largest bias, which decides if nothing spikes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Constants:
    """The constants that a layer's states are compared with, reset to, or incremented by."""

    neuron: NormalizedNeuron
    biases: Floats
    """(n,): biases of the synapses, including the contribution of a leak potential without a synaptic current."""
    steps: int

    @property
    def drive(self) -> float:
        """Change of the membrane by a weighted input of 1, in the step of that input."""
        return self.neuron.gain * (self.neuron.synapse_gain if self.neuron.kind.synaptic else 1.0)

    @property
    def threshold(self) -> float:
        """The threshold; 0 if there is none."""
        return self.neuron.threshold / self.drive if self.neuron.kind.spikes else 0.0

    @property
    def leak_bias(self) -> Floats:
        """(1,): contribution of a leak potential to the membrane, if there is a synaptic current."""
        rest = float(np.max(self.neuron.rest)) if self.neuron.kind.synaptic else 0.0
        return np.array([rest / self.drive])

    @property
    def starts(self) -> Floats:
        """(3,): lower bound, reset value and initial value of the membranes."""
        floor = (self.neuron.floor or 0.0) / self.drive
        if not self.neuron.kind.spikes:
            return np.array([floor, 0.0, self.neuron.initial / self.drive])
        reset = self.neuron.v_reset if self.neuron.reset is Reset.VALUE else 0.0
        return np.array([floor, reset / self.drive, self.neuron.initial * self.threshold])

    @property
    def amounts(self) -> Floats:
        """(n,): all constants that membranes are incremented by, decremented by, or set to."""
        threshold = [self.threshold] if self._is_amount or self.neuron.initial else []
        return np.concatenate([self.biases, self.leak_bias, self.starts, threshold])

    @property
    def _is_amount(self) -> bool:
        """Whether the threshold is also subtracted or counted in, not only compared."""
        return self.neuron.kind.spikes and (self.neuron.reset is Reset.SUBTRACT or self.neuron.spike_bits > 1)

    @property
    def _moves(self) -> Floats:
        """(2,): an adaptation's increment of the threshold, and the noise, of which the hardware's largest counts as
        `LARGEST`."""
        noise = self.neuron.noise
        drawn = 0.0 if noise is None else noise.deviation * LARGEST / largest_deviation(noise.shape.draws)
        return np.array([self.neuron.adaptation, drawn]) * self.threshold

    @property
    def largest(self) -> float:
        """The largest magnitude of all constants."""
        parts = [self.biases, self.leak_bias, self.starts, np.array([self.threshold]), self._moves]
        return float(np.abs(np.concatenate(parts)).max())

    @property
    def finest(self) -> float:
        """The finest unit of states for which the largest constant still fits."""
        return self.largest / LARGEST

    @property
    def unit(self) -> float:
        """A unit for states if all weights are 0."""
        return self.largest / UNWEIGHTED if self.largest else 1.0

    def fraction_bits(self, unit: float) -> int:
        """Return the fraction bits that states need to hold the constants if the weights' unit is ``unit``.

        If even `FINEST` is too few: `FINEST` for neurons that spike, 0 for a readout, whose biases are then
        negligible.
        """
        for bits in range(FINEST + 1):
            if self.held(unit / 2**bits) and self._threshold_held(unit / 2**bits):
                return bits
        return FINEST if self.neuron.kind.spikes else 0

    def held(self, unit: float) -> bool:
        """Return whether biases and resets survive rounding to ``unit``."""
        if not self.neuron.kind.spikes:
            return not self.biases.any() or float(np.abs(self.biases).max()) >= LEAST_UNITS * unit
        lasting = _horizon(self.neuron.decay, self.steps)
        arriving = _horizon(self.neuron.synapse_decay, self.steps) if self.neuron.kind.synaptic else 1.0
        moved = lasting * (arriving * _rounding(self.biases, unit) + _rounding(self.leak_bias, unit))
        return moved + _rounding(self.starts, unit) <= LOST * self.threshold

    def _threshold_held(self, unit: float) -> bool:
        """Return whether the threshold survives it, too, if it is subtracted or counted in."""
        return not self._is_amount or _rounding(np.array([self.threshold]), unit) <= LOST * self.threshold


def _horizon(decay: Parameter, steps: int) -> float:
    """Return the number of steps over which a membrane or a current accumulates."""
    return min(steps, 1 / (1 - min(float(np.max(decay)), MOST_DECAY)))


def _rounding(values: Floats, unit: float) -> float:
    """Return the largest error of rounding to ``unit``."""
    return float(np.abs(np.rint(values / unit) * unit - values).max())
