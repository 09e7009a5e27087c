"""Outputs in the order of the network, channel by channel, and in that in which the hardware sends them."""

import numpy as np

from tospike.hw.params import AcceleratorParams
from tospike.sim.network import Array


def as_network(params: AcceleratorParams, sent: Array) -> Array:
    """Return (..., outputs) values by address, as the last engine sends them, by the network's numbers."""
    if params.output_image is None:
        return sent
    return sent[..., np.argsort(params.output_numbers)]


def as_sent(params: AcceleratorParams, values: Array) -> Array:
    """Return the reverse."""
    return values if params.output_image is None else values[..., np.array(params.output_numbers)]
