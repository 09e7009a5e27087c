"""Keep a grid on which weights already lie: if threshold, biases and resets lie on it too, nothing is rounded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.common_step import common_step
from tospike.gen.quantize.leaks import exact_bits, rounding_bits
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.state_unit import FINEST, LARGEST, UNWEIGHTED, Constants
from tospike.hw.params import IntFormat

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class KeptGrid:
    """A weight scale at which all stored values of a layer are integers."""

    step: float
    """Real value of a weight of 1."""
    fraction_bits: int
    """Fraction bits of states, for constants between the weights' levels and for leaks."""


def kept_grid(
    constants: Constants, weights: Floats, payload_unit: float, options: QuantizeOptions
) -> Sequence[KeptGrid]:
    """Return the ways to keep the grid of ``weights``, including recurrent ones, the best first; none if there is no
    grid.

    A threshold that is only compared need not lie on the grid: integers exceed it when they exceed its floor.

    The first way has fraction bits for everything that leaks shift out in all steps, if the hardware has as many: then
    leaks do not round either. The second has as many as weights without a grid would get.
    """
    most = IntFormat(bits=options.weight_bits, signed=True).max
    found = _step(constants, weights, payload_unit, most, options.fraction_bits)
    if found is None:
        return ()
    step, least = found
    unit = step * payload_unit
    if constants.largest * 2**least > LARGEST * unit:
        return ()
    if options.fraction_bits is not None:
        return (KeptGrid(step=step, fraction_bits=options.fraction_bits),)
    bits = [] if (lost := exact_bits(constants.neuron, constants.steps, options)) is None else [least + lost]
    if lost != 0:
        # states no coarser than with weights without a grid
        usual = math.ceil(math.log2(max(1.0, most * step / np.abs(weights).max()))) if weights.any() else 0
        bits.append(max(least, usual, rounding_bits(constants.neuron, unit * constants.drive, options)))
    return tuple(KeptGrid(step=step, fraction_bits=each) for each in bits if each <= FINEST)


def _step(
    constants: Constants, weights: Floats, payload_unit: float, most: int, fraction_bits: int | None
) -> tuple[float, int] | None:
    """Return the weights' step, and the additional fraction bits of the constants."""
    amounts = constants.amounts / payload_unit
    if not weights.any():
        step = common_step([amounts], UNWEIGHTED)  # weights of zero need no bits
        return None if step is None else (step, 0)
    step = common_step([weights], most, unbounded=[amounts])
    if step is not None:
        return step, 0
    step = common_step([weights], most)
    if step is None:
        return None
    finest = FINEST if fraction_bits is None else fraction_bits
    halved = (bits for bits in range(1, finest + 1) if common_step([step / 2**bits], 1, unbounded=[amounts]))
    bits = next(halved, None)
    return None if bits is None else (step, bits)
