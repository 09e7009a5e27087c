"""Quantise the last layer of an ANN: its sums are the logits, in a unit of their own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.integer_sums import Sums, Weighted, addition_sums, pool_sums
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import IntFormat
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Add, AveragePool2d, Conv2d, Dense, QuantGrid, Stage, SumPool2d

Ints = NDArray[np.int64]

FINENESS = 2.0**-12
"""Fraction of the range of the sums by which the rounding of a bias may move a logit."""
OF_WEIGHTS = 1 / 64
"""Alternatively, this fraction of the most that the rounding of weights moves it."""
BIAS_BITS = 15
"""Bits of the largest bias if there are no weights."""
MOST_FRACTION_BITS = 15
"""See `RequantizeParams`."""


def logit_sums(
    stage: Stage,
    sources: list[QuantGrid],
    act: IntFormat,
    options: QuantizeOptions,
    means: NDArray[np.float64] | None = None,
) -> Sums:
    """Return the integer sums of the last layer: all channels have one unit, because they are compared.

    ``means`` are those of `Weighted`.
    """
    synapses = stage.synapses
    if isinstance(synapses, Add):
        sums = addition_sums(synapses, sources)
        unit = _unit_of_biases(synapses.bias)
        return sums if sums.rows.any() else replace(sums, unit=np.full_like(sums.unit, unit))
    if isinstance(synapses, AveragePool2d | SumPool2d):
        return pool_sums(synapses, sources[0], stage.name)
    assert isinstance(synapses, Dense | Conv2d)
    weights = Weighted(
        synapses=synapses, source=sources[0], options=options, one_scale=True, name=stage.name, means=means
    )
    scale = float(weights.own_scales().max())
    if not scale:
        scale = _unit_of_biases(synapses.bias) / float(sources[0].scale)
    no_constant = np.zeros(synapses.channels, dtype=bool)
    largest = IntFormat(bits=options.acc_bits, signed=True).max
    scales = weights.hold_biases(np.full(synapses.channels, scale), no_constant, act, largest)
    return weights.sums(scales, no_constant)


def _unit_of_biases(bias: NDArray[np.floating]) -> float:
    """Return the unit for a layer of biases only."""
    return float(np.abs(bias).max()) / 2**BIAS_BITS or 1.0


def needed_fraction_bits(sums: Sums, act: IntFormat) -> int:
    """Return the fewest fraction bits of biases for which their rounding is negligible.

    Sums of narrow weights and activations are small, so one unit of them is a large part of a logit. No fraction bits
    are needed if the rounding of the weights themselves moves a logit further.
    """
    least, most = sums.bounds(act.min, act.max)
    exact = sums.unit_bias
    allowed = FINENESS * (float(np.maximum(most, -least).max()) or float(np.abs(exact).max()))
    allowed = max(allowed, OF_WEIGHTS * sums.value_error / float(sums.unit[0]))
    for bits in range(MOST_FRACTION_BITS):
        scaled = exact * 2.0**bits
        if np.abs(scaled - np.rint(scaled)).max() <= allowed * 2.0**bits:
            return bits
    return MOST_FRACTION_BITS


def round_biases(sums: Sums, fraction_bits: int, name: str) -> tuple[Ints, float]:
    """Return the integer biases, and the most that rounding weights and biases moves a logit, a real value."""
    exact = sums.unit_bias * 2.0**fraction_bits
    bias = to_int64(exact, f"biases of stage {name!r}")
    moved = np.abs(bias - exact) * sums.unit / 2.0**fraction_bits
    return bias, sums.value_error + float(moved.max())
