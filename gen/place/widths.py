"""Bit widths of the weights and the sums of a stage."""

from tospike.gen.quantize.scale import signed_bits
from tospike.hw.params import IntFormat, ceil_div
from tospike.sim.network import Stage
from tospike.sim.network.layers import sum_weights


def weight_bits(stage: Stage) -> int:
    """Return the bits that the stage's weights need: 1 if all are +1 or -1, else as many as in two's complement."""
    weight, _ = sum_weights(stage.synapses)
    weights = (weight, *(() if stage.recurrent is None else (stage.recurrent,)))
    if all((abs(weight) == 1).all() for weight in weights):
        return 1
    return max(2, *(signed_bits(int(end)) for weight in weights for end in (weight.min(), weight.max())))


def accumulator_bits(stage: Stage, activation: IntFormat, fraction_bits: int) -> int:
    """Return the bits that hold every sum and partial sum of this stage, with ``fraction_bits`` and bias."""
    weight, bias = sum_weights(stage.synapses)
    positive, negative = weight.clip(min=0).sum(axis=1), weight.clip(max=0).sum(axis=1)
    high = positive * activation.max + negative * activation.min << fraction_bits
    low = positive * activation.min + negative * activation.max << fraction_bits
    highest = max(int(high.max()), int((high + bias).max()))
    lowest = min(int(low.min()), int((low + bias).min()))
    return max(signed_bits(lowest), signed_bits(highest), activation.bits + max(2, weight_bits(stage)))


def useful_lanes(neurons: int, lanes: int) -> int:
    """Return the fewest lanes that need no more cycles per event than ``lanes``."""
    return ceil_div(neurons, ceil_div(neurons, lanes))
