"""Integers for ``y = clamp(round((acc + bias) * multiplier / 2**shift))``, channel by channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import InputError, RequantizeParams
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NUDGES = (0, 1, -1, 2, -2, 3, -3, 4, -4)
"""Integers around the rounded bias that the fit tries."""
TIE = 1e-6
"""A threshold nearer than this to an accumulator's value is a tie."""
FLOAT32 = 2.0**-21
"""Relative to a sum, no less than what rounding it to float32 and dividing there can move it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """The integers, and how well they reproduce a trained quantiser."""

    bias: Ints
    """(channels,)."""
    multiplier: Ints
    """(channels,)."""
    shift: int
    inexact: int
    """Channels in which some accumulator gets another level than in the trained network."""


def requantizer(factor: Floats, params: RequantizeParams, name: str) -> tuple[Ints, int]:
    """Multipliers and their common shift with ``multiplier / 2**shift`` nearest to ``factor`` (outputs,).

    The shift is the largest with which the largest multiplier fits.
    """
    for shift in range(params.max_shift, 0, -1):
        multiplier = np.rint(factor * 2.0**shift)
        if multiplier.max() <= params.multiplier.max:
            return to_int64(multiplier, f"multipliers of stage {name!r}"), shift
    raise InputError(
        f"stage {name!r} needs a requantisation factor of {factor.max():g}, beyond {params.multiplier_bits} bits: "
        "give more act-bits or check its weights"
    )


def thresholds(unit: Floats, bias: Floats, grid: Grid, low: int, high: int) -> Ints:
    """(channels, high - low): the least accumulators that a quantiser takes to ``low + 1``, ... ``high``.

    Parameters
    ----------
    unit
        (channels,) real value of an accumulator's unit.
    bias
        (channels,) what is added to an accumulator, in its unit.
    grid
        The quantiser, of which the levels from ``low`` to ``high`` occur.
    """
    level = np.arange(low + 1, high + 1)
    position, included = grid.edges(level)
    exact = position * grid.scale / unit[:, None] - bias[:, None]
    nearest = np.rint(exact)
    near = np.full(nearest.shape, TIE)
    if grid.single:  # its ties are those of float32, whose rounding grows with the sum: ask the quantiser itself
        near = np.maximum(near, FLOAT32 * np.abs(nearest + bias[:, None]))
        included = grid.levels((nearest + bias[:, None]) * unit[:, None]) >= level
    met = np.where(np.abs(exact - nearest) < near, nearest + ~included, np.ceil(exact))
    return to_int64(met, "thresholds of a trained quantiser")


def fit_thresholds(
    steps: Ints, bias: Floats, factor: Floats, low: int, reach: tuple[Ints, Ints], params: RequantizeParams, name: str
) -> Fit:
    """Biases and multipliers that reach level ``low + 1 + i`` exactly from accumulator ``steps[:, i]`` upwards.

    The rounded bias and factor miss thresholds by up to an accumulator's unit, which counts where accumulators are
    small. Each threshold bounds the multiplier, for a given bias, from both sides; the fit takes the first bias near
    the rounded one that leaves a multiplier. For three levels from 0 upwards there always is one; not for levels
    around 0, because half way rounds upwards on both sides.

    Parameters
    ----------
    steps
        (channels, levels - 1), rising; see :func:`thresholds`.
    bias, factor
        (channels,) real values: ``(acc + bias) * factor`` is the level, before rounding.
    reach
        (channels,) lowest and highest accumulator that can occur: others are of no importance.
    """
    _, shift = requantizer(factor * 1.5, params, name)  # leaves room for the fit to go upwards
    nominal = to_int64(factor * 2.0**shift, f"multipliers of stage {name!r}")
    rounded = to_int64(bias, f"biases of stage {name!r}")
    chosen_bias, chosen, found = rounded.copy(), nominal.copy(), np.zeros(len(bias), dtype=bool)
    for nudge in NUDGES:
        least, most = _bounds(steps, rounded + nudge, low, shift, reach)
        most = np.minimum(most, params.multiplier.max)
        new = ~found & (least <= most)
        chosen_bias[new] = (rounded + nudge)[new]
        chosen[new] = np.clip(nominal, least, most)[new]
        found |= new
    return Fit(bias=chosen_bias, multiplier=chosen, shift=shift, inexact=int((~found).sum()))


def _bounds(steps: Ints, bias: Ints, low: int, shift: int, reach: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """(channels,) least and greatest multiplier with which every threshold is met; least > greatest if there is none.

    Level k is reached where ``2 * (acc + bias) * multiplier >= (2 * k - 1) * 2**shift``: by the accumulator at the
    threshold, not by the one below.
    """
    lowest, highest = (edge[:, None] for edge in reach)
    half = (2 * np.arange(low + 1, low + 1 + steps.shape[1]) - 1) << shift
    nothing, anything = np.int64(0), np.int64(1) << 40
    reached = 2 * (np.maximum(steps, lowest) + bias[:, None])
    occurs = steps <= highest
    least = np.where(occurs & (half > 0), np.where(reached > 0, _ceil(half, reached), anything), nothing)
    most = np.where(occurs & (half < 0) & (reached < 0), half // np.where(reached < 0, reached, 1), anything)
    missed = 2 * (np.minimum(steps - 1, highest) + bias[:, None])
    occurs = steps - 1 >= lowest
    most = np.minimum(most, np.where(occurs & (half > 0) & (missed > 0), _ceil(half, missed) - 1, anything))
    above = np.where(missed < 0, half // np.where(missed < 0, missed, 1) + 1, anything)
    least = np.maximum(least, np.where(occurs & (half < 0), above, nothing))
    return least.max(axis=1), most.min(axis=1)


def _ceil(a: Ints, b: Ints) -> Ints:
    """ceil(a / b) where b > 0; something where it is not."""
    return -(-a // np.where(b > 0, b, 1))
