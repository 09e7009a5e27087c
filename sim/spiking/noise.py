"""Golden model of `tospike.hw.spiking.noise.Noise`, the noise of thresholds."""

import numpy as np

from tospike.hw.params import NOISE_LAGS, NoiseParams
from tospike.sim.arithmetic import Ints


class NoiseSource:
    """The noise of an engine's neurons step by step, the same for every sample."""

    def __init__(self, params: NoiseParams, *, neurons: int, drawn: int, positions: int = 1):
        """Each step draws ``drawn`` numbers, one for each lane of every word, whether it has a neuron or not. A window
        has as many words at each of its ``positions``."""
        self._params = params
        self._neurons = neurons
        self._positions = positions
        self._drawn = drawn
        self.history = np.array([params.initial >> n & 1 for n in range(NOISE_LAGS[0])], dtype=np.int64)

    def step(self) -> Ints:
        """Return the (neurons,) noise of the next step, which is added to the membranes before the comparison."""
        params = self._params
        bits, needed = params.bits, self._drawn * params.drawn_bits
        length, tap = NOISE_LAGS
        sequence = self.history
        while len(sequence) < length + needed:  # append as many bits as are independent of each other
            end = len(sequence)
            sequence = np.concatenate([sequence, sequence[end - length : end - length + tap] ^ sequence[end - tap :]])
        new = sequence[length : length + needed].reshape(self._drawn, params.draws, bits)
        self.history = sequence[needed : needed + length]
        unsigned = new @ (1 << np.arange(bits))
        scaled = (unsigned - (new[..., -1] << bits)).sum(axis=1) * params.scale
        if params.shift >= 0:
            return self._with_neurons(scaled) << params.shift
        dropped = -params.shift  # rounded, and the mean of -1/2 per integer removed
        centred = scaled + (params.draws * params.scale + (1 << dropped)) // 2
        return self._with_neurons(centred) >> dropped

    def _with_neurons(self, drawn: Ints) -> Ints:
        """Return the (neurons,) numbers of lanes that have one."""
        each = self._neurons // self._positions
        return drawn.reshape(self._positions, -1)[:, :each].ravel()
