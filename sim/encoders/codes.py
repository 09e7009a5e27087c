"""Codes of values in time other than the deterministic rate code, which is in `tospike.sim.encoders.encoding`.

All but `changes` and `differences` take (N, inputs) integers from 0 to ``2**bits - 1`` and give (N, steps, inputs); a
0 never sends anything.
"""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params.engines.encoder import LFSR_BITS, LFSR_TAP, RANDOM_BITS

Ints = NDArray[np.int64]


def random_numbers(seed: int, count: int) -> Ints:
    """Return (count,) numbers of `RANDOM_BITS` bits: a shift register's lowest bits, as many shifts apart.

    The shift register has `LFSR_BITS` bits, begins with ``seed``, and takes in the exclusive or of its highest bit and
    bit `LFSR_TAP`: the sequence of x**31 + x**28 + 1, which repeats after 2**31 - 1 shifts.
    """
    # b[n] = b[n - 31] ^ b[n - 28]; the register holds the last 31, the newest in bit 0
    bits = np.zeros(LFSR_BITS + RANDOM_BITS * max(0, count - 1), dtype=np.uint8)
    bits[:LFSR_BITS] = [seed >> (LFSR_BITS - 1 - n) & 1 for n in range(LFSR_BITS)]
    lag = LFSR_TAP + 1
    for start in range(LFSR_BITS, len(bits), lag):
        new = slice(start, min(start + lag, len(bits)))
        length = new.stop - start
        bits[new] = bits[start - LFSR_BITS :][:length] ^ bits[start - lag :][:length]
    windows = np.lib.stride_tricks.sliding_window_view(bits, RANDOM_BITS)[LFSR_BITS - RANDOM_BITS :: RANDOM_BITS]
    return windows[:count].astype(np.int64) @ (1 << np.arange(RANDOM_BITS - 1, -1, -1))


def stochastic_spikes(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Encode by random rates: a spike where the value is above a random number of as many bits.

    Each sample begins the sequence anew; it has a number for each step and each value that is not 0, in that order.
    """
    present = values > 0
    counts = present.sum(axis=1)
    numbers = random_numbers(seed, steps * int(counts.max(initial=0))) & ((1 << bits) - 1)
    ranks = np.cumsum(present, axis=1) - 1
    place = np.arange(steps)[None, :, None] * counts[:, None, None] + ranks[:, None, :]
    if numbers.size == 0:
        return np.zeros(place.shape, dtype=np.int64)
    return (present[:, None, :] & (values[:, None, :] > numbers[np.maximum(place, 0)])).astype(np.int64)


def ttfs_spikes(values: Ints, steps: int, bits: int) -> Ints:
    """Encode by the time to the first spike: a value x spikes once, in step ``floor((2**bits - 1 - x) * steps /
    2**bits)``."""
    when = (((1 << bits) - 1 - values) * steps) >> bits
    return ((values > 0)[:, None, :] & (when[:, None, :] == np.arange(steps)[None, :, None])).astype(np.int64)


def phase_payloads(values: Ints, steps: int, bits: int) -> Ints:
    """Send the bits of the value, the highest first, over and over: the payload is the bit's weight."""
    masks = 1 << (bits - 1 - np.arange(steps) % bits)
    return values[:, None, :] & masks[None, :, None]


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
