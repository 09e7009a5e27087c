"""Unrolled engines."""

from itertools import pairwise

import numpy as np

from tospike.hw.params import IntFormat, RequantizeParams, UnrolledLayer, UnrolledParams
from tospike.hw.unrolled import layout

U4 = IntFormat(bits=4, signed=False)


def unrolled(
    sizes, *, seed=1, density=0.5, weight_bits=4, act=U4, input_lanes=None, scaled=True, last=True, dsps=0, **knobs
):
    """An engine whose layers have these sizes, with adders for random weights of which ``density`` are not 0."""
    rng = np.random.default_rng(seed)
    requantize = knobs.get("requantize", RequantizeParams())
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        limit = 1 << weight_bits - 1
        weight = rng.integers(-limit, limit, (outputs, inputs)) * (rng.random((outputs, inputs)) < density)
        bias = rng.integers(-limit, limit, outputs)
        shape = layout.shape_of_sums(weight.tolist(), bias.tolist(), act, requantize, weight_bits=weight_bits)
        sends_sums = last and number == len(sizes) - 2
        bits = act.bits + weight_bits + inputs.bit_length() + 1 + requantize.fraction_bits
        layers.append(
            UnrolledLayer(
                inputs=inputs,
                outputs=outputs,
                weight_bits=weight_bits,
                acc_bits=bits,
                terms=shape.terms,
                adders=shape.adders,
                clamp=None if sends_sums else (act.min, act.max),
                shift=0 if sends_sums else 12 + weight_bits + requantize.fraction_bits,
                scaled=scaled and not sends_sums,
                dsps=min(dsps, outputs) if scaled and not sends_sums else 0,
            )
        )
    return UnrolledParams(layers=tuple(layers), act=act, input_lanes=input_lanes or sizes[0], **knobs)
