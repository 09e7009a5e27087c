"""Words of weights, and the beats in which the host streams them in."""

from amaranth.hdl import *
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from tospike.hw.params import ArrayParams, WeightFormat


def weight_beat(fmt: WeightFormat) -> data.StructLayout:
    """Return the layout of a beat of streamed weights; ``last`` ends those of a frame."""
    return data.StructLayout({"word": fmt.beat_bits, "last": 1})


def weight_ports(fmt: WeightFormat | None) -> dict[str, Member]:
    """Return the members of an engine whose weights are streamed in; none if they are on chip.

    ``weights`` takes the beats frame after frame, in the order of use; ``weight_error`` pulses when a frame has too few
    or too many.
    """
    if fmt is None:
        return {}
    return {"weights": In(stream.Signature(weight_beat(fmt))), "weight_error": Out(1)}


def weight_operands(params: ArrayParams, word: Value) -> Value:
    """Return the weights of a word in the format ``params.weight``; this is only wiring.

    Weights of 1 bit are stored as their sign, the upper bit of +1 (0b01) and -1 (0b11).
    """
    if params.weight_bits > 1:
        return word
    return Cat(Cat(C(1, 1), sign) for sign in word)
