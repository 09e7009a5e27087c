"""Choose the integers of ``y = clamp(round((acc + bias) * multiplier / 2**shift))``, channel by channel."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError, RequantizeParams, Rounding
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import QuantGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_MULTIPLIER = 128
"""A multiplier of 8 significant bits: its error is less than half a level of 256."""
NUDGES = 4
"""The fit tries biases up to this many steps from the rounded one, for steps of each power of two up to a unit."""
TIE = 1e-6
"""A threshold nearer than this to an accumulator's value is a tie."""
FLOAT32 = 2.0**-21
"""Relative error of a sum that is rounded to float32 and divided there: an upper bound."""
OUT_OF_REACH = 2.0**40
"""Accumulators of this magnitude do not occur."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """The integers, and how well they reproduce a trained quantiser."""

    bias: Ints
    """(channels,)."""
    multiplier: Ints
    """(channels,)."""
    inexact: NDArray[np.bool_]
    """(channels,) whether some accumulator gets another level than in the trained network."""


def common_shift(factor: Floats, largest: float, params: RequantizeParams, name: str) -> int:
    """Return the shift of a layer's channels: the largest for which the largest multiplier fits.

    If the smallest multiplier then had fewer than 8 bits, the shift is larger, and the largest multipliers are
    clipped.

    Parameters
    ----------
    factor
        (channels,) the real values of ``multiplier / 2**shift``, not empty.
    largest
        Factors above this may be clipped to it.
    """
    shift = _largest_shift(float(factor.max()), params, name)
    if factor.min() * 2.0**shift >= LEAST_MULTIPLIER or factor.max() <= largest:
        return shift
    enough = min(params.max_shift, math.ceil(math.log2(LEAST_MULTIPLIER / factor.min())))
    return max(shift, min(enough, _largest_shift(largest, params, name)))


def _largest_shift(factor: float, params: RequantizeParams, name: str) -> int:
    for shift in range(params.max_shift, 0, -1):
        if np.rint(factor * 2.0**shift) <= params.multiplier.max:
            return shift
    raise InputError(
        f"stage {name!r} needs a requantisation factor of {factor:g}, beyond {params.multiplier_bits} bits: "
        "give more multiplier-bits"
    )


def multipliers(factor: Floats, shift: int, params: RequantizeParams) -> Ints:
    """Return (channels,) the multipliers nearest to ``factor`` for a given shift, at least 1."""
    return to_int64(np.clip(factor * 2.0**shift, 1, params.multiplier.max), "multipliers")


def thresholds(unit: Floats, bias: Floats, grid: QuantGrid, low: int, high: int) -> Ints:
    """Return (channels, high - low): the least accumulators that a quantiser maps to ``low + 1``, ... ``high``.

    Parameters
    ----------
    unit
        (channels,) real value of an accumulator's unit.
    bias
        (channels,) the bias of an accumulator, in its unit.
    grid
        The quantiser.
    low, high
        The lowest and the highest of its levels that occur.
    """
    level = np.arange(low + 1, high + 1)
    position, included = grid.edges(level)
    exact = position * grid.scale / unit[:, None] - bias[:, None]
    exact = np.clip(exact, -OUT_OF_REACH, OUT_OF_REACH)
    nearest = np.rint(exact)
    near = np.full(nearest.shape, TIE)
    if grid.single or grid.rounds_quotient:
        # ties are those of float32, whose rounding error grows with the sum: ask the quantiser itself
        near = np.maximum(near, FLOAT32 * np.abs(nearest + bias[:, None]))
        included = grid.levels((nearest + bias[:, None]) * unit[:, None]) >= level
    least = np.where(np.abs(exact - nearest) < near, nearest + ~included, np.ceil(exact))
    return to_int64(least, "thresholds of a trained quantiser")


def fit_thresholds(
    steps: Ints, bias: Floats, nominal: Ints, low: int, bounds: tuple[Ints, Ints], shift: int, params: RequantizeParams
) -> Fit:
    """Return the biases and multipliers with which level ``low + 1 + i`` begins exactly at accumulator ``steps[:, i]``.

    The rounded bias and factor miss thresholds by up to one unit of the accumulator, which matters if accumulators are
    small. For a given bias, each threshold bounds the multiplier from both sides; the fit takes the bias nearest to
    the rounded one for which a multiplier remains. For three levels from 0 upwards there always is one, but not for
    levels on both sides of 0, because ties round upwards on both sides.

    Parameters
    ----------
    steps
        (channels, levels - 1), ascending; see :func:`thresholds`.
    bias
        (channels,) real values: ``(acc * 2**fraction_bits + bias) * multiplier / 2**shift`` is the level.
    nominal
        (channels,) multipliers from which the fit deviates as little as possible.
    low
        The lowest level.
    bounds
        (channels,) lowest and highest accumulator that can occur; only these matter.
    """
    rounded = to_int64(bias, "biases of a trained quantiser")
    chosen_bias, chosen, left = rounded.copy(), nominal.copy(), np.arange(len(bias))
    for nudge in _nudges(params.fraction_bits):
        ends = bounds[0][left], bounds[1][left]
        least, most = _multiplier_range(steps[left], rounded[left] + nudge, low, shift, ends, params)
        most = np.minimum(most, params.multiplier.max)
        found = least <= most
        chosen_bias[left[found]] += nudge
        chosen[left[found]] = np.clip(nominal[left], least, most)[found]
        left = left[~found]
    inexact = np.zeros(len(bias), dtype=bool)
    inexact[left] = True
    return Fit(bias=chosen_bias, multiplier=chosen, inexact=inexact)


def _nudges(fraction_bits: int) -> list[int]:
    """Return the changes of a bias to try, in the order of their size."""
    sizes = {number << bits for number in range(NUDGES + 1) for bits in range(fraction_bits + 1)}
    return sorted(sizes | {-size for size in sizes}, key=lambda nudge: (abs(nudge), -nudge))


def _multiplier_range(
    steps: Ints, bias: Ints, low: int, shift: int, bounds: tuple[Ints, Ints], params: RequantizeParams
) -> tuple[Ints, Ints]:
    """Return (channels,) least and greatest multiplier with which every threshold is met; least > greatest if there is
    none.

    Level k is reached if ``2 * (acc * 2**fraction_bits + bias) * multiplier >= (2 * k - 1) * 2**shift``: by the
    accumulator at the threshold, not by the one below. With ties to even, an odd k needs more than that.
    """
    level = np.arange(low + 1, low + 1 + steps.shape[1])
    odd = level % 2 if params.rounding is Rounding.HALF_EVEN else np.zeros_like(level)
    lowest, highest = (edge[:, None] for edge in bounds)
    steps = np.clip(steps, lowest, highest + 1)
    half = ((2 * level - 1) << shift) + odd  # the least product that reaches the level, an integer
    nothing, anything = np.int64(0), np.int64(1) << 40
    reached = 2 * ((steps << params.fraction_bits) + bias[:, None])
    occurs = steps <= highest
    least = np.where(occurs & (half > 0), np.where(reached > 0, _ceil(half, reached), anything), nothing)
    most = np.where(occurs & (half < 0) & (reached < 0), half // np.where(reached < 0, reached, 1), anything)
    missed = 2 * (((steps - 1) << params.fraction_bits) + bias[:, None])
    occurs = steps - 1 >= lowest
    most = np.minimum(most, np.where(occurs & (half > 0) & (missed > 0), _ceil(half, missed) - 1, anything))
    above = np.where(missed < 0, half // np.where(missed < 0, missed, 1) + 1, anything)
    least = np.maximum(least, np.where(occurs & (half < 0), above, nothing))
    return least.max(axis=1), most.min(axis=1)


def _ceil(a: Ints, b: Ints) -> Ints:
    """Return ceil(a / b) where b > 0, and an arbitrary value elsewhere."""
    return -(-a // np.where(b > 0, b, 1))
