"""Golden models of neurons, by the class of their parameters; files are named as in `tospike.hw.params.neurons`."""

from tospike.hw.params import (
    CubaLifParams,
    CubaLiParams,
    IfParams,
    IParams,
    LifParams,
    LiParams,
    NeuronParams,
    SlidingParams,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.spiking.neurons.cuba import CubaLi, CubaLif
from tospike.sim.spiking.neurons.integrating import I, If
from tospike.sim.spiking.neurons.leaky import Li, Lif
from tospike.sim.spiking.neurons.model import NeuronModel
from tospike.sim.spiking.neurons.sliding import Sliding
from tospike.sim.spiking.noise import NoiseSource

MODELS: dict[type[NeuronParams], type[NeuronModel]] = {
    IParams: I,
    IfParams: If,
    LiParams: Li,
    LifParams: Lif,
    CubaLiParams: CubaLi,
    CubaLifParams: CubaLif,
    SlidingParams: Sliding,
}


def neuron_model(
    params: NeuronParams, bias: Ints, samples: int, decays: Ints | None = None, noise: NoiseSource | None = None
) -> NeuronModel:
    """Return the neurons of a layer at the start of N ``samples``; parameters as for :class:`NeuronModel`."""
    return MODELS[type(params)](params, bias, samples, decays, noise)
