"""Datapaths of neurons, by parameters. Each module has the same name as in `tospike.hw.params.neurons`."""

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
from tospike.hw.spiking.neurons.cell import Neuron, aux_layout, decay_layout
from tospike.hw.spiking.neurons.cuba import CubaLi, CubaLif
from tospike.hw.spiking.neurons.integrating import I, If
from tospike.hw.spiking.neurons.leaky import Li, Lif
from tospike.hw.spiking.neurons.sliding import Sliding

__all__ = ["DATAPATHS", "Neuron", "aux_layout", "decay_layout", "make_neuron"]

DATAPATHS: dict[type[NeuronParams], type[Neuron]] = {
    IParams: I,
    IfParams: If,
    LiParams: Li,
    LifParams: Lif,
    CubaLiParams: CubaLi,
    CubaLifParams: CubaLif,
    SlidingParams: Sliding,
}


def make_neuron(
    params: NeuronParams, *, bias: bool = False, spikes_again: bool = False, pipelined: bool = True
) -> Neuron:
    """Return the datapath of a neuron; see :class:`Neuron`."""
    return DATAPATHS[type(params)](params, bias=bias, spikes_again=spikes_again, pipelined=pipelined)
