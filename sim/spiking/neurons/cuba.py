"""Neurons with a synaptic current: CuBa LIF, and CuBa LI without a threshold."""

from tospike.hw.params import CubaLifParams, CubaLiParams
from tospike.hw.params.neurons.cuba import CubaParams
from tospike.sim.arithmetic import Ints, leak
from tospike.sim.spiking.neurons.firing import FiringModel
from tospike.sim.spiking.neurons.leaky import LeakyModel


class CubaModel(LeakyModel):
    """``i <- leak_synapse(i) + I``, then ``v <- leak(v) + leak_bias + i``; events are added to the current i."""

    params: CubaParams

    def membrane(self, total: Ints) -> Ints:
        """Integrate the current: ``v <- v + i``."""
        return self.add(self.aux["membrane"], total, self.params.state)

    def advance(self, base: Ints, amount: Ints | int, total: Ints) -> None:
        """Leak the membrane and the current, each by its own decay."""
        params = self.params
        self.aux["membrane"] = self.add(self.leak(base) - amount, params.leak_bias, params.state)
        current = leak(total, params.synapse, self.decays.get("current"))
        self.start = self.add(current, self.bias, params.accumulated)


class CubaLi(CubaModel):
    """CuBa LI, without a threshold: for membrane readouts."""

    params: CubaLiParams


class CubaLif(FiringModel, CubaModel):
    """CuBa LIF: spike and reset when v > threshold."""

    params: CubaLifParams
