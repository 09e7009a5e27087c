"""Unpacking of words of the weight memory."""

from amaranth.hdl import *

from tospike.hw.params import ArrayParams


def weight_operands(params: ArrayParams, word: Value) -> Value:
    """Return the weights of a word in the format ``params.weight``; this is only wiring.

    Weights of 1 bit are stored as their sign, the upper bit of +1 (0b01) and -1 (0b11).
    """
    if params.weight_bits > 1:
        return word
    return Cat(Cat(C(1, 1), sign) for sign in word)
