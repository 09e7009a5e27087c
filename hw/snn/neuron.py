"""One lane's neuron: threshold, reset, leak."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import leak, round_shift, shape_of
from tospike.hw.params import LeakKind, NeuronParams, Reset

LATENCY = 4
"""Cycles from the membrane to the decayed membrane, the register that takes it counted."""


class Neuron(wiring.Component):
    """``spike = membrane > threshold``, then the reset of the same step, then the leak of the next step.

    A pipeline without stalls; each part has its own cycle::

        cycle   0            1               2                3
             membrane ->  spike  ->  after (the reset)  ->  decayed

    Members
    -------
    membrane : In(signed(state_bits))
        Cycle 0: after the step's last addition.
    clear : In(1)
        Cycle 2: the sample ends, ``decayed`` becomes 0.
    spike : Out(1)
        Cycle 1.
    after : Out(signed(state_bits))
        Cycle 2: the membrane after the reset.
    decayed : Out(signed(state_bits))
        Cycle 3: the next step's membrane before bias and events.
    """

    def __init__(self, params: NeuronParams):
        self._params = params
        state = shape_of(params.state)
        super().__init__(
            {
                "membrane": In(state),
                "clear": In(1),
                "spike": Out(1),
                "after": Out(state),
                "decayed": Out(state),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        kind = params.kind
        state = shape_of(params.state)

        # cycle 1
        membrane = Signal(state, reset_less=True)
        m.d.sync += membrane.eq(self.membrane)
        if kind.spikes:
            m.d.sync += self.spike.eq(self.membrane > params.threshold)

        # cycle 2
        after = Signal(state, reset_less=True)
        m.d.sync += after.eq(membrane)
        with m.If(self.spike):
            m.d.sync += after.eq(0 if params.reset is Reset.ZERO else membrane - params.threshold)
        m.d.comb += self.after.eq(after)

        # cycle 3; a product gets a register before it is rounded
        if not kind.leaks:
            decayed = after
        elif params.leak.kind is LeakKind.SHIFT:
            decayed = leak(after, params.leak)
        else:
            decayed = after * params.leak.decay
        held = Signal(decayed.shape(), reset_less=True)
        m.d.sync += held.eq(Mux(self.clear, 0, decayed))
        if kind.leaks and params.leak.kind is LeakKind.MULTIPLY:
            m.d.comb += self.decayed.eq(round_shift(held, params.leak.fraction_bits, params.leak.rounding))
        else:
            m.d.comb += self.decayed.eq(held)
        return m
