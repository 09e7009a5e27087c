"""Choose a scale, the real value of one unit of an integer format, and compute its rounding error."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import IntFormat, ceil_div, require
from tospike.sim.arithmetic import to_int64

MSE_CANDIDATES = np.linspace(0.3, 1.0, 71)
"""Fractions of the largest magnitude that the search tries as the end of the range."""
LEAST = float(np.finfo(np.float32).tiny)
SEARCHED_VALUES = 1 << 18
"""Most magnitudes that the search uses, evenly spaced."""

_BLOCK = 1 << 16
"""Numbers that the search processes at a time, so that they fit into a processor's cache."""


class ScaleMethod(StrEnum):
    """Where the integer range ends."""

    MAX = "max"
    """At the largest magnitude: nothing saturates."""
    PERCENTILE = "percentile"
    """At the 99.9th percentile of the non-zero magnitudes."""
    MSE = "mse"
    """Where the mean squared error of rounding and saturation is least."""


def choose_scale(values: ArrayLike, fmt: IntFormat, method: ScaleMethod) -> float:
    """Return the scale for ``values``: integer = round(value / scale), saturated.

    Signed formats use -max..max, so that a value and its negative have the same magnitude. Values that are all zero, or
    below the normal numbers of float32, get scale 1.
    """
    require(fmt.max >= 1, "a signed number of 1 bit is 0 or -1: give --input-bits or --act-bits 2 or more")
    magnitudes = np.abs(np.asarray(values, dtype=np.float64)).ravel()
    magnitudes = magnitudes[magnitudes > 0]
    if magnitudes.max(initial=0) < LEAST:
        return 1.0
    if method is ScaleMethod.PERCENTILE:
        return float(np.percentile(magnitudes, 99.9)) / fmt.max
    widest = float(magnitudes.max()) / fmt.max
    if method is ScaleMethod.MAX:
        return widest
    magnitudes = magnitudes[:: ceil_div(magnitudes.size, SEARCHED_VALUES)]
    scales = widest * MSE_CANDIDATES[::-1]
    at_once = max(1, _BLOCK // magnitudes.size)
    errors = [_errors(magnitudes, scales[first : first + at_once], fmt) for first in range(0, scales.size, at_once)]
    return float(scales[np.argmin(np.concatenate(errors))])


def _errors(magnitudes: NDArray[np.float64], scales: NDArray[np.float64], fmt: IntFormat) -> NDArray[np.float64]:
    """Return the mean squared error of ``magnitudes`` with each of the scales."""
    column = scales[:, None]
    levels = np.minimum(np.rint(magnitudes / column), fmt.max)
    return np.mean((levels * column - magnitudes) ** 2, axis=1)


def to_grid(values: ArrayLike, scale: ArrayLike, fmt: IntFormat) -> NDArray[np.int64]:
    """Return ``round(values / scale)``, saturated to -max..max (0..max if unsigned); ``scale`` broadcasts."""
    levels = np.rint(np.asarray(values, dtype=np.float64) / np.asarray(scale, dtype=np.float64))
    return to_int64(np.clip(levels, -fmt.max if fmt.signed else 0, fmt.max), "weights, in units of their scale")


def relative_error(rounded: NDArray[np.generic], exact: NDArray[np.generic]) -> float:
    """Return the root mean square of the difference over that of ``exact``; 0 if ``exact`` is 0."""
    power = float(np.mean(np.square(exact.astype(np.float64))))
    error = float(np.mean(np.square(rounded.astype(np.float64) - exact.astype(np.float64))))
    return float(np.sqrt(error / power)) if power else 0.0


def signed_bits(value: int) -> int:
    """Return the bits that ``value`` needs in two's complement."""
    return (value if value >= 0 else -value - 1).bit_length() + 1
