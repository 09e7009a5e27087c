"""Pseudo-random numbers from a linear-feedback shift register."""

import numpy as np

from tospike.hw.params.engines.encoder import LFSR_BITS, LFSR_TAP, RANDOM_BITS
from tospike.sim.arithmetic import Ints


def random_numbers(seed: int, count: int) -> Ints:
    """Return (count,) numbers of `RANDOM_BITS` bits: the lowest bits of the LFSR, every `RANDOM_BITS` shifts.

    The LFSR has `LFSR_BITS` bits, starts at ``seed``, and shifts in the exclusive or of its highest bit and bit
    `LFSR_TAP`: the sequence of x**31 + x**28 + 1, whose period is 2**31 - 1.
    """
    # b[n] = b[n - 31] ^ b[n - 28]; the LFSR holds the last 31 bits, the newest in bit 0
    bits = np.zeros(LFSR_BITS + RANDOM_BITS * max(0, count - 1), dtype=np.uint8)
    bits[:LFSR_BITS] = [seed >> (LFSR_BITS - 1 - n) & 1 for n in range(LFSR_BITS)]
    lag = LFSR_TAP + 1
    for start in range(LFSR_BITS, len(bits), lag):
        new = slice(start, min(start + lag, len(bits)))
        length = new.stop - start
        bits[new] = bits[start - LFSR_BITS :][:length] ^ bits[start - lag :][:length]
    windows = np.lib.stride_tricks.sliding_window_view(bits, RANDOM_BITS)[LFSR_BITS - RANDOM_BITS :: RANDOM_BITS]
    return windows[:count].astype(np.int64) @ (1 << np.arange(RANDOM_BITS - 1, -1, -1))
