"""Current-based neurons: CuBa LIF, and CuBa LI without a threshold."""

from amaranth.hdl import *

from tospike.hw.arithmetic import saturate, shape_of
from tospike.hw.spiking.neurons.cell import difference
from tospike.hw.spiking.neurons.leaky import LeakyNeuron
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron


class CubaNeuron(LeakyNeuron):
    """The synaptic current is the ``state`` and leaks to ``decayed``; the membrane is an auxiliary state::

    state + aux.membrane -> membrane -> spike -> after -> leak -> rounded, + leak_bias -> aux_next.membrane
    """

    def membrane(self, m):
        """Add the current to the membrane, in one cycle."""
        state = self._params.state
        membrane = Signal(shape_of(state))
        total = self.aux.membrane + self.state
        fitting = saturate(total, state)
        later = self.later(m)
        later += [membrane.eq(fitting), self.join_saturated.eq(fitting != total)]
        return membrane

    def advance(self, m, base, amount):
        """Apply the leaks of membrane and current."""
        params = self._params
        leak_bias = C(params.leak_bias, signed(params.state_bits)) if params.leak_bias else None
        membrane = self.decay(
            m, "membrane", base, self.leak(), params.state, difference(leak_bias, amount), flag=self.aux_flag()
        )
        current = self.delayed(m, self.state, 2 + params.extra_cycles)
        bias = self.bias if self._bias else None
        decayed = self.decay(m, "current", current, params.synapse, params.accumulated, bias, flag=self.saturated[0])
        m.d.comb += [self.aux_next.membrane.eq(membrane), self.decayed.eq(decayed)]


class CubaLi(CubaNeuron):
    """No threshold, so a membrane readout."""


class CubaLif(ThresholdNeuron, CubaNeuron):
    """Spike and reset when v > threshold."""
