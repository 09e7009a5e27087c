"""Whether one network answers as well as another on the same samples, up to a margin."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from tospike.hw.params import require

CONFIDENCE = 0.95
"""Of the one-sided bound."""
MARGIN = 0.01
FEW_ANSWERS = 2000
"""With fewer answers the margin is twice as wide: a point would be lost in chance."""


@dataclass(frozen=True, kw_only=True)
class PairedAccuracy:
    """The accuracies of two networks on the same samples, compared."""

    reference: float
    other: float
    """Mean over samples and seeds, as fractions."""
    bound: float
    """The lower bound of ``other - reference``, at `CONFIDENCE` on one side."""
    margin: float
    """How much of the reference's accuracy may be missing."""

    @property
    def is_noninferior(self) -> bool:
        """Whether the other network loses less than the margin, beyond what chance explains."""
        return self.bound > -self.margin


def margin_for(answers: int) -> float:
    """Return the margin for a number of answers, as a fraction."""
    return MARGIN if answers >= FEW_ANSWERS else 2 * MARGIN


def compare_accuracy(reference: NDArray[np.bool_], other: NDArray[np.bool_]) -> PairedAccuracy:
    """Compare two networks, each trained with one or several seeds, on the same samples.

    Every seed of one network forms a pair with every seed of the other one, for each sample. The answers of a sample
    are a cluster: the variance of the samples' mean differences, over that of as many independent pairs, says how many
    independent pairs they are worth (J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered
    binary data", Biometrics 48, 1992).

    Parameters
    ----------
    reference, other
        Whether each answer was right, (seeds, samples). The seeds of the two are independent.

    Raises
    ------
    InputError
        The samples are not the same, or there are none.
    """
    require(
        reference.ndim == other.ndim == 2
        and reference.shape[1] == other.shape[1]
        and min(reference.size, other.size) > 0,
        f"accuracies can only be compared on the same samples: shapes {reference.shape} and {other.shape}",
    )
    right, better = reference.mean(axis=0), other.mean(axis=0)
    samples = right.size
    gained, lost = float(np.sum(better * (1 - right))), float(np.sum(right * (1 - better)))
    clustered = float(np.var(better - right))
    independent = (gained + lost) / samples - ((gained - lost) / samples) ** 2
    most = reference.shape[0] * other.shape[0]
    worth = min(independent / clustered, most) if clustered > 0 else 1.0
    return PairedAccuracy(
        # counts over answers, so that equal accuracies are equal numbers, whatever the seeds
        reference=float(reference.mean()),
        other=float(other.mean()),
        bound=score_bound(gained * worth, lost * worth, samples * worth),
        margin=margin_for(max(reference.size, other.size)),
    )


def score_bound(gained: float, lost: float, pairs: float, *, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided lower score bound of a difference of paired proportions.

    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17, 1998, equations 9 to 12: the difference at which the score statistic equals
    the normal quantile. It holds without discordant pairs, too, where Wald's interval has width 0.

    Parameters
    ----------
    gained, lost
        Pairs where only the other network is right, and where only the reference is. They need not be whole numbers.
    pairs
        All pairs.
    confidence
        Of the bound.
    """
    quantile = NormalDist().inv_cdf(confidence)
    estimate = (gained - lost) / pairs

    def excess(difference: float) -> float:
        return _score(gained, lost, pairs, difference) - quantile

    if excess(-1 + 1e-12) < 0:
        return -1.0
    return float(brentq(excess, -1 + 1e-12, estimate)) if estimate > -1 else -1.0


def _score(gained: float, lost: float, pairs: float, difference: float) -> float:
    """Return the score statistic of the hypothesis that ``other - reference`` is ``difference``."""
    # the proportion of lost pairs that is most likely under the hypothesis
    square = 2 * pairs
    linear = -gained - lost + (2 * pairs - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    likely = (math.sqrt(max(0.0, linear**2 - 4 * square * constant)) - linear) / (2 * square)
    variance = pairs * (2 * likely + difference * (1 - difference))
    distance = gained - lost - pairs * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance) if distance else 0.0
