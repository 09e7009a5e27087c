"""Outputs in the order of the network, channel by channel, and in that in which hardware sends them; their class."""

import numpy as np

from tospike.hw.params import AcceleratorParams
from tospike.sim.network import Array


def as_network(params: AcceleratorParams, sent: Array) -> Array:
    """Reorder (..., outputs) values from the last engine's addresses to the network's output numbers."""
    if params.output_image is None:
        return sent
    return sent[..., np.argsort(params.output_numbers)]


def as_sent(params: AcceleratorParams, values: Array) -> Array:
    """Reorder (..., outputs) values from the network's output numbers to the last engine's addresses."""
    return values if params.output_image is None else values[..., np.array(params.output_numbers)]


def predicted(outputs: Array) -> Array:
    """Return (N,) the class of (N, outputs): the index of the largest output, the lowest if several are equal. A single
    output decides by its sign: class 1 if it is above 0, else 0."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    return np.argmax(outputs, axis=1)
