"""Find the step of a grid on which stored values already lie: integers, tenths, a trained quantiser's levels."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import require_range

Floats = NDArray[np.float64]

TOLERANCE = 2.0**-20
"""Relative deviation of a value from its multiple that is tolerated: values are float32, which rounds by 2**-25."""
MAX_DEVIATION = 2.0**-3
"""The same in steps, for large multiples."""
PROBES = 64
"""Number of values that are tried with every step before the rest is checked."""
LEAST = float(np.finfo(np.float64).tiny) * 2.0**20
"""Steps below this lose precision."""


def common_step(values: Iterable[ArrayLike], largest: int, *, unbounded: Iterable[ArrayLike] = ()) -> float | None:
    """Return the largest step of which all values are integer multiples.

    Parameters
    ----------
    values
        Arrays of any shape, whose multiples must not exceed ``largest``: weights.
    largest
        1 to 65535, the maximum of a signed weight of up to 17 bits.
    unbounded
        Arrays whose multiples may be of any size: biases, thresholds.

    Returns
    -------
    The step, or ``None`` if there is none: too many levels, values that are not finite, or only zeros in
    ``values``. A single magnitude is its own step (weights of +a, 0 and -a are 1, 0 and -1). If all values are
    integer multiples of a power of two, float64 represents the step exactly.

    Notes
    -----
    A step divides the largest of ``values``, so there are ``largest`` steps to try; nearly all of them fail on a few
    values, and the work is bounded by ``largest * PROBES`` and a few passes over the values.
    """
    require_range("largest multiple", largest, 1, 65535)
    bounded, others = _magnitudes(values), _magnitudes(unbounded)
    if not bounded.size or not np.isfinite(bounded[-1]) or (others.size and not np.isfinite(others[-1])):
        return None
    steps = bounded[-1] / np.arange(1, largest + 1)
    steps = steps[steps >= LEAST]
    for probes in (_spread(bounded), _spread(others)):
        steps = steps[_are_multiples(probes[None, :], steps[:, None])]
    for step in steps:
        if all(_are_multiples(magnitudes, step) for magnitudes in (bounded, others)):
            return float(step)
    return None


def _magnitudes(arrays: Iterable[ArrayLike]) -> Floats:
    """Return the distinct non-zero magnitudes in ascending order; NaN comes last."""
    flat = [np.abs(np.asarray(array, dtype=np.float64)).ravel() for array in arrays]
    found = np.unique(np.concatenate(flat)) if flat else np.zeros(0)
    return found[found != 0]


def _spread(magnitudes: Floats) -> Floats:
    if magnitudes.size <= PROBES:
        return magnitudes
    return magnitudes[np.arange(PROBES) * (magnitudes.size - 1) // (PROBES - 1)]


def _are_multiples(magnitudes: Floats, steps: Floats) -> NDArray[np.bool_]:
    """Return whether all magnitudes along the last axis are non-zero multiples of the step."""
    with np.errstate(over="ignore"):  # a huge value in tiny steps is infinity, which is no multiple
        multiples = magnitudes / steps
    nearest = np.rint(multiples)
    with np.errstate(invalid="ignore"):
        deviation = np.abs(multiples - nearest)
    return np.asarray(((nearest > 0) & (deviation <= np.minimum(TOLERANCE * nearest, MAX_DEVIATION))).all(axis=-1))
