"""The numbers that `tospike.hw.spiking.noise.Noise` makes."""

import numpy as np

from tospike.hw.params import NOISE_LAGS, NoiseParams
from tospike.sim.arithmetic import Ints


class NoiseSource:
    """Noise of the neurons of an engine, step by step: the same for every sample."""

    def __init__(self, params: NoiseParams, *, neurons: int, drawn: int):
        """``drawn`` numbers are drawn in each step, for as many lanes as all words together have."""
        self._params = params
        self._neurons = neurons
        self._drawn = drawn
        self._history = np.array([params.initial >> n & 1 for n in range(NOISE_LAGS[0])], dtype=np.int64)

    def step(self) -> Ints:
        """(neurons,) what is added to the membranes in the next step, before they are compared."""
        bits = self._params.bits
        length, tap = NOISE_LAGS
        sequence = self._history
        while len(sequence) < length + self._drawn * bits:  # as many bits as do not depend on each other
            end = len(sequence)
            sequence = np.concatenate([sequence, sequence[end - length : end - length + tap] ^ sequence[end - tap :]])
        new = sequence[length : length + self._drawn * bits].reshape(self._drawn, bits)
        self._history = sequence[self._drawn * bits : self._drawn * bits + length]
        unsigned = new @ (1 << np.arange(bits))
        signed = unsigned - (new[:, -1] << bits)
        return signed[: self._neurons] << self._params.shift
