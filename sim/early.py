"""Golden model of ``--decoding early``: the class by spike count, as soon as it can no longer change."""

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints


def deciding_steps(trains: NDArray[np.integer], most: int) -> Ints:
    """Return (N,): the step of (N, steps, neurons) ``trains`` after which the winner is certain.

    The winner has the most spikes, and the lowest number among equals. It is certain when no other neuron could
    overtake it with ``most`` spikes in every remaining step.
    """
    _, steps, neurons = trains.shape
    counts = np.cumsum(trains, axis=1, dtype=np.int64)
    # one number per neuron that ranks it by its count, then by its number, the lower the better
    rank = counts * neurons + (neurons - 1 - np.arange(neurons))
    second, first = np.moveaxis(np.partition(rank, (neurons - 2, neurons - 1), axis=2)[:, :, -2:], 2, 0)
    possible = most * (steps - 1 - np.arange(steps)) * neurons
    return np.argmax(first > second + possible, axis=1)
