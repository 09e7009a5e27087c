"""The sliding parallel spiking neuron (Fang et al. 2023, arXiv:2304.12760)."""

from amaranth.hdl import *

from tospike.hw.arithmetic import saturate
from tospike.hw.params.neurons.sliding import MAX_TAP_SHIFT, NEGATIVE_TAP, NO_TAP
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron


class Sliding(ThresholdNeuron):
    """Add earlier inputs to ``state`` in a binary adder tree, a cycle per level. The next time step begins with the
    bias.

    ::

        input_d, input_2d, ... -> shift, negate -> [register] -> adder tree -> membrane
                                                 only if taps vary
    """

    def membrane(self, m):
        """Return the weighted sum of the inputs, exact until it saturates."""
        params = self._params
        later = self.later(m)
        inputs = [self.aux[f"input_{n}"] for n in range(params.dilation, params.inputs + 1, params.dilation)]
        terms = [self.state]
        if params.varies:
            shifted = [_shifted(value, self.decays[f"tap_{n}"]) for n, value in enumerate(inputs, 1)]
            terms = [self.delayed(m, term, 1) for term in (*terms, *shifted)]
        else:
            fixed = zip(inputs, params.taps, strict=True)
            terms += [_weighted(value, tap) if tap != NO_TAP else C(0, 1) for value, tap in fixed]
        while len(terms) > 1:
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            sums = [pair[0] + pair[1] if len(pair) == 2 else pair[0] for pair in pairs]
            if len(sums) == 1:
                fitting = saturate(sums[0], params.state)
                later += self.join_saturated.eq(fitting != sums[0])
                sums = [fitting]
            terms = [self.delayed(m, value, 1) for value in sums]
        return terms[0]

    def hold(self, m, membrane):
        """Return 0: no membrane persists."""
        return C(0, membrane.shape())

    def advance(self, m, base, amount):
        """Shift the earlier inputs by one."""
        params = self._params
        super().advance(m, base, amount)
        names = [f"input_{n}" for n in range(1, params.inputs + 1)]
        current = self.delayed(m, self.state, 2 + params.extra_cycles)
        earlier = self.delayed(m, Cat(self.aux[name] for name in names), 2 + params.extra_cycles)
        inputs = Mux(self.clear, 0, Cat(current, earlier)[: len(earlier)])
        m.d.comb += Cat(self.aux_next[name] for name in names).eq(self.delayed(m, inputs, 2))


def _weighted(value: Value, tap: int) -> Value:
    """Return an input times the weight of a tap."""
    shifted = value >> (tap & MAX_TAP_SHIFT)
    return -shifted if tap & NEGATIVE_TAP else shifted


def _shifted(value: Value, tap: Value) -> Value:
    """Return the same for a tap that varies."""
    shifted = value >> tap[: MAX_TAP_SHIFT.bit_length()]
    negated = Mux(tap[NEGATIVE_TAP.bit_length() - 1], -shifted, shifted)
    return Mux(tap[NO_TAP.bit_length() - 1], 0, negated)
