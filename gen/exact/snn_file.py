"""The spiking network of an exact pair, as a NIR graph of integers."""

import nir
import numpy as np

from tospike.gen.exact.levels import ExactLayer, ExactLayers
from tospike.gen.exact.options import INPUT_BITS
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.nir.phases import steps_needed
from tospike.gen.nir.write import Nodes, Shape, chain_graph, graph_bytes, synapse_nodes
from tospike.hw.params import Comparison, Encoding, Readout, Reset


def nir_options(exact: ExactLayers) -> NirOptions:
    """Return the options with which the network is the pair of its ANN.

    A membrane starts at theta / 2 and spikes at theta or above, so it spikes floor((V + theta / 2) / theta) times.
    """
    steps = exact.options.steps
    return NirOptions(
        reset=Reset.SUBTRACT,
        comparison=Comparison.AT_LEAST,
        initial=0.5,
        encoding=Encoding.ONCE,
        input_bits=INPUT_BITS,
        input_max=exact.input_unit * exact.options.largest_input,
        firing_steps=steps,
        steps=steps_needed(len(exact.layers) - 1, steps),
        readout=Readout.MEMBRANE,
    )


def snn_bytes(exact: ExactLayers) -> bytes:
    """Return the contents of a NIR file. Other tools read it as a chain of IF neurons, without phases."""
    nodes: Nodes = {"input": nir.Input(np.array(exact.shape))}
    shape = exact.shape
    for layer in exact.layers:
        shape = _add(nodes, layer, shape)
    nodes["output"] = nir.Output(np.array(shape))
    return graph_bytes(chain_graph(nodes, {METADATA_KEY: nir_options(exact).describe()}))


def _add(nodes: Nodes, layer: ExactLayer, shape: Shape) -> Shape:
    """Add a layer, whose neurons have its name, as in the ANN; return the shape of its outputs."""
    nodes |= synapse_nodes(f"{layer.name}_synapses", layer.synapses, shape)
    sent = tuple(layer.synapses.output_shape)
    one = np.ones(sent)
    if layer.threshold is None:
        nodes[layer.name] = nir.I(r=one)
    else:
        nodes[layer.name] = nir.IF(r=one, v_threshold=layer.threshold * one, v_reset=0 * one)
    return sent
