"""Read the weights of sliding neurons."""

import math

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError, require
from tospike.hw.params.neurons.sliding import MAX_TAP_SHIFT, MAX_TAPS


def tap_weights(text: str) -> NDArray[np.float64]:
    """Return (1, n) or (channels, n) weights from a text such as ``0.5,-0.25`` or ``0.5,0;-1,0.125``.

    Raises
    ------
    InputError
        The text is none of these, or a weight is neither 0 nor a signed power of two from 2**-15 to 1.
    """
    rows = [row.split(",") for row in text.split(";")]
    length = len(rows[0])
    require(
        all(len(row) == length for row in rows) and length <= MAX_TAPS,
        f"taps {text!r} must have the same number of weights for each channel, at most {MAX_TAPS}",
    )
    try:
        weights = np.array([[float(each) for each in row] for row in rows])
    except ValueError:
        raise InputError(f"taps {text!r} are not numbers, such as 0.5,-0.25 or, per channel, 0.5,0;-1,0.125") from None
    wrong = next((value for value in weights.ravel().tolist() if not _is_tap(value)), None)
    require(
        wrong is None,
        f"a tap of {wrong} is neither 0 nor a signed power of two from 2**-{MAX_TAP_SHIFT} to 1: train with such "
        "weights, relative to that of the present input",
    )
    return weights


def _is_tap(value: float) -> bool:
    if not math.isfinite(value):
        return False
    mantissa, exponent = math.frexp(abs(value))
    return value == 0 or (mantissa == 0.5 and -MAX_TAP_SHIFT <= exponent - 1 <= 0)
