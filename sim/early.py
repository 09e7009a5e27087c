"""Golden model of a decision by spike counts that is made as soon as it cannot change any more."""

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints


def deciding_steps(trains: NDArray[np.integer], most: int) -> Ints:
    """Return (N,) steps at whose end the largest count of (N, steps, neurons) spikes is decided, of equals the lowest
    neuron.

    It is once no other neuron could come before the leader with ``most`` spikes in every remaining step.
    """
    _, steps, neurons = trains.shape
    counts = np.cumsum(trains, axis=1, dtype=np.int64)
    # one number that orders neurons by count, of equals the lower one first
    order = counts * neurons + (neurons - 1 - np.arange(neurons))
    second, first = np.moveaxis(np.partition(order, (neurons - 2, neurons - 1), axis=2)[:, :, -2:], 2, 0)
    possible = most * (steps - 1 - np.arange(steps)) * neurons
    return np.argmax(first > second + possible, axis=1)
