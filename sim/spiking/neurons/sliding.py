"""The sliding parallel spiking neuron (Fang et al. 2023, arXiv:2304.12760)."""

from collections.abc import Sequence

import numpy as np

from tospike.hw.params import SlidingParams
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.threshold import ThresholdModel


class Sliding(ThresholdModel):
    """``v(t) = I(t) + sum over n of +-(I(t - n * dilation) >> shift)``; spike when v > threshold.

    Codes of taps: 0 to 15 is a shift, 16 to 31 a shift of 16 less, negated, and 32 no tap.
    """

    params: SlidingParams

    def membrane(self, total: Ints) -> Ints:
        """Sum the current and the earlier inputs, and shift the latter by one step."""
        params = self.params
        inputs = [self.aux[f"input_{n}"] for n in range(1, params.inputs + 1)]
        for number, value in enumerate([total, *inputs[:-1]], 1):
            self.aux[f"input_{number}"] = value
        used = inputs[params.dilation - 1 :: params.dilation]
        codes: Sequence[Ints | int] = params.taps
        if params.varies:
            codes = [self.decays[f"tap_{n}"] for n in range(1, len(used) + 1)]
        weighted = np.zeros_like(total)
        for value, code in zip(used, codes, strict=True):
            weighted = weighted + _weighted(value, code)
        return self.add(total, weighted, params.state)

    def advance(self, base: Ints, amount: Ints | int, total: Ints) -> None:
        """Start from 0: the membrane does not persist."""
        super().advance(np.zeros_like(base), 0, total)


def _weighted(value: Ints, code: Ints | int) -> Ints:
    sign = np.where(np.asarray(code) == 32, 0, np.where(np.asarray(code) >= 16, -1, 1))
    return (value >> (np.asarray(code) & 15)) * sign
