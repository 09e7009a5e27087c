"""From a word of the weight memory to the operands of the array."""

from amaranth.hdl import *

from tospike.hw.params import ArrayParams


def weight_operands(params: ArrayParams, word: Value) -> Value:
    """Return the weights of a word as the array takes them, ``params.weight`` each, without a gate.

    Weights of 1 bit are stored as their sign, which is the upper bit of +1 (0b01) and of -1 (0b11).
    """
    if params.weight_bits > 1:
        return word
    return Cat(Cat(C(1, 1), sign) for sign in word)
