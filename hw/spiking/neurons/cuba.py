"""Neurons with a synaptic current: CuBa LIF, and CuBa LI without a threshold."""

from amaranth.hdl import *

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.spiking.neurons.cell import difference
from tospike.hw.spiking.neurons.leaky import LeakyNeuron
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron


class CubaNeuron(LeakyNeuron):
    """The current is the ``state``, and its leak and bias are ``decayed``; the membrane stays in ``aux``::

    state + aux.membrane -> membrane -> spike -> after -> leak -> aux_next.membrane (rounded, + drift)
    """

    def membrane(self, m):
        """A cycle adds the current to it."""
        state = self._params.state
        membrane = Signal(shape_of(state))
        total = self.aux.membrane + self.state
        fitting = saturate(total, state)
        later = self.later(m)
        later += [membrane.eq(fitting), self.joined.eq(fitting != total)]
        return membrane

    def advance(self, m, base, amount):
        """SpikingNeuron and current leak, each on its own."""
        params = self._params
        leak_bias = C(params.leak_bias, signed(params.state_bits)) if params.leak_bias else None
        membrane = self.decay(
            m, "membrane", base, self.leak(), params.state, difference(leak_bias, amount), flag=self.side_flag()
        )
        current = self.delayed(m, self.state, 2 + params.extra_cycles)
        bias = self.bias if self._bias else None
        decayed = self.decay(m, "current", current, params.synapse, params.accumulated, bias, flag=self.saturated[0])
        m.d.comb += [self.aux_next.membrane.eq(membrane), self.decayed.eq(decayed)]


class CubaLi(CubaNeuron):
    """No threshold: a membrane readout."""


class CubaLif(ThresholdNeuron, CubaNeuron):
    """Spike and reset when v > threshold."""
