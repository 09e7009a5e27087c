"""Noise of the thresholds of a float network."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require, require_range

MOST_NOISE = 16.0
"""Largest standard deviation, in thresholds."""


class NoiseShape(StrEnum):
    """The distribution of noise."""

    UNIFORM = "uniform"
    """Uniform numbers."""
    GAUSSIAN = "gaussian"
    """Nearly Gaussian: sums of four uniform numbers."""

    @property
    def draws(self) -> int:
        """Uniform numbers whose sum it is."""
        return 4 if self is NoiseShape.GAUSSIAN else 1


@dataclass(frozen=True, kw_only=True)
class ThresholdNoise:
    """Noise for each neuron in each step, the same for every sample.

    The float network and the hardware draw from the same distribution, but not the same numbers: the latter depend on
    the order in which an engine updates its neurons.
    """

    deviation: float
    """Standard deviation, in thresholds."""
    shape: NoiseShape = NoiseShape.GAUSSIAN
    seed: int = 1

    def __post_init__(self) -> None:
        require(
            0 < self.deviation <= MOST_NOISE, f"noise must be above 0 and at most {MOST_NOISE:g}, not {self.deviation}"
        )
        require_range("noise-seed", self.seed, 0, (1 << 32) - 1)

    def numbers(self) -> "NoiseNumbers":
        """Return the numbers of a sample, from its start."""
        return NoiseNumbers(self)


class NoiseNumbers:
    """The numbers of a sample, step by step."""

    def __init__(self, noise: ThresholdNoise):
        self._noise = noise
        self._generator = np.random.default_rng(noise.seed)

    def step(self, outputs: int) -> NDArray[np.float64]:
        """Return (outputs,) numbers in thresholds."""
        draws = self._noise.shape.draws
        sums = self._generator.uniform(-0.5, 0.5, (outputs, draws)).sum(axis=1)
        return sums * (self._noise.deviation / np.sqrt(draws / 12))
