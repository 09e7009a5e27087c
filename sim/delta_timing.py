"""Exact times of the delta encoder."""

import numpy as np
from numpy.typing import NDArray

from tospike.sim.link import Link

FIRST_OFFER = 4
"""From the cycle that takes the first beat to the one that offers the first change: 1 to the encoder, 3 in it."""


def send_changes(trains: NDArray[np.integer], link: Link) -> None:
    """`tospike.hw.snn.delta.DeltaEncoder` behind `tospike.hw.host.input.DenseInput`, which has a token in every cycle.

    A value takes a cycle, or waits until it is taken.
    """
    samples, steps, inputs = trains.shape
    now = np.full(samples, FIRST_OFFER, dtype=np.int64)  # when the token at `position` comes out
    for step in range(steps):
        events = trains[:, step] != 0
        position = 0
        for address in np.flatnonzero(events.any(axis=0)).tolist():
            some = events[:, address]
            now = now + (address - position)
            taken = link.take_values(now, some.astype(np.int64), np.full_like(now, address))
            now, position = np.where(some, taken, now) + 1, address + 1
        now = link.take_tick(now + (inputs - position)) + 1
    link.take_end(now)
