"""The step of a grid on which stored values already lie: integers, tenths, the levels of a trained quantiser."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import require_range

Floats = NDArray[np.float64]

TOLERANCE = 2.0**-20
"""How far a value may be off its multiple, relative to itself: values come as float32, which rounds by 2**-25."""
FURTHEST_OFF = 2.0**-3
"""The same in steps, for large multiples."""
PROBES = 64
"""So many of the values are tried with every step before the others are looked at."""
LEAST = float(np.finfo(np.float64).tiny) * 2.0**20
"""Steps below this lose precision."""


def common_step(values: Iterable[ArrayLike], largest: int, *, unbounded: Iterable[ArrayLike] = ()) -> float | None:
    """Return the largest step of which all values are integer multiples.

    Parameters
    ----------
    values
        Arrays of any shapes, whose multiples must not exceed ``largest``: weights.
    largest
        1 to 65535, as a signed weight of up to 17 bits has it.
    unbounded
        Arrays whose multiples may be of any size: biases, thresholds.

    Returns
    -------
    The step, or ``None`` if there is none: too many levels, values that are not finite, or nothing but zeros in
    ``values``. A single magnitude is its own step (weights of +a, 0 and -a are 1, 0 and -1). Where all values are
    integer multiples of a power of two, as float64 has them, the step has no rounding of its own.

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
    for some in (_spread(bounded), _spread(others)):
        steps = steps[_are_multiples(some[None, :], steps[:, None])]
    for step in steps:
        if all(_are_multiples(all_of_them, step) for all_of_them in (bounded, others)):
            return float(step)
    return None


def _magnitudes(arrays: Iterable[ArrayLike]) -> Floats:
    """Return the magnitudes that are not zero, each once, in ascending order; NaN comes last."""
    flat = [np.abs(np.asarray(array, dtype=np.float64)).ravel() for array in arrays]
    found = np.unique(np.concatenate(flat)) if flat else np.zeros(0)
    return found[found != 0]


def _spread(magnitudes: Floats) -> Floats:
    if magnitudes.size <= PROBES:
        return magnitudes
    return magnitudes[np.arange(PROBES) * (magnitudes.size - 1) // (PROBES - 1)]


def _are_multiples(magnitudes: Floats, steps: Floats) -> NDArray[np.bool_]:
    """Return whether all along the last axis are multiples, of one step at least."""
    with np.errstate(over="ignore"):  # of a huge value in tiny steps, infinity is no multiple
        multiples = magnitudes / steps
    nearest = np.rint(multiples)
    with np.errstate(invalid="ignore"):
        off = np.abs(multiples - nearest)
    return np.asarray(((nearest > 0) & (off <= np.minimum(TOLERANCE * nearest, FURTHEST_OFF))).all(axis=-1))
