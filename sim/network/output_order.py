"""Outputs in the order of the network, channel by channel, and in the order in which the hardware sends them."""

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
