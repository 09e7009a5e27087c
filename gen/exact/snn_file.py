"""The spiking network of an exact pair, as a NIR graph of integers."""

import io
from itertools import pairwise

import nir
import numpy as np

from tospike.gen.exact.levels import ExactLayer, ExactLayers
from tospike.gen.exact.options import INPUT_BITS
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.nir.padding import symmetric_padding
from tospike.gen.nir.phases import steps_needed
from tospike.hw.params import Comparison, Encoding, Readout, Reset
from tospike.sim.network import Dense


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
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array(exact.shape))}
    shape = exact.shape
    for layer in exact.layers:
        shape = _add(nodes, layer, shape)
    nodes["output"] = nir.Output(np.array(shape))
    metadata = {METADATA_KEY: nir_options(exact).describe()}
    graph = nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=metadata, type_check=False)
    buffer = io.BytesIO()
    nir.write(buffer, graph, compression=None)  # type: ignore[arg-type]
    return buffer.getvalue()


def _add(nodes: dict[str, nir.NIRNode], layer: ExactLayer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Add a layer, and return the shape of its outputs."""
    synapses = layer.synapses
    if isinstance(synapses, Dense):
        if len(shape) > 1:
            nodes[f"{layer.name}_flatten"] = nir.Flatten(np.array(shape), start_dim=0)  # NIR has no batch axis
        nodes[layer.name] = nir.Affine(synapses.weight.astype(np.float64), synapses.bias.astype(np.float64))
    else:
        nodes[layer.name] = nir.Conv2d(
            input_shape=(shape[1], shape[2]),
            weight=synapses.weight.astype(np.float64),
            stride=synapses.stride,
            padding=symmetric_padding(layer.name, synapses.padding),
            dilation=(1, 1),
            groups=synapses.groups,
            bias=synapses.bias.astype(np.float64),
        )
    sent: tuple[int, ...] = tuple(synapses.output_shape)
    one = np.ones(sent)
    if layer.threshold is None:
        nodes[f"{layer.name}_i"] = nir.I(r=one)
    else:
        nodes[f"{layer.name}_if"] = nir.IF(r=one, v_threshold=layer.threshold * one, v_reset=0 * one)
    return sent
