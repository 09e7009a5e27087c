"""Quantised networks of dense layers, by their sizes."""

from itertools import pairwise

from tospike.gen.emit.random_design import random_design
from tospike.hw.params import AcceleratorParams, ArrayParams, DenseLayer, IntFormat, SystolicParams


def network(*sizes, bits=8):
    """A chain of dense layers."""
    act = IntFormat(bits=bits, signed=False)
    array = ArrayParams(rows=1, cols=1, act=act, weight_bits=bits, acc_bits=28)
    clamps = [(0, act.max)] * (len(sizes) - 2) + [None]
    layers = tuple(
        DenseLayer(rows=1, inputs=a, outputs=b, clamp=clamp)
        for (a, b), clamp in zip(pairwise(sizes), clamps, strict=True)
    )
    params = AcceleratorParams(name="net", engines=(SystolicParams(array=array, layers=layers),))
    return random_design(params, seed=1).network
