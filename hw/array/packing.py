"""Two products with a common factor from one multiplier, by operand packing."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.delay import delayed
from tospike.hw.multiply import Multiplier
from tospike.hw.params import ArrayParams, packing_shift


def pair_layout(params: ArrayParams) -> data.StructLayout:
    """Return the layout of two weights that share a multiplier: ``low``, and the other one, less 1 if ``low`` is
    negative."""
    weight = shape_of(params.weight)
    return data.StructLayout({"low": weight, "rest": signed(weight.width + 1)})


def pair_weights(params: ArrayParams, low, high) -> Value:
    """Return two weights in a `pair_layout`: the only logic that packing needs before the multiplier."""
    return Value.cast(Cat(low, (high - low[-1])[: len(high) + 1]))


class PackedMultiplier(wiring.Component):
    """The products of ``act`` with both weights of a pair. Latency 1 + ``params.product_registers``, throughput 1.

    ::

        operand = | rest | low, sign-extended to k bits |            k: `tospike.hw.params.packing_shift`
        product = | above |          below              |

    Members
    -------
    act : In(shape_of(params.act))
    pair : In(pair_layout(params))
    low : Out(signed(k + 1))
        The product of the low weight.
    above, carry : Out
        Their sum is the product of the other weight; the adder that follows takes ``carry`` at no cost.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        shift = packing_shift(params.act, params.weight)
        assert shift is not None  # ArrayParams has checked it
        self._shift = shift
        super().__init__(
            {
                "act": In(shape_of(params.act)),
                "pair": In(pair_layout(params)),
                "low": Out(signed(shift + 1)),
                "above": Out(signed(params.act.bits + params.weight.bits + 1)),
                "carry": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, shift = self._params, self._shift
        operand = Cat(extended(self.pair.low, shift), self.pair.rest)
        tight = shift < params.act.bits + params.weight.bits
        late = int(tight and params.product_registers > 1)  # the last register follows the logic
        m.submodules.multiplier = multiplier = Multiplier(
            shape_of(params.act),
            signed(len(operand)),
            registers=params.product_registers - late,
            primitives=params.primitives,
        )
        below, above = multiplier.product[:shift], multiplier.product[shift:]
        negative = below[-1]
        if tight:
            negative = negative & below[:-1].any()  # otherwise it is the one product that overflows
        low, above, carry = (
            delayed(m, value, late, name=name, reset_less=True)
            for name, value in (("low", Cat(below, negative)), ("above", above), ("carry", negative))
        )
        m.d.comb += [
            multiplier.a.eq(self.act),
            multiplier.b.eq(operand.as_signed()),
            self.low.eq(low),
            self.above.eq(above),
            self.carry.eq(carry),
        ]
        return m
