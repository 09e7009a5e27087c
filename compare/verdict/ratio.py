"""The ratio of two sides' energies, and its interval over training seeds and over inputs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from tospike.hw.params import require

CONFIDENCE = 0.90
"""Of the interval, so that each of its ends is a one-sided bound at 95 %."""


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """log(SNN / ANN) and its interval."""

    value: float
    low: float
    high: float
    """Over ``over``, with the prices as stated."""
    over: tuple[str, ...]
    """``"inputs"``, and ``"seeds"`` if a side has several."""
    prices: tuple[float, float] = (0.0, 0.0)
    """By how much uncertain prices may move the value, down and up."""

    @property
    def lowest(self) -> float:
        """Lower end over everything."""
        return self.low + self.prices[0]

    @property
    def highest(self) -> float:
        """Upper end over everything."""
        return self.high + self.prices[1]

    @property
    def ratio(self) -> float:
        """SNN over ANN."""
        return math.exp(self.value)

    @property
    def interval(self) -> tuple[float, float]:
        """Of the ratio, over everything."""
        return math.exp(self.lowest), math.exp(self.highest)

    def over_corners(self, ann: Sequence[float], snn: Sequence[float], *, stated: float) -> "LogRatio":
        """Return this ratio with an interval that is also over uncertain prices.

        Parameters
        ----------
        ann, snn
            Mean energies, of some or all of the runs, with the prices at the ends of their ranges, the same combination
            of ends at the same place: the ratio is a quotient of sums of prices, so that it is extreme in one of them.
        stated
            The ratio of the same means with the prices as stated.
        """
        moved = [math.log(above / below / stated) for below, above in zip(ann, snn, strict=True)]
        return replace(self, prices=(min(moved, default=0.0), max(moved, default=0.0)))


def energy_ratio(ann: NDArray[np.float64], snn: NDArray[np.float64], *, confidence: float = CONFIDENCE) -> LogRatio:
    """Return the ratio of mean energies.

    The variance of its logarithm has three parts. The seeds of the sides are independent: each adds the variance of
    its seeds' mean logarithm (B. L. Welch, "The generalization of Student's problem", Biometrika 34, 1947). The inputs
    are the same for both, so what counts is how the difference of relative energies varies from input to input (the
    delta method). The quantile is Student's, with the degrees of freedom of the sum by Satterthwaite (Biometrics
    Bulletin 2, 1946).

    Parameters
    ----------
    ann, snn
        Energies, (seeds, inputs), of the same inputs.

    Raises
    ------
    InputError
        The inputs are not the same, an energy is not positive, or there is nothing.
    """
    require(
        ann.ndim == snn.ndim == 2 and ann.shape[1] == snn.shape[1] and min(ann.size, snn.size) > 0,
        f"energies can only be compared on the same inputs: shapes {ann.shape} and {snn.shape}",
    )
    require(bool((ann > 0).all() and (snn > 0).all()), "energies must be above 0")
    value = math.log(snn.mean() / ann.mean())
    parts = [*(_seed_part(side) for side in (ann, snn)), _input_part(ann, snn)]
    known = [(variance, freedom) for variance, freedom in parts if freedom > 0]
    half = _half_width(known, confidence)
    seeds = ("seeds",) if max(len(ann), len(snn)) > 1 else ()
    return LogRatio(value=value, low=value - half, high=value + half, over=("inputs", *seeds))


def _seed_part(side: NDArray[np.float64]) -> tuple[float, int]:
    """Return the variance of a side's mean over its seeds, as a logarithm, and its degrees of freedom."""
    means = np.log(side.mean(axis=1))
    return (float(means.var(ddof=1)) / len(means), len(means) - 1) if len(means) > 1 else (0.0, 0)


def _input_part(ann: NDArray[np.float64], snn: NDArray[np.float64]) -> tuple[float, int]:
    """Return the variance of the logarithm of the ratio over inputs, and its degrees of freedom."""
    below, above = ann.mean(axis=0), snn.mean(axis=0)
    relative = above / above.mean() - below / below.mean()
    return (float(relative.var(ddof=1)) / relative.size, relative.size - 1) if relative.size > 1 else (0.0, 0)


def _half_width(parts: Sequence[tuple[float, int]], confidence: float) -> float:
    """Return half the width of the interval from (variance, degrees of freedom) of its independent parts."""
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(variance**2 / freedom for variance, freedom in parts)
    return float(student.ppf((1 + confidence) / 2, freedom)) * math.sqrt(total)
