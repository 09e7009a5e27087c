"""Frames of a sequence as the changes between them."""

import numpy as np

from tospike.sim.arithmetic import Ints


def changes(frames: Ints, threshold: int) -> Ints:
    """Send on delta: 1 or -1 where a value differs by more than ``threshold`` from what it was when last sent, or 0.

    (N, steps, inputs) values to as many payloads.
    """
    return np.sign(differences(frames, threshold))


def differences(frames: Ints, threshold: int) -> Ints:
    """By how much a value differs from what it was when last sent, where that is more than ``threshold``, or 0.

    (N, steps, inputs) values to as many payloads; before the first step all values are 0. The sums of the payloads over
    steps are what was last sent.
    """
    payloads = np.zeros(frames.shape, dtype=np.int64)
    last = np.zeros_like(frames[:, 0])
    for step in range(frames.shape[1]):
        difference = frames[:, step] - last
        payloads[:, step] = difference * (np.abs(difference) > threshold)
        last = last + payloads[:, step]
    return payloads
