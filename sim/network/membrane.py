"""Spiking neurons over time, in floating point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import Comparison, Reset, ResetTiming
from tospike.sim.network import Array, Parameter, SpikingNeuron

Floats = NDArray[np.float64]
TIE = 1e-5
"""What rounding in float32 may make of a membrane, relative to it or to the threshold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StageRun:
    """What one stage did for N samples."""

    outputs: Floats
    """What it sent: (N, outputs) activations, or (N, steps, outputs) spikes; zeros of a neuron without a threshold."""
    peak: float
    """Largest magnitude that a pre-activation, or a membrane before its reset, reached."""
    membrane: Floats | None = None
    """(N, outputs) membranes after the last step; ``None`` for an ANN stage."""


def integrate(neuron: SpikingNeuron, current: ArrayLike, recurrent: Array | None = None) -> StageRun:
    """Run a neuron over time.

    Parameters
    ----------
    neuron
        The neuron's equation.
    current
        (N, steps, outputs), bias included.
    recurrent
        (outputs, outputs) weights of the spikes of the step before.
    """
    drive = np.asarray(current, dtype=np.float64)
    samples, steps, outputs = drive.shape
    sent = np.zeros_like(drive)
    state = NeuronState(neuron, (samples, outputs))
    peak = 0.0
    for step in range(steps):
        external = drive[:, step]
        fed_back = 0.0 if recurrent is None or step == 0 else sent[:, step - 1] @ recurrent.T
        sent[:, step] = state.step(external + fed_back)
        peak = max(peak, float(np.abs(state.before_reset).max()))
    return StageRun(outputs=sent, peak=peak, membrane=state.read)


class NeuronState:
    """The state of (N, outputs) neurons, and a step of it."""

    def __init__(self, neuron: SpikingNeuron, shape: tuple[int, int]):
        self.neuron = neuron
        self.v = np.broadcast_to(neuron.initial * np.asarray(neuron.threshold, dtype=np.float64), shape)
        self.before_reset = self.v
        self._i = np.zeros(shape)
        self.sent = np.zeros(shape)
        """Spikes of the last step."""
        self._rests = np.zeros(shape, dtype=np.int64)  # remaining refractory steps
        self._owed = np.zeros(shape)  # snnTorch's ``reset``: 1 where v is above the threshold after its reset
        self.ties = np.zeros(shape, dtype=bool)
        """Of the last step: where the wanted spikes decided."""

    def step(self, current: Floats, wanted: Floats | None = None) -> Floats:
        """Spikes of a step.

        ``wanted`` (N, outputs) spikes are those of a computation in float32; they decide where the membrane is so close
        to a threshold that rounding might.
        """
        neuron = self.neuron
        before = self.v
        if neuron.kind.synaptic:
            current = self._i = neuron.synapse_decay * self._i + neuron.synapse_gain * current
        elif neuron.reset_timing is ResetTiming.NEXT and neuron.reset is not Reset.SUBTRACT:
            before = np.where(self.sent > 0, self._reset_value, before)
        v = neuron.decay * before + neuron.rest + neuron.gain * current
        if neuron.reset_timing is ResetTiming.NEXT and neuron.reset is Reset.SUBTRACT:
            v = v - self.sent * neuron.threshold
        elif neuron.reset_timing is ResetTiming.NEXT and neuron.kind.synaptic:
            v = np.where(self.sent > 0, self._reset_value, v)
        v = np.where(self._rests > 0, self._reset_value, v)
        self.before_reset = self.v = v
        if neuron.kind.spikes:
            self._fire(wanted)
        if neuron.floor is not None:
            self.v = np.maximum(self.v, neuron.floor)
        return self.sent

    @property
    def read(self) -> Floats:
        """(N, outputs) membranes as a readout gets them: without a threshold, before they are bounded below."""
        return self.v if self.neuron.kind.spikes else self.before_reset

    @property
    def _reset_value(self) -> Parameter:
        return self.neuron.v_reset if self.neuron.reset is Reset.VALUE else 0.0

    def _fire(self, wanted: Floats | None) -> None:
        neuron, v = self.neuron, self.v
        resting = self._rests > 0
        compared = v - self._owed * neuron.threshold
        self.sent = np.where(resting, 0.0, _count(neuron, compared))
        if wanted is not None:
            rounding = TIE * np.maximum(np.abs(v), neuron.threshold)
            possible = (_count(neuron, compared - rounding) <= wanted) & (wanted <= _count(neuron, compared + rounding))
            self.ties = (self.sent != wanted) & possible & ~resting
            self.sent = np.where(self.ties, wanted, self.sent)
        fired = self.sent > 0
        if neuron.reset_timing is not ResetTiming.NEXT:
            if neuron.reset is Reset.SUBTRACT:
                self.v = v - self.sent * neuron.threshold
            elif neuron.reset is not Reset.NONE:
                self.v = np.where(fired, self._reset_value, v)
        if neuron.reset_timing is ResetTiming.SNNTORCH:
            self._owed = _count(neuron, self.v)
        self._rests = np.where(fired, neuron.refractory, np.maximum(self._rests - 1, 0))


def _count(neuron: SpikingNeuron, v: Floats) -> Floats:
    """Return how many thresholds ``v`` exceeds, at most as many as a neuron may spike in a step."""
    compare = np.greater if neuron.comparison is Comparison.ABOVE else np.greater_equal
    counts = (compare(v, (n + 1) * np.asarray(neuron.threshold)) for n in range((1 << neuron.spike_bits) - 1))
    return sum(counts, start=np.zeros(v.shape))
