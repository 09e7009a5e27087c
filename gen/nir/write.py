"""Write a chain of layers as a NIR graph."""

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import nir
import numpy as np

from tospike.hw.params import InputError
from tospike.sim.network import Conv2d, Dense

Shape = tuple[int, ...]
Nodes = dict[str, nir.NIRNode]


def synapse_nodes(
    name: str, synapses: Dense | Conv2d, arriving: Shape, *, weight_factor: float = 1.0, bias_factor: float = 1.0
) -> Nodes:
    """Return the nodes of a layer's synapses, in order.

    Parameters
    ----------
    name
        Of the layer.
    synapses
        Its weights and biases, which are multiplied by the factors.
    arriving
        Shape of its input: an image is flattened before dense synapses.

    Raises
    ------
    InputError
        NIR cannot express the padding.
    """
    weight, bias = synapses.weight * weight_factor, synapses.bias * bias_factor
    if isinstance(synapses, Conv2d):
        node = nir.Conv2d(
            input_shape=(arriving[1], arriving[2]),
            weight=weight,
            stride=synapses.stride,
            padding=symmetric_padding(name, synapses.padding),
            dilation=(1, 1),
            groups=synapses.groups,
            bias=bias,
        )
        return {name: node}
    # NIR's shapes have no batch axis
    flat: Nodes = {f"{name}_flatten": nir.Flatten(np.array(arriving), start_dim=0)} if len(arriving) > 1 else {}
    return flat | {name: nir.Affine(weight, bias)}


def chain_graph(nodes: Nodes, metadata: Mapping[str, Any]) -> nir.NIRGraph:
    """Return the graph of nodes in a chain."""
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=dict(metadata), type_check=False)


def graph_bytes(graph: nir.NIRGraph) -> bytes:
    """Return the contents of a NIR file."""
    buffer = io.BytesIO()
    nir.write(buffer, graph, compression=None)  # type: ignore[arg-type]
    return buffer.getvalue()


def symmetric_padding(name: str, padding: Sequence[int]) -> tuple[int, int]:
    """Return the padding above and left of a stage's images, which must be that on the opposite sides.

    Raises
    ------
    InputError
        It is not, and NIR cannot express it.
    """
    top, left, bottom, right = padding
    if (top, left) != (bottom, right):
        raise InputError(
            f"stage {name!r} is padded by {top} above and {bottom} below, {left} left and {right} right, which NIR "
            "cannot express: train it with equal padding on opposite sides"
        )
    return top, left
