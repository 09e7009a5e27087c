"""The float model of spiking neurons over time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import Comparison, PayloadCode, Reset, ResetTiming
from tospike.sim.network import Array, Parameter, SpikingNeuron

Floats = NDArray[np.float64]
TIE = 1e-5
"""Rounding error of a membrane computed in float32, relative to the larger of membrane and threshold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StageRun:
    """The results of one stage for N samples."""

    outputs: Floats
    """(N, outputs) activations, or (N, steps, outputs) spikes, all zero for a neuron without a threshold."""
    peak: float
    """Largest magnitude of a pre-activation, or of a membrane before its reset."""
    membrane: Floats | None = None
    """(N, outputs) membranes after the last step; ``None`` for an ANN stage."""
    reach: tuple[float, float] = (0.0, 0.0)
    """The least and the largest sum of an ANN stage."""


def integrate(neuron: SpikingNeuron, current: ArrayLike, recurrent: Array | None = None) -> StageRun:
    """Run neurons over time.

    Parameters
    ----------
    neuron
        The neuron model.
    current
        (N, steps, outputs) weighted inputs, bias included.
    recurrent
        (outputs, outputs) weights of the previous step's spikes.
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
    """The state of (N, outputs) neurons, which `step` advances."""

    def __init__(self, neuron: SpikingNeuron, shape: tuple[int, int]):
        self.neuron = neuron
        self.v = np.broadcast_to(neuron.initial * np.asarray(neuron.threshold, dtype=np.float64), shape)
        self.before_reset = self.v
        self._i = np.zeros(shape)
        self.sent = np.zeros(shape)
        """Spikes of the last step."""
        self._refractory = np.zeros(shape, dtype=np.int64)  # remaining refractory steps
        self._pending_reset = np.zeros(shape)  # snnTorch's ``reset``: 1 where v exceeds the threshold after its reset
        self.ties = np.zeros(shape, dtype=bool)
        """Where ``wanted`` decided in the last step."""
        self._step = 0
        self._run = np.zeros(shape, dtype=np.int64)  # spikes of a burst so far
        self._threshold_offset = np.zeros(shape)  # of an adaptive threshold, in thresholds
        steps = 0 if neuron.taps is None else neuron.taps.shape[1] * neuron.dilation
        self._inputs = [np.zeros(shape)] * steps  # of a sliding neuron, the most recent first
        self._noise = None if neuron.noise is None else neuron.noise.numbers()

    def step(self, current: Floats, wanted: Floats | None = None) -> Floats:
        """Advance by a step, and return the (N, outputs) spikes.

        ``wanted`` are the (N, outputs) spikes of a computation in float32: they break ties, where a membrane is within
        the rounding error of a threshold.
        """
        neuron = self.neuron
        before = self.v
        if neuron.kind.synaptic:
            current = self._i = neuron.synapse_decay * self._i + neuron.synapse_gain * current
        elif neuron.reset_timing is ResetTiming.NEXT and neuron.reset is not Reset.SUBTRACT:
            before = np.where(self.sent > 0, self._reset_value, before)
        v = neuron.decay * before + neuron.rest + neuron.gain * current
        if neuron.taps is not None:
            for number, weights in enumerate(neuron.taps.T, 1):
                v = v + weights * self._inputs[number * neuron.dilation - 1]
            self._inputs = [neuron.gain * current, *self._inputs[:-1]]
        if neuron.reset_timing is ResetTiming.NEXT and neuron.reset is Reset.SUBTRACT:
            v = v - self.sent * neuron.threshold
        elif neuron.reset_timing is ResetTiming.NEXT and neuron.kind.synaptic:
            v = np.where(self.sent > 0, self._reset_value, v)
        v = np.where(self._refractory > 0, self._reset_value, v)
        self.before_reset = self.v = v
        fires = neuron.firing is None or neuron.firing.covers(self._step)
        self._step += 1
        if neuron.kind.spikes and fires:
            self._fire(wanted)
        elif neuron.kind.spikes:
            self.sent = np.zeros_like(v)
        if neuron.floor is not None and fires:
            self.v = np.maximum(self.v, neuron.floor)
        return self.sent

    @property
    def read(self) -> Floats:
        """(N, outputs) membranes as a readout sees them; without a threshold, before the lower bound is applied."""
        return self.v if self.neuron.kind.spikes else self.before_reset

    @property
    def _reset_value(self) -> Parameter:
        return self.neuron.v_reset if self.neuron.reset is Reset.VALUE else 0.0

    def _fire(self, wanted: Floats | None) -> None:
        neuron, v = self.neuron, self.v
        refractory = self._refractory > 0
        compared = v - (self._pending_reset + self._threshold_offset) * neuron.threshold
        if self._noise is not None:
            compared = compared + self._noise.step(v.shape[1]) * neuron.threshold
        self.sent = np.where(refractory, 0.0, self._payload(compared))
        if wanted is not None:
            error = TIE * np.maximum(np.abs(v), neuron.threshold)
            fewest, most = self._payload(compared - error), self._payload(compared + error)
            self.ties = (self.sent != wanted) & (fewest <= wanted) & (wanted <= most) & ~refractory
            self.sent = np.where(self.ties, wanted, self.sent)
        fired = self.sent > 0
        self._run = np.where(fired, self._run + 1, 0)
        if neuron.adaptation:
            self._threshold_offset = neuron.adaptation_decay * self._threshold_offset + neuron.adaptation * fired
        if neuron.reset_timing is not ResetTiming.NEXT:
            if neuron.reset is Reset.SUBTRACT:
                self.v = v - self.sent * neuron.threshold
            elif neuron.reset is not Reset.NONE:
                self.v = np.where(fired, self._reset_value, v)
        if neuron.reset_timing is ResetTiming.SNNTORCH:
            self._pending_reset = _count_spikes(neuron, self.v)
        self._refractory = np.where(fired, neuron.refractory, np.maximum(self._refractory - 1, 0))

    def _payload(self, v: Floats) -> Floats:
        """Return the payload of the spikes of membranes ``v``."""
        neuron, last = self.neuron, self.neuron.spike_bits - 1
        if neuron.code is PayloadCode.COUNT:
            return _count_spikes(neuron, v)
        burst = neuron.code is PayloadCode.BURST
        exponent = np.minimum(self._run, last) if burst else last - (self._step - 1) % neuron.spike_bits
        payload = np.exp2(exponent, dtype=np.float64)
        return np.where(_compare(neuron, v, payload * neuron.threshold), payload, 0.0)


def _count_spikes(neuron: SpikingNeuron, v: Floats) -> Floats:
    """Return how many multiples of the threshold ``v`` exceeds, limited to the spikes that fit ``spike_bits``."""
    multiples = ((n + 1) * np.asarray(neuron.threshold) for n in range((1 << neuron.spike_bits) - 1))
    return sum((_compare(neuron, v, threshold).astype(np.float64) for threshold in multiples), start=np.zeros(v.shape))


def _compare(neuron: SpikingNeuron, v: Floats, threshold: Parameter) -> NDArray[np.bool_]:
    """Return whether membranes are above a threshold, or at it where that suffices."""
    return v > threshold if neuron.comparison is Comparison.ABOVE else v >= threshold
