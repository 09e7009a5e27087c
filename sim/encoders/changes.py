"""Send on delta: the changes between the frames of a sequence."""

import numpy as np

from tospike.sim.arithmetic import Ints


def changes(frames: Ints, threshold: int) -> Ints:
    """Return the signs, 1, -1 or 0, of `differences`: payloads of shape (N, steps, inputs)."""
    return np.sign(differences(frames, threshold))


def differences(frames: Ints, threshold: int) -> Ints:
    """Return how far each value is from the one last sent, if by more than ``threshold``, else 0.

    Values and payloads have shape (N, steps, inputs). Before the first step, all values are 0. The value last sent is
    the sum of the payloads so far.
    """
    payloads = np.zeros(frames.shape, dtype=np.int64)
    last = np.zeros_like(frames[:, 0])
    for step in range(frames.shape[1]):
        difference = frames[:, step] - last
        payloads[:, step] = difference * (np.abs(difference) > threshold)
        last = last + payloads[:, step]
    return payloads
