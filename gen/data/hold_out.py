"""Split data without a training part: hold some samples out for the test."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require

Part = tuple[NDArray[Any], NDArray[np.int64]]
"""Samples and their labels."""


def hold_out(
    samples: NDArray[Any], labels: NDArray[np.int64], every: int, fold: int | None = None
) -> tuple[Part, Part]:
    """Return test and training part: sample i is a test sample if ``i % every == fold - 1``; ``fold`` is the last.

    Raises
    ------
    InputError
        ``every`` would leave one part empty, or there is no such fold.
    """
    require(
        2 <= every <= len(samples),
        f"hold-out {every} leaves no test or no training samples: give 2 to {len(samples)}",
    )
    require(fold is None or 1 <= fold <= every, f"there is no test fold {fold}: give 1 to {every}")
    test = np.arange(len(samples)) % every == (fold or every) - 1
    return (samples[test], labels[test]), (samples[~test], labels[~test])
