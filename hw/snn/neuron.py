"""One lane's neuron: threshold, reset, leak."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import leak, round_shift, saturate, shape_of
from tospike.hw.params import LeakKind, NeuronParams, Reset

LATENCY = 4
"""Cycles from the membrane to the decayed membrane."""


class Neuron(wiring.Component):
    """``spike = membrane > threshold``, then the reset of the same step, then the leak and the bias of the next step.

    A pipeline without stalls; each part has its own cycle::

        cycle   0            1               2               3               4
             membrane ->  spike  ->  after (the reset)  ->  leak  ->  decayed (rounded, + bias)

    Members
    -------
    membrane : In(signed(state_bits))
        Cycle 0: after the step's last addition.
    clear : In(1)
        Cycle 2: ``decayed`` starts from 0, because the sample ends or because there is no membrane at all.
    bias : In(signed(state_bits))
        Cycle 3; only with ``bias``.
    spike : Out(1)
        Cycle 1.
    after : Out(signed(state_bits))
        Cycle 1: the membrane after the reset.
    decayed : Out(signed(state_bits))
        Cycle 4: the next step's membrane before the events.
    saturated : Out(1)
        Cycle 4: the sum with the bias did not fit; only with ``bias``.
    """

    def __init__(self, params: NeuronParams, *, bias: bool = False):
        self._params = params
        self._bias = bias
        state = shape_of(params.state)
        members = {
            "membrane": In(state),
            "clear": In(1),
            "spike": Out(1),
            "after": Out(state),
            "decayed": Out(state),
        }
        if bias:
            members |= {"bias": In(state), "saturated": Out(1)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        params = self._params
        kind = params.kind
        state = shape_of(params.state)

        # cycle 1
        membrane = Signal(state, reset_less=True)
        m.d.sync += membrane.eq(self.membrane)
        if kind.spikes:
            above = _above(self.membrane[:-1], params.threshold)
            m.d.sync += self.spike.eq(~self.membrane[-1] & above)

        # cycle 2
        after = Signal(state)
        m.d.comb += self.after.eq(membrane)
        with m.If(self.spike):
            m.d.comb += self.after.eq(0 if params.reset is Reset.ZERO else membrane - params.threshold)
        m.d.sync += after.eq(self.after)

        # cycles 3 and 4: a product is rounded a cycle later, a difference is what it is
        if kind.leaks and params.leak.kind is LeakKind.MULTIPLY:
            product = after * params.leak.decay
            held = Signal(product.shape())
            rounded = round_shift(held, params.leak.fraction_bits, params.leak.rounding)
        else:
            product = leak(after, params.leak) if kind.leaks else after
            rounded = held = Signal(state)
        m.d.sync += held.eq(product)
        with m.If(self.clear):
            m.d.sync += held.eq(0)
        if self._bias:
            total = rounded + self.bias
            decayed = saturate(total, params.state)
            m.d.sync += self.saturated.eq(decayed != total)
        else:
            decayed = rounded
        m.d.sync += self.decayed.eq(decayed)
        return m


def _above(value: Value, limit: int) -> Value:
    """``value > limit``, both unsigned, as a tree of groups of 4 bits: a third of the LUTs of a carry chain."""
    width = len(value)
    if width <= 4:
        return value > (limit & ((1 << width) - 1))
    low = 4
    while low * 4 < width:
        low *= 4
    high_limit = limit >> low
    high, rest = value[low:], value[:low]
    return _above(high, high_limit) | ((high == high_limit) & _above(rest, limit & ((1 << low) - 1)))
