"""The sliding parallel spiking neuron (Fang et al. 2023, arXiv:2304.12760)."""

import numpy as np

from tospike.hw.params import SlidingParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.threshold import ThresholdModel


class Sliding(ThresholdModel):
    """``v(t) = I(t) + sum over n of (I(t - n) >> taps[n - 1])``; spike when v > threshold."""

    params: SlidingParams

    def membrane(self, total: Ints) -> Ints:
        """Sum the current and the earlier inputs, and shift the latter by one step."""
        taps = self.params.taps
        inputs = [self.aux[f"input_{n}"] for n in range(1, len(taps) + 1)]
        for number, value in enumerate([total, *inputs[:-1]], 1):
            self.aux[f"input_{number}"] = value
        return self.add(total, sum(x >> tap for x, tap in zip(inputs, taps, strict=True)), self.params.state)

    def advance(self, base: Ints, amount: Ints | int, total: Ints) -> None:
        """Start from 0: the membrane does not persist."""
        super().advance(np.zeros_like(base), 0, total)
